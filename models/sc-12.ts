/**
 * SC-12, IDMAP donate: the hypervisor's ops implement identity mapping for the IOMMU page tables (S2:12-13).
 *
 * Two host CPUs donate pages to EL2 and to a guest and get them back, touch pages, enable and disable devices, while the
 * snapshot of the host's stage-2 is taken. All devices share one identity stage-2 under VMID 0. IDMAP design (v3): B2 with
 * its micro-steps, B5, B7. Windows: W-13 (CPU unmap … identity map unmapped and synced), W-17 (STE live … snapshot done),
 * W-29 (enable and disable on two SMMUs). Defects: D-24, D-25, D-39.
 *
 * Default scope: 2 CPUs, 1 SMMU, 1 device, 2 pages, the snapshot still to be taken. Nightly: `pages=3`, and
 * `smmus=2,devices=2`.
 * - SC-12: the flag follows the result, no static locals, the second half of an STE waits for the sync. Expected: all hold.
 * - SC-12/v3: as published. Expected: I-1, I-7 and mirror from the flag (D-24); with two SMMUs also W-29.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  everyHypercallCanReturn,
  hostDevicesReachHostPages,
  hostMapsOnlyItsPages,
  idmapMirrorsHostStage2,
  newOwnersPagesAreOutOfReach,
  pageStatesAreLegal,
  stesNameTheIdmap,
} from '../src/invariants/index.js';
import {
  el2Driver,
  hostStage2,
  idmap,
  idmapDevices,
  idmapOwnership,
  ioPageTable,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  type DeviceDesign,
  type IdmapDesign,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';

const scope = (pages: number, devices: number, timeouts: boolean) => ({
  cpus: int(2, 1, 3, 'host CPUs issuing hypercalls'),
  smmus: int(devices, 1, 2, 'SMMUs'),
  devices: int(devices, 1, 2, 'devices, each with a StreamID of its own'),
  pages: int(pages, 1, 3, 'RAM pages'),
  timeouts: flag(timeouts, 'the wait between the two halves of an STE may give up'),
});
type Scope = ScopeOf<ReturnType<typeof scope>>;

/** `fewer`: only what W-29 needs. */
function declare(m: Builder, sizes: Scope, design: IdmapDesign & DeviceDesign, fewer = false): void {
  const all = parts({ ...sizes, domains: 1, iovas: sizes.pages });
  const pages = pageOwnership(m, all, 0);
  const stage2 = hostStage2(m, all, pages);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const map = idmap(m, all, pages, stage2, tables, hw, driver, design);
  const own = idmapOwnership(m, all, pages, stage2, map.update);
  const { enableDev, disableDev } = idmapDevices(m, all, streams, hw, driver, map, sizes.timeouts, design);
  const ownership = [own.hypDonateHost, own.donateGuest, own.reclaimPageGuest, stage2.hostMemAbort];
  const hypercalls = [own.donateHyp, enableDev, ...(fewer ? [] : [map.snapshot, ...ownership, disableDev])];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  const system = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  hostMapsOnlyItsPages(m, system, stage2); // I-6
  newOwnersPagesAreOutOfReach(m, system); // I-7
  pageStatesAreLegal(m, system, true); // I-15
  stesNameTheIdmap(m, system, map); // P-2
  if (!fewer) idmapMirrorsHostStage2(m, system, stage2, map);
  everyHypercallCanReturn(m, system); // wedge
}

const sc12 = model({
  name: 'SC-12',
  title: 'IDMAP donate: the identity map follows every change of ownership',
  scope: scope(2, 1, false),
  build: (m, sizes) => declare(m, sizes, { invertsResult: false, staticPointer: false, ignoresSync: false }),
});

const violated: Expected = 'violated';

const sc12V3 = model({
  name: 'SC-12/v3',
  title: 'the same as published: inverted flag (D-24), static locals (W-29), an ignored sync',
  scope: scope(1, 1, true),
  build: (m, sizes) => declare(m, sizes, { invertsResult: true, staticPointer: true, ignoresSync: true }),
  // With two SMMUs W-29 alone breaks P-2.
  expected: ({ timeouts, smmus, devices, cpus }): Record<string, Expected> => ({
    'I-1': violated,
    'I-7': violated,
    ...(timeouts || (cpus > 1 && Math.min(smmus, devices) > 1) ? { 'P-2': violated } : {}),
  }),
});

const sc12Static = model({
  name: 'SC-12/static',
  title: 'only the static locals of v3: enable_dev on two SMMUs (W-29)',
  scope: scope(1, 2, false),
  build: (m, sizes) => declare(m, sizes, { invertsResult: false, staticPointer: true, ignoresSync: false }, true),
  expected: ({ smmus, devices, cpus }): Record<string, Expected> =>
    cpus > 1 && Math.min(smmus, devices) > 1 ? { 'I-1': violated, 'I-7': violated, 'P-2': violated } : {},
});

export default [sc12, sc12V3, sc12Static];
