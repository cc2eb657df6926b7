/**
 * SC-13, TE nested: EL2 keeps its own sanitised shadow state (S3:104).
 *
 * The host runs its own SMMUv3 driver against registers that trap. EL2 shadows the stream table, filters the host's
 * commands, and adds its own stage-2 below the host's stage-1. One host CPU writes registers, has commands in its queue
 * and STEs in its memory as it likes, and donates pages. TE design (v4 and later): B2 with its micro-steps, B6, B7 with
 * combined TLB entries. Windows: W-05 (STE words written … fetched), W-14, W-31 (host memory read … used).
 * Defects: D-26..D-30.
 *
 * Default scope: 1 CPU, 1 SMMU, 1 device, 2 pages. Nightly: `devices=2`, `cpus=2,pages=1`.
 * - SC-13: the repaired design. Expected: all hold.
 * - SC-13/v4: as published at the time. Expected: I-1, I-3, I-7, I-9, P-2, P-14, V-6 are violated.
 */
import { int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  eventsGoToPinnedHostPages,
  everyHypercallCanReturn,
  hostDevicesReachHostPages,
  hostMapsOnlyItsPages,
  liveStesNameEl2sTable,
  newOwnersPagesAreOutOfReach,
  nothingPassesUntranslated,
  pageStatesAreLegal,
  queueCanAlwaysDrain,
  stesNameTheIdmap,
  untrustedWordsAreReadOnce,
} from '../src/invariants/index.js';
import {
  hostStage2,
  idmapOwnership,
  ioPageTable,
  nestedSmmu,
  pageOwnership,
  parts,
  streamTable,
  teCommands,
  teDriver,
  teRegisters,
  type RegisterDesign,
  type ShadowDesign,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs'),
  devices: int(1, 1, 2, 'devices, each with a StreamID of its own'),
  pages: int(2, 1, 3, 'RAM pages'),
};
type Scope = ScopeOf<typeof scope>;
type Design = RegisterDesign & ShadowDesign;

function declare(m: Builder, sizes: Scope, design: Design): void {
  // Two tables have names: EL2's identity map, and whatever the host puts into an STE.
  const all = parts({ ...sizes, smmus: 1, domains: 2, iovas: sizes.pages });
  const [id, hosts] = all.domain.values;
  const pages = pageOwnership(m, all, 1);
  const stage2 = hostStage2(m, all, pages);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const registers = teRegisters(m, all, pages, design);
  const hw = nestedSmmu(m, all, tables, streams, registers, id, 4);
  const driver = teDriver(m, all, pages, tables, streams, hw, registers, id);
  const commands = teCommands(all, pages, streams, hw, driver, id, hosts, design);
  const own = idmapOwnership(m, all, pages, stage2, driver.update);
  const traps = [registers.writeCr0, registers.writeGbpa, registers.writeEvtqBase];
  const queue = [commands.writeProd, commands.writeGerrorn];
  const hypercalls = [own.donateHyp, ...(design.evtqUnchecked ? [] : [own.hypDonateHost, pages.unshareHyp])];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, [...queue, ...traps, ...hypercalls]);
  m.start([tables.table(id), tables.Table.make((x) => tables.Pte.make.V(all.page.of(x)))]);

  m.assume('B7', 'caches may hold whatever some prefetch schedule allows (may-cache closure): exact for safety only');
  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');
  m.assume('TE-queues', 'EL2’s own queues and shadow tables are in EL2’s memory, and sized by EL2');

  const system = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  liveStesNameEl2sTable(m, system, id); // I-3
  nothingPassesUntranslated(m, system, registers); // I-4
  hostMapsOnlyItsPages(m, system, stage2); // I-6
  newOwnersPagesAreOutOfReach(m, system); // I-7
  eventsGoToPinnedHostPages(m, system, registers); // I-9
  pageStatesAreLegal(m, system, true); // I-15
  stesNameTheIdmap(m, system, { id }); // P-2
  untrustedWordsAreReadOnce(m); // P-9
  el2NeverPanics(m, system); // P-14
  queueCanAlwaysDrain(m, hw); // V-6
  everyHypercallCanReturn(m, system); // wedge
}

const repaired: Design = {
  evtqUnchecked: false,
  believesHost: false,
  copiesWords: false,
  writesLive: false,
  forwardsAll: false,
};

const sc13 = model({
  name: 'SC-13',
  title: 'TE nested: the host drives the SMMU through shadows that EL2 has checked',
  scope,
  build: (m, sizes) => declare(m, sizes, repaired),
});

const violated: Expected = 'violated';

const sc13V4 = model({
  name: 'SC-13/v4',
  title: 'the same as published in v4: words over a live STE, no filter, no check of EVTQ_BASE',
  scope: { ...scope, pages: int(1, 1, 3, 'RAM pages') },
  build: (m, sizes) =>
    declare(m, sizes, {
      evtqUnchecked: true,
      believesHost: true,
      copiesWords: true,
      writesLive: true,
      forwardsAll: true,
    }),
  expected: () => ({
    'I-1': violated,
    'I-3': violated,
    'I-7': violated,
    'I-9': violated,
    'P-2': violated,
    'P-14': violated,
    'V-6': violated,
  }),
});

export default [sc13, sc13V4];
