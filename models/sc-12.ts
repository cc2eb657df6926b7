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
  everyHypercallReturns,
  hostCpusReachHostPages,
  hostDevicesReachHostPages,
  idmapMirrorsMirroredStage2,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  pageStatesAreLegal,
  stesNameTheIdmap,
} from '../src/invariants/index.js';
import {
  el2Driver,
  mirroredStage2,
  idmap,
  idmapDevices,
  idmapOwnership,
  idmapSnapshot,
  ioPageTable,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  type DeviceDesign,
  type IdmapDesign,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';
import type { Defect } from './defect.js';

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
  const stage2 = mirroredStage2(m, all, pages);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const map = idmap(m, all, tables, hw, driver);
  const snapshot = idmapSnapshot(all, pages, stage2, tables, map, design);
  const own = idmapOwnership(m, pages, stage2, map.update);
  const { enableDev, disableDev } = idmapDevices(m, all, streams, driver, map, sizes.timeouts, design);
  const ownership = [own.hypDonateHost, own.donateGuest, own.reclaimPageGuest, stage2.hostMemAbort];
  const hypercalls = [own.donateHyp, enableDev, ...(fewer ? [] : [snapshot, ...ownership, disableDev])];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  m.assume('B7', 'caches may hold whatever some prefetch schedule allows (may-cache closure): exact for safety only');
  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');

  const system = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  hostCpusReachHostPages(m, system, stage2); // I-6
  newOwnersPagesAreOutOfReach(m, system); // I-7
  pageStatesAreLegal(m, system, true); // I-15
  stesNameTheIdmap(m, system, map); // P-2
  if (!fewer) idmapMirrorsMirroredStage2(m, system, stage2, map);
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
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

const small = { pages: 1 };

export const defects: readonly Defect[] = [
  {
    id: 'D-24',
    what: 'the flag is never set: no change of ownership reaches the identity map',
    model: 'SC-12',
    scope: small,
    edits: ['drop set-kvm_idmap_initialized'],
    violates: { 'I-1': 18, 'I-7': 18 },
    brief: ['I-1'],
    macro: { here: 5, brief: 2 },
    note: 'the snapshot, enable_dev and its two commands come before the donation; the brief starts behind them',
  },
  {
    id: 'D-25',
    what: 'the guest gets the page before the identity map loses it',
    model: 'SC-12',
    scope: small,
    edits: ['move map-in-guest-stage-2 before __pkvm_host_donate_guest/kvm_iommu_host_stage2_idmap'],
    violates: { 'I-7': 18 },
    brief: ['I-7'],
    macro: { here: 5, brief: 3 },
  },
  {
    id: 'D-39',
    what: 'no host_mmu.lock around the two updates of a return to the host',
    model: 'SC-12',
    scope: small,
    edits: ['unlock __pkvm_hyp_donate_host/host_mmu.lock'],
    violates: { 'I-1': 22, 'I-6': 10, 'I-7': 45, mirror: 13 },
    brief: ['I-1'],
    macro: { here: 6, brief: 4 },
    note: 'pkvm_pgd_lock still keeps donate_hyp out: the snapshot takes its place; I-6 by host_mem_abort',
  },
  {
    id: 'D-39 on the way out',
    what: 'no host_mmu.lock around the two updates of a donation',
    model: 'SC-12',
    scope: small,
    edits: ['unlock __pkvm_host_donate_hyp/host_mmu.lock'],
    violates: { 'I-1': 18, 'I-6': 19, 'I-7': 19, 'I-15': 11, mirror: 9 },
    brief: ['I-1'],
  },
  {
    id: 'W-17',
    what: 'no host_mmu.lock around the snapshot: it undoes a donation',
    model: 'SC-12',
    scope: small,
    edits: ['unlock kvm_iommu_snapshot_host_stage2/host_mmu.lock'],
    violates: { 'I-1': 18, 'I-7': 19, mirror: 9 },
    brief: ['I-1'],
    macro: { here: 5, brief: 5 },
  },
  {
    id: 'W-13',
    what: 'the owner changes before the devices have lost the page',
    model: 'SC-12',
    scope: small,
    edits: ['move __pkvm_host_donate_hyp/set-page-state before __pkvm_host_donate_hyp/kvm_iommu_host_stage2_idmap'],
    violates: { 'I-1': 18, 'I-7': 18 },
    brief: ['I-1', 'I-7'],
  },
  {
    id: 'order of B2 on the way back',
    what: 'the identity map gets the page before its state is the host’s',
    model: 'SC-12',
    scope: small,
    edits: ['move __pkvm_hyp_donate_host/kvm_iommu_host_stage2_idmap before __pkvm_hyp_donate_host/set-page-state'],
    violates: { 'I-1': 23 },
    brief: [],
    note: 'harmless, since EL2 has let go of the page; but I-1, as it is worded, does not hold in this order',
  },
  {
    id: 'v3: ignored sync',
    what: 'word 0 is written although the CMD_SYNC before it has not completed',
    model: 'SC-12',
    scope: { ...small, timeouts: true },
    edits: ['pass enable_dev/CMD_SYNC-is-complete'],
    violates: { 'P-2': 8, 'I-1': 13, 'I-7': 13 },
    brief: ['P-2'],
  },
  {
    id: 'W-29',
    what: 'a static pointer to the STE: two enable_dev on two SMMUs write each other’s STE',
    model: 'SC-12/static',
    edits: [],
    violates: { 'P-2': 15, 'I-1': 20, 'I-7': 27 },
    brief: [],
    macro: { here: 4, brief: 4, of: 'P-2' },
    note: 'the brief gives the window and no trace: 4 is counted here for P-2',
  },
];
