/**
 * SC-01, map-unmap-donate: the hypervisor "tracks which pages are used for DMA so they can't be donated to guests" (S3:168).
 *
 * Two host CPUs issue any hypercalls with any arguments: map_pages, unmap_pages, donate and share, and their reverses.
 * One device sits behind one SMMU, attached to one domain from the start, and may access whatever `reach` says (B7).
 * PV design: B2 for RAM pages, the needed part of B4, B7 with may-caches, B8's map, unmap, TLBI and SYNC.
 * Windows: W-01 (PTE invalid … TLBI consumed), W-02 (TLBI consumed … SYNC complete), W-20 (use_dma … PTE installed),
 * W-22 (pgt_lock dropped … PTE cleared). Defects D-01..D-06 are edits of it: see docs/scenarios/sc-01.md.
 *
 * - SC-01: unmap gives back and clears exactly what it invalidated. Expected: all hold.
 * - SC-01/upstream: unmap walks the range again after the SYNC, without pgt_lock, and gives back what it finds (W-22,
 *   W-23, D-35). Expected: I-7, I-14, L-5 and with them P-4, I-1 and P-14 are violated.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  breakBeforeMake,
  flushMonitor,
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  hostDevicesReachHostPages,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  pageStatesAreLegal,
  queuesNeverOverflow,
  quietRefsMatchMappings,
  refsCountUses,
  useEndsAfterSync,
  type System,
} from '../src/invariants/index.js';
import {
  el2Driver,
  ioPageTable,
  iommuCore,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  type IommuCore,
} from '../src/spec/index.js';
import type { Builder, Handler } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = (pages: number, iovas: number, sharing: boolean) => ({
  cpus: int(2, 1, 3, 'host CPUs issuing hypercalls'),
  devices: int(1, 1, 2, 'devices behind the SMMU, all attached to the domain'),
  pages: int(pages, 1, 4, 'RAM pages'),
  iovas: int(iovas, 1, 3, 'IO virtual addresses of the domain, a page each'),
  queue: int(2, 2, 4, 'entries of the command queue'),
  sharing: flag(sharing, 'the host also shares pages with EL2, and takes them back'),
});

export type Scope = ScopeOf<ReturnType<typeof scope>>;

/** Declares the whole scenario; `mapAndUnmap` picks the design. Returns the components, for tests. */
export function declare(
  m: Builder,
  sizes: Scope,
  mapAndUnmap: (core: IommuCore) => readonly Handler[],
  smmus = 1,
): System {
  const all = parts({ ...sizes, domains: 1, smmus });
  // Every leaf may name one page, and every CPU may hold one more use of it.
  const pages = pageOwnership(m, all, sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => all.domain.of(0));
  const hw = smmuv3(m, all, tables, streams, sizes.queue);
  const driver = el2Driver(m, all, streams, hw);
  const core = iommuCore(all, pages, tables, hw, driver);

  const donate = [pages.donateHyp, pages.hypDonateHost];
  const share = sizes.sharing ? [pages.shareHyp, pages.unshareHyp] : [];
  const hypercalls = [...mapAndUnmap(core), ...donate, ...share];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  m.assume(
    'B7',
    'caches may hold whatever some prefetch schedule allows (may-cache closure): exact for safety, not for liveness',
  );
  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');

  const system = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  newOwnersPagesAreOutOfReach(m, system); // I-7
  refsCountUses(m, system); // I-14
  pageStatesAreLegal(m, system); // I-15
  quietRefsMatchMappings(m, system); // L-5
  queuesNeverOverflow(m, system); // P-3
  const flushed = flushMonitor(m, system);
  breakBeforeMake(m, system, driver, flushed); // P-1
  useEndsAfterSync(m, system, driver, flushed); // P-4
  locksAreOrdered(m); // P-6
  el2NeverPanics(m, system); // P-14
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
  return system;
}

const sc01 = model({
  name: 'SC-01',
  title: 'map-unmap-donate: no page is given away while a device may reach it',
  scope: scope(3, 2, true),
  build: (m, sizes) => void declare(m, sizes, (core) => [core.mapPages, core.unmapPages]),
});

const violated: Expected = 'violated';

const sc01Upstream = model({
  name: 'SC-01/upstream',
  title: 'the same with upstream’s walk after the SYNC, without pgt_lock (W-22, W-23)',
  scope: scope(2, 1, false),
  build: (m, sizes) => void declare(m, sizes, (core) => [core.mapPagesUpstream, core.unmapPagesUpstream]),
  // It takes two CPUs: one unmaps, the other maps in W-22 (or unmaps too, W-23).
  expected: ({ cpus }): Record<string, Expected> =>
    cpus === 1
      ? {}
      : {
          'I-1': violated,
          'I-7': violated,
          'I-14': violated,
          'L-5': violated,
          'P-1': violated,
          'P-4': violated,
          'P-14': violated,
        },
});

export default [sc01, sc01Upstream];

const small = { cpus: 2, pages: 2, iovas: 1 };

/** D-01..D-06, D-35, D-36. The brief counts a map as one step, an unmap as one a window; lengths here are transitions. */
export const defects: readonly Defect[] = [
  {
    id: 'D-01',
    what: 'the ownership check of use_dma',
    model: 'SC-01',
    scope: small,
    edits: ['pass map_pages/host-owns-page'],
    violates: { 'I-1': 8 },
    brief: ['I-1'],
    macro: { here: 2, brief: 2 },
  },
  {
    id: 'D-02',
    what: 'unuse_dma before the TLBI',
    model: 'SC-01',
    scope: small,
    edits: ['move unmap_pages/unuse_dma before unmap_pages/iotlb_sync'],
    violates: { 'I-1': 12, 'I-7': 12, 'I-14': 9, 'P-4': 9 },
    brief: ['I-7'],
    macro: { here: 3, brief: 5 },
    note: 'the brief starts before alloc_domain and attach_dev',
  },
  {
    id: 'D-03',
    what: 'the CMD_SYNC and its wait',
    model: 'SC-01',
    scope: small,
    edits: ['drop unmap_pages/cmd_sync'],
    violates: { 'I-1': 16, 'I-7': 16, 'I-14': 13, 'P-1': 19, 'P-4': 13 },
    brief: ['I-7', 'P-4'],
    macro: { here: 3, brief: 5 },
    note: 'the brief starts before alloc_domain and attach_dev',
  },
  {
    id: 'D-03',
    what: 'the wait for the CMD_SYNC alone',
    model: 'SC-01',
    scope: small,
    edits: ['drop unmap_pages/wait-for-CMD_SYNC'],
    violates: { 'I-1': 18, 'I-7': 18, 'I-14': 15, 'P-1': 21, 'P-4': 15 },
    brief: ['I-7', 'P-4'],
    macro: { here: 3, brief: 5 },
    note: 'the brief starts before alloc_domain and attach_dev',
  },
  {
    id: 'D-04',
    what: 'TLBI before the PTE is invalid',
    model: 'SC-01',
    scope: small,
    edits: ['move unmap_pages/invalidate-PTE before unmap_pages/write-CMD_SYNC'],
    violates: { 'I-1': 21, 'I-7': 21, 'I-14': 18, 'L-5': 38, 'P-1': 24, 'P-4': 18, 'P-14': 31 },
    brief: ['I-7'],
    macro: { here: 5, brief: 7 },
    note: 'the brief starts before alloc_domain and attach_dev. Two generations of cached entries are needed to see it',
  },
  {
    id: 'D-05',
    what: 'the refcount is not taken',
    model: 'SC-01',
    scope: small,
    edits: ['drop map_pages/ref++'],
    violates: { 'I-1': 7, 'I-7': 7, 'I-14': 2, 'L-5': 4, 'P-14': 9 },
    brief: ['I-1'],
    macro: { here: 2, brief: 2 },
  },
  {
    id: 'D-06',
    what: 'donate does not look at the refcount',
    model: 'SC-01',
    scope: small,
    edits: ['pass __pkvm_host_donate_hyp/ref-is-0'],
    violates: { 'I-1': 8, 'I-7': 8 },
    brief: ['I-1', 'I-14'],
    macro: { here: 2, brief: 2 },
    note: 'a donation changes neither a refcount nor a leaf, so the sentence of I-14 stays true',
  },
  {
    id: 'D-06',
    what: 'share does not look at the refcount',
    model: 'SC-01',
    scope: small,
    edits: ['pass __pkvm_host_share_hyp/ref-is-0'],
    violates: {},
    brief: ['I-1', 'I-14'],
    note: 'the host keeps its access to a page that it shares, and unshare looks at the refcount again',
  },
  {
    id: 'D-35',
    what: 'pgt_lock around the unmap',
    model: 'SC-01',
    scope: small,
    edits: ['unlock unmap_pages/pgt_lock'],
    violates: { 'I-1': 40, 'I-7': 40, 'I-14': 37, 'L-5': 38, 'P-1': 46, 'P-4': 37, 'P-14': 31 },
    brief: ['I-7', 'I-14'],
  },
  {
    id: 'D-35',
    what: 'the walk after the SYNC as upstream has it (W-22)',
    model: 'SC-01/upstream',
    scope: { pages: 1 },
    edits: [],
    violates: { 'I-1': 42, 'I-7': 42, 'I-14': 25, 'L-5': 25, 'P-1': 33, 'P-4': 24, 'P-14': 33 },
    brief: ['I-7', 'I-14'],
  },
  {
    id: 'P-1',
    what: 'map_pages overwrites a live leaf',
    model: 'SC-01',
    scope: small,
    edits: ['pass map_pages/leaf-is-not-valid'],
    violates: { 'I-14': 10, 'L-5': 10, 'P-1': 10, 'P-14': 16 },
    brief: [],
    note: 'Not in the brief’s catalogue: break-before-make. Of what was overwritten the SMMU may still hold an entry.',
  },
  {
    id: 'W-22',
    what: 'map_pages takes an INV leaf for a free one, while its unmap is at work',
    model: 'SC-01',
    scope: small,
    edits: ['pass map_pages/leaf-is-not-INV'],
    violates: { 'P-1': 13, 'P-4': 23 },
    brief: [],
  },
  {
    id: 'D-36',
    what: 'two unmaps of one leaf',
    model: 'SC-01',
    scope: small,
    edits: ['pass unmap_pages/leaf-is-not-INV'],
    violates: { 'I-1': 40, 'I-7': 40, 'I-14': 37, 'L-5': 38, 'P-1': 46, 'P-4': 37, 'P-14': 31 },
    brief: ['I-14'],
  },
  {
    id: 'smmu_lock',
    what: 'CPUs push TLBIs into one queue, and wait for it to be empty, without its lock',
    model: 'SC-01',
    scope: { pages: 1, iovas: 2 },
    edits: ['unlock unmap_pages/iotlb_sync/list_lock/each-SMMU/smmu_lock'],
    violates: { 'P-3': 24, 'P-1': 33, 'P-4': 27, 'V-1': 25, wedge: 22 },
    brief: [],
    note: 'PROD moves over an entry that was not written: the SMMU stops, and the unmap never returns',
  },
  {
    id: 'W-31',
    what: 'map_sg reads its entry again behind use_dma',
    model: 'SC-01',
    scope: small,
    edits: ['reread map_pages/handle_to_domain'],
    violates: { 'I-1': 9, 'I-7': 9, 'I-14': 6, 'L-5': 6, 'P-14': 13 },
    brief: [],
    note: 'the second read gives any page, as the entries lie in memory that the host may write at any time',
  },
];
