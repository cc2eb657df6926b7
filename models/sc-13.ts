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
 * - SC-13/unsanitised: of v4 only that an invalid STE keeps the host's words. Expected: all hold (D-27).
 * - SC-13/believes-host: of v4 only that TLBIs follow the host's SMMUEN. Expected: I-1, I-7.
 */
import { int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  eventsGoToPinnedHostPages,
  everyHypercallCanReturn,
  everyHypercallReturns,
  hostCpusReachHostPages,
  hostDevicesReachHostPages,
  liveStesNameEl2sTable,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  nothingBypassesNesting,
  pageStatesAreLegal,
  queueDrains,
  stesNameTheIdmap,
  untrustedWordsAreReadOnce,
} from '../src/invariants/index.js';
import {
  mirroredStage2,
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
import type { Defect } from './defect.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs'),
  devices: int(1, 1, 2, 'devices, each with a StreamID of its own'),
  pages: int(2, 1, 3, 'RAM pages'),
};
type Scope = ScopeOf<typeof scope>;
type Design = RegisterDesign & ShadowDesign;

/** Declares the whole scenario. Returns the components, for tests. */
export function declare(m: Builder, sizes: Scope, design: Design) {
  // Two tables have names: EL2's identity map, and whatever the host puts into an STE.
  const all = parts({ ...sizes, smmus: 1, domains: 2, iovas: sizes.pages });
  const [id, hosts] = all.domain.values;
  const pages = pageOwnership(m, all, 1);
  const stage2 = mirroredStage2(m, all, pages);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const registers = teRegisters(m, all, pages, design);
  const hw = nestedSmmu(m, all, tables, streams, registers, id, 4);
  const driver = teDriver(m, all, pages, tables, streams, hw, registers, id);
  const commands = teCommands(all, pages, streams, hw, driver, id, hosts, design);
  const own = idmapOwnership(m, pages, stage2, driver.update);
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
  nothingBypassesNesting(m, system, registers); // I-4
  hostCpusReachHostPages(m, system, stage2); // I-6
  newOwnersPagesAreOutOfReach(m, system); // I-7
  eventsGoToPinnedHostPages(m, system, registers); // I-9
  pageStatesAreLegal(m, system, true); // I-15
  stesNameTheIdmap(m, system, { id }); // P-2
  untrustedWordsAreReadOnce(m); // P-9
  el2NeverPanics(m, system); // P-14
  queueDrains(m, hw); // V-6
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
  return { ...system, id };
}

export const repaired: Design = {
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
  build: (m, sizes) => void declare(m, sizes, repaired),
});

const violated: Expected = 'violated';

const sc13V4 = model({
  name: 'SC-13/v4',
  title: 'the same as published in v4: words over a live STE, no filter, no check of EVTQ_BASE',
  scope: { ...scope, pages: int(1, 1, 3, 'RAM pages') },
  build: (m, sizes) =>
    void declare(m, sizes, {
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

const sc13Unsanitised = model({
  name: 'SC-13/unsanitised',
  title: 'the repaired order of writes, but an STE that does not translate keeps the host’s words (D-27)',
  scope: { ...scope, pages: int(1, 1, 3, 'RAM pages') },
  build: (m, sizes) => void declare(m, sizes, { ...repaired, copiesWords: true }),
});

const sc13BelievesHost = model({
  name: 'SC-13/believes-host',
  title: 'only this of v4: no TLBI while the host has its SMMUEN cleared',
  scope: { ...scope, pages: int(1, 1, 3, 'RAM pages') },
  build: (m, sizes) => void declare(m, sizes, { ...repaired, believesHost: true }),
  expected: () => ({ 'I-1': violated, 'I-7': violated }),
});

export default [sc13, sc13V4, sc13Unsanitised, sc13BelievesHost];

const small = { pages: 1 };
const writesLive = ['drop clear-STE-word-0', 'drop sync-invalid', 'drop sync-words-1..7'];

export const defects: readonly Defect[] = [
  {
    id: 'D-26',
    what: 'no TLBI_NH_ALL: combined entries survive a donation',
    model: 'SC-13',
    scope: small,
    edits: ['drop __pkvm_host_donate_hyp/TLBI_NH_ALL'],
    violates: { 'I-1': 33, 'I-7': 33 },
    brief: ['I-1'],
    macro: { here: 9, brief: 2 },
    note: 'the re-shadow, with two syncs, comes first: the brief starts with a cached entry',
  },
  {
    id: 'D-27',
    what: 'an invalid STE keeps the host’s words, and words are written over a live one',
    model: 'SC-13/unsanitised',
    edits: writesLive,
    violates: { 'I-3': 8, 'P-2': 8, 'I-1': 21 },
    brief: ['P-2', 'I-3'],
    macro: { here: 1, brief: 2 },
    note: 'the host’s words alone break nothing while word 0 is invalid first: SC-13/unsanitised holds',
  },
  {
    id: 'W-05',
    what: 'words are written over a live STE; they are zeroes, or EL2’s own',
    model: 'SC-13',
    scope: small,
    edits: writesLive,
    violates: { 'I-3': 8, 'P-2': 8, 'I-1': 21 },
    brief: ['P-2'],
  },
  {
    id: 'D-28',
    what: 'a host command is read again after the filter',
    model: 'SC-13',
    scope: small,
    edits: ['reread copy-command'],
    violates: { 'P-9': 4, 'V-6': 8, 'P-14': 8 },
    brief: ['I-1', 'P-9'],
    macro: { here: 1, brief: 1 },
    note: 'not I-1: no command that the SMMU knows adds anything to what a device may reach',
  },
  {
    id: 'W-31',
    what: 'a host STE is read again after the check',
    model: 'SC-13',
    scope: small,
    edits: ['reread copy-host-STE'],
    violates: { 'P-9': 7, 'I-3': 20, 'P-2': 20, 'I-1': 33, 'I-7': 36 },
    brief: ['P-9'],
  },
  {
    id: 'D-29',
    what: 'EVTQ_BASE is not checked, its page neither shared nor pinned',
    model: 'SC-13',
    scope: small,
    edits: ['pass write-EVTQ_BASE/host-owns-page', 'drop share-page', 'drop pin-page'],
    violates: { 'I-9': 9 },
    brief: ['I-9'],
    macro: { here: 2, brief: 3 },
    note: 'the fault that makes the SMMU write is not a step: an enabled queue counts as written',
  },
  {
    id: 'W-14',
    what: 'a pinned page is unshared, and then donated',
    model: 'SC-13',
    scope: small,
    edits: ['pass __pkvm_host_unshare_hyp/ref-is-0'],
    violates: { 'I-9': 27 },
    brief: ['I-9'],
  },
  {
    id: 'D-30',
    what: 'an unknown opcode is forwarded: the queue stops, and EL2’s own commands with it',
    model: 'SC-13',
    scope: small,
    edits: ['pass opcode-is-known'],
    violates: { 'V-6': 7, 'P-14': 7 },
    brief: ['V-6', 'P-14'],
    macro: { here: 2, brief: 2, of: 'P-14' },
  },
  {
    id: 'v4: VMID filter',
    what: 'TLBIs of any VMID are forwarded',
    model: 'SC-13',
    scope: small,
    edits: ['pass VMID-is-0'],
    violates: {},
    brief: [],
    note: 'an invalidation takes away only: no property breaks',
  },
  {
    id: 'v4: host SMMUEN',
    what: 'no TLBI while the host has its SMMUEN cleared; the real one is set',
    model: 'SC-13/believes-host',
    edits: [],
    violates: { 'I-1': 28, 'I-7': 28 },
    brief: ['I-1'],
  },
  {
    id: 'CR0 and GBPA',
    what: 'neither is forced',
    model: 'SC-13',
    scope: small,
    edits: ['pass SMMUEN-stays-set', 'pass ABORT-stays-set'],
    violates: { 'I-4': 8, 'I-1': 21, 'I-7': 21 },
    brief: ['I-4'],
  },
  {
    id: 'host stage 2',
    what: 'a host STE with a stage 2 of its own is taken as it is',
    model: 'SC-13',
    scope: small,
    edits: ['pass host-has-no-stage-2'],
    violates: { 'I-3': 19, 'P-2': 19, 'I-1': 32, 'I-7': 35 },
    brief: ['I-3'],
  },
];
