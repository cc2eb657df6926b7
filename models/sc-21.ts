/**
 * SC-21, TEE and SMMU end to end: the memory of the remote processor is a page that the host lends to the TEE, while a
 * device of the host may map it for DMA. Joins "the TA verifies and loads, the processor runs" (S1:33-42) and "tracks
 * which pages are used for DMA so they can't be donated" (S3:168).
 *
 * Two hostile CPUs lend the page by FF-A and ask for it back, touch it, map and unmap it for the device, and send the TA
 * LOAD_FW, START, STOP and RELEASE_FW, in any order. The CPUs store to the page at any time that stage 2 and the firewall
 * leave them, the device at any time that its reach leaves it; the processor runs what is there.
 * B2 (lend and reclaim, host stage-2), B4 or B5, B7, B8, B15 with LOAD_FW in one step, B16. Windows: W-13 (CPU unmap …
 * identity map unmapped and synced), W-55 (verified … running), W-20, W-01, W-02. Defects: D-60, SB-15, the gap
 * HOST_SET_NO_IOMMU_UPDATE, and the edits of docs/scenarios/sc-21.md.
 *
 * Default scope: 2 CPUs, 2 pages, a firewall that stops CPUs. Nightly: `pages=2` for SC-21/share.
 * - SC-21: PV. A lend is a donation, refused while ref is not 0. Expected: all hold, with any firewall or none.
 * - SC-21/idmap: the device has the identity map, which loses what is lent. Expected: all hold, with any firewall.
 * - SC-21/no-iommu-update: as in Android, it does not lose it. Expected: I-1, I-7 and mirror violated; also I-10, I-11 and
 *   I-12, unless the firewall stops devices too.
 * - SC-21/share: a lend is a share, as upstream. Expected: I-10, I-11 and I-12 violated, unless the firewall stops devices
 *   too, or it stops CPUs and the share looks at ref and nothing else but map_pages maps for the device.
 */
import { choice, flag, int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  hostDevicesReachHostPages,
  hostMapsOnlyItsPages,
  idmapMirrorsOwnership,
  imageIsOutOfTheHostsReach,
  lentPagesComeBack,
  loadedImageStays,
  locksAreOrdered,
  pageStatesAreLegal,
  processorRunsSigned,
  secureWorldTakesPagesOutOfReach,
  signedImageCanRun,
} from '../src/invariants/index.js';
import {
  deviceStores,
  el2Driver,
  ffaPages,
  firewalls,
  hostCpuStores,
  hostLeaves,
  hostStage2,
  idmap,
  ioPageTable,
  iommuCore,
  memoryHandles,
  pageOwnership,
  parts,
  remoteMemory,
  smmuv3,
  streamTable,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = (pages: number) => ({
  cpus: int(2, 1, 2, 'host CPUs issuing hypercalls and commands of the TA'),
  pages: int(pages, 1, 2, 'RAM pages; the first is the memory of the remote processor'),
  firewall: { ...choice(firewalls, 'whom the firewall of the TEE stops'), default: 'CPUs' as const },
});
type Scope = ScopeOf<ReturnType<typeof scope>>;

const ways = ['map_pages', 'identity map'] as const;

interface Design {
  /** What maps pages for the device: hypercalls of the host, or the identity map. */
  readonly dma: (typeof ways)[number];
  /** What FFA_MEM_LEND does: Android's donation, or upstream's share. */
  readonly lend: 'donate' | 'share';
  /** Do ownership changes update the identity map? */
  readonly updatesIdmap?: boolean;
  readonly shareLooksAtRef?: boolean;
}

function declare(m: Builder, sizes: Scope, { dma, lend, updatesIdmap = true, shareLooksAtRef = false }: Design): void {
  const identity = dma === 'identity map';
  const all = parts({ ...sizes, iovas: identity ? sizes.pages : 1, domains: 1, smmus: 1, devices: 1 });
  const { page } = all;
  const leaves = hostLeaves(m, all);
  const handles = memoryHandles(m, all);
  // One leaf, and every CPU may hold one more use.
  const pages = pageOwnership(m, all, identity ? 0 : 1 + sizes.cpus, { alsoUnderHostLock: [...leaves.all, ...handles.all] }); // prettier-ignore
  const stage2 = hostStage2(all, pages, leaves);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => all.domain.of(0));
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const remote = remoteMemory(m, all, handles, sizes.firewall);
  const map = identity ? idmap(m, all, tables, hw, driver) : undefined;
  const core = iommuCore(all, pages, tables, hw, driver);
  const ffa = ffaPages(pages, stage2, handles, {
    ...remote,
    idmap: updatesIdmap ? map?.update : undefined,
    shareLooksAtRef,
  });
  const { Pte, Table, table } = tables;
  const everyPage = page.values.reduce((mapped, p) => mapped.set(p, Pte.make.V(p)), Table.fill(Pte.make.ZERO()));
  m.start(
    [remote.ta.session, true],
    ...(map ? [[map.initialized, true] as const, [table(map.id), everyPage] as const] : []),
  );

  const hypercalls = [
    stage2.memAbort,
    ...(identity ? [] : [core.mapPages, core.unmapPages]),
    ...(lend === 'donate' ? [ffa.lend, ffa.reclaim] : [ffa.shareFfa, ffa.unshareFfa]),
  ];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, [...hypercalls, ...remote.commands]);
  hostCpuStores(m, remote, stage2);
  deviceStores(m, all, remote, hw);

  m.assume('B7', 'caches may hold whatever some prefetch schedule allows (may-cache closure): exact for safety only');
  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');
  m.assume('CPU-TLBI', 'a CPU stage-2 leaf that is cleared is in no TLB any more when the step ends');
  m.assume('SC-20', 'LOAD_FW in one step: a store between copy and hash makes it fail, SC-20 shows it');
  m.assume('RP', 'the processor reaches its memory past stage 2, the SMMU and the firewall, and does not store to it');

  const system = { parts: all, pages, stage2, tables, streams, hw, ffa, remote };
  hostDevicesReachHostPages(m, system); // I-1
  hostMapsOnlyItsPages(m, system); // I-6
  if (lend === 'donate') secureWorldTakesPagesOutOfReach(m, system); // I-7
  loadedImageStays(m, system); // I-10
  processorRunsSigned(m, system); // I-11
  imageIsOutOfTheHostsReach(m, system); // I-12
  pageStatesAreLegal(m, system, true); // I-15
  if (map) idmapMirrorsOwnership(m, system, tables, map); // mirror
  locksAreOrdered(m); // P-6
  if (!identity) el2NeverPanics(m, system); // P-14
  signedImageCanRun(m, system); // V-4
  lentPagesComeBack(m, system); // V-7
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
}

const sc21 = model({
  name: 'SC-21',
  title: 'remote memory is a page lent to the TEE: the host’s CPUs and devices lose it first',
  scope: scope(2),
  build: (m, sizes) => declare(m, sizes, { dma: 'map_pages', lend: 'donate' }),
});

const sc21Idmap = model({
  name: 'SC-21/idmap',
  title: 'the same with the identity map, which every change of ownership updates',
  scope: scope(2),
  build: (m, sizes) => declare(m, sizes, { dma: 'identity map', lend: 'donate' }),
});

const violated: Expected = 'violated';
/** What breaks where somebody stores to the memory behind the TA's back. */
const imageIsSpoilt = { 'I-10': violated, 'I-11': violated, 'I-12': violated };

const sc21Gap = model({
  name: 'SC-21/no-iommu-update',
  title: 'the same as in Android: a page that is lent stays in the identity map (HOST_SET_NO_IOMMU_UPDATE)',
  scope: scope(2),
  build: (m, sizes) => declare(m, sizes, { dma: 'identity map', lend: 'donate', updatesIdmap: false }),
  expected: ({ firewall }): Record<string, Expected> => ({
    'I-1': violated,
    'I-7': violated,
    mirror: violated,
    ...(firewall === 'all masters' ? {} : imageIsSpoilt),
  }),
});

const sc21Share = model({
  name: 'SC-21/share',
  title: 'FFA_MEM_LEND is a share, as upstream: stage 2 and the SMMU stay as they are',
  scope: {
    ...scope(1),
    dma: choice(ways, 'what maps pages for the device'),
    ref: flag(false, 'a share looks at ref, as in Android'),
  },
  build: (m, sizes) => declare(m, sizes, { dma: sizes.dma, lend: 'share', shareLooksAtRef: sizes.ref }),
  expected: ({ firewall, dma, ref }): Record<string, Expected> => {
    const deviceKeepsIt = dma === 'identity map' || !ref;
    return firewall === 'none' || (firewall === 'CPUs' && deviceKeepsIt) ? imageIsSpoilt : {};
  },
});

export default [sc21, sc21Idmap, sc21Gap, sc21Share];
const small = { pages: 1 };

/** What the brief names, and what it takes. Where it names nothing, the defect is one of an order or a check of this scenario. */
export const defects: readonly Defect[] = [
  {
    id: 'SC-21',
    what: 'a page that is lent stays in the identity map (Android)',
    model: 'SC-21/no-iommu-update',
    scope: small,
    edits: [],
    violates: { 'I-1': 4, 'I-7': 6, 'I-10': 10, 'I-11': 12, 'I-12': 9, mirror: 6 },
    brief: ['I-1', 'I-10'],
    macro: { here: 3, brief: 3, of: 'I-10' },
    note: 'The brief gives no trace: 3 is counted here, lend, load, DMA. I-1 takes the lend alone.',
  },
  {
    id: 'SC-21',
    what: 'the same, behind a firewall that stops devices too',
    model: 'SC-21/no-iommu-update',
    scope: { ...small, firewall: 'all masters' },
    edits: [],
    violates: { 'I-1': 4, 'I-7': 6, mirror: 6 },
    brief: ['I-1', 'I-10'],
    note: 'The firewall keeps the image whole. The SMMU does not keep its promise, and nothing else does for other pages.',
  },
  {
    id: 'D-60',
    what: 'no firewall, and a lend is a share',
    model: 'SC-21/share',
    scope: { firewall: 'none', ref: true },
    edits: [],
    violates: { 'I-10': 11, 'I-11': 13, 'I-12': 10 },
    brief: ['I-10', 'I-11'],
    macro: { here: 4, brief: 3 },
    note: 'A host CPU stores. Before load and store come the share and the fault that maps the page; the start is for I-11.',
  },
  {
    id: 'D-60',
    what: 'no firewall, and a lend is a donation',
    model: 'SC-21',
    scope: { ...small, firewall: 'none' },
    edits: [],
    violates: {},
    brief: ['I-10', 'I-11'],
    note: 'Refuted here: stage 2 has closed the CPUs’ way before the TA loads, and ref the devices’.',
  },
  {
    id: 'SB-15',
    what: 'a share with the secure world does not look at ref (upstream)',
    model: 'SC-21/share',
    scope: small,
    edits: [],
    violates: { 'I-10': 14, 'I-11': 16, 'I-12': 13 },
    brief: ['I-7', 'I-14'],
    note: 'Neither I-7 nor I-14 says it: the page stays the host’s, and is counted. But its device spoils what the TA verified.',
  },
  {
    id: 'SB-15',
    what: 'a donation to the secure world does not look at ref',
    model: 'SC-21',
    scope: small,
    edits: ['pass FFA_MEM_LEND/ref-is-0'],
    violates: { 'I-1': 9, 'I-7': 11, 'I-10': 15, 'I-11': 17, 'I-12': 14 },
    brief: ['I-7', 'I-14'],
    note: 'A donation changes neither a refcount nor a leaf, so I-14 would stay true; it is not part of this scenario.',
  },
  {
    id: 'SB-15',
    what: 'a share of a page that the identity map has, although it looks at ref (Android without its kernel parameter)',
    model: 'SC-21/share',
    scope: { dma: 'identity map', ref: true },
    edits: [],
    violates: { 'I-10': 9, 'I-11': 11, 'I-12': 8 },
    brief: ['I-7', 'I-14'],
    note: 'The identity map has no refcount, and a share leaves the page in it.',
  },
  {
    id: 'D-05',
    what: 'the refcount is not taken',
    model: 'SC-21',
    scope: small,
    edits: ['drop map_pages/ref++'],
    violates: { 'I-1': 8, 'I-7': 10, 'I-10': 14, 'I-11': 16, 'I-12': 13, 'P-14': 9, 'V-4': 6, 'V-7': 13 },
    brief: ['I-1'],
    macro: { here: 2, brief: 2 },
  },
  {
    id: 'D-02',
    what: 'unuse_dma before the TLBI',
    model: 'SC-21',
    scope: small,
    edits: ['move unmap_pages/unuse_dma before unmap_pages/iotlb_sync'],
    violates: { 'I-1': 13, 'I-7': 15, 'I-10': 19, 'I-11': 22, 'I-12': 18 },
    brief: ['I-7'],
    macro: { here: 3, brief: 5 },
    note: 'the brief starts before alloc_domain and attach_dev',
  },
  {
    id: 'D-03',
    what: 'the wait for the CMD_SYNC of an unmap',
    model: 'SC-21',
    scope: small,
    edits: ['drop unmap_pages/wait-for-CMD_SYNC'],
    violates: { 'I-1': 19, 'I-7': 21, 'I-10': 25, 'I-11': 28, 'I-12': 24 },
    brief: ['I-7'],
    macro: { here: 3, brief: 5 },
    note: 'P-4 is not part of this scenario. The brief starts before alloc_domain and attach_dev',
  },
  {
    id: 'W-20',
    what: 'no host_mmu.lock around the check and the count of a mapping',
    model: 'SC-21',
    scope: small,
    edits: ['unlock map_pages/use_dma/host_mmu.lock'],
    violates: { 'I-1': 9, 'I-7': 11, 'I-10': 15, 'I-11': 17, 'I-12': 14 },
    brief: [],
  },
  {
    id: 'W-32',
    what: 'no host_mmu.lock around a lend: mapped between check and annotation',
    model: 'SC-21',
    scope: small,
    edits: ['unlock FFA_MEM_LEND/host_mmu.lock'],
    violates: { 'I-1': 9, 'I-6': 7, 'I-7': 11, 'I-10': 15, 'I-11': 17, 'I-12': 14, 'I-15': 3 },
    brief: [],
  },
  {
    id: 'W-55',
    what: 'verify first, lend afterwards: the TA loads into memory of the host',
    model: 'SC-21',
    scope: small,
    edits: ['pass LOAD_FW/memory-is-lent'],
    violates: { 'I-10': 7, 'I-11': 9, 'I-12': 6 },
    brief: ['I-10', 'I-11'],
    macro: { here: 3, brief: 3 },
    note: 'The page need not even be lent. The brief counts the start, which is for I-11; here the fault that maps the page.',
  },
  {
    id: 'W-55',
    what: 'the same with the identity map, which has the page from the start',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['pass LOAD_FW/memory-is-lent'],
    violates: { 'I-10': 4, 'I-11': 6, 'I-12': 3 },
    brief: ['I-10', 'I-11'],
    macro: { here: 2, brief: 3 },
  },
  {
    id: 'reclaim in use',
    what: 'the host gets the memory of a loaded image back',
    model: 'SC-21',
    scope: small,
    edits: ['pass FFA_MEM_RECLAIM/not-in-use'],
    violates: { 'I-10': 13, 'I-11': 14, 'I-12': 19 },
    brief: [],
    note: 'I-10 and I-11 by the clearing: the TEE pulls the memory from under the processor. I-12 by a load that is under way.',
  },
  {
    id: 'reclaim in use',
    what: 'LOAD_FW lets go of the memory object before it has loaded',
    model: 'SC-21',
    scope: small,
    edits: ['move LOAD_FW/put-memory-object before LOAD_FW/load'],
    violates: { 'I-10': 14, 'I-11': 15, 'I-12': 20 },
    brief: [],
    note: 'the reclaim comes between',
  },
  {
    id: 'I-12',
    what: 'the page comes back as STOP has left it',
    model: 'SC-21',
    scope: small,
    edits: ['drop FFA_MEM_RECLAIM/clear-memory'],
    violates: { 'I-12': 21 },
    brief: ['I-12'],
    note: 'lend, LOAD_FW, START, STOP, reclaim, and the fault that maps the page',
  },
  {
    id: 'I-12',
    what: 'the firewall opens before the memory is clear',
    model: 'SC-21/share',
    scope: { firewall: 'all masters' },
    edits: ['move __pkvm_host_unshare_ffa/open-firewall before __pkvm_host_unshare_ffa/clear-memory'],
    violates: { 'I-12': 17 },
    brief: ['I-12'],
  },
  {
    id: 'firewall stays closed',
    what: 'the firewall does not open when the page goes back',
    model: 'SC-21',
    scope: small,
    edits: ['drop FFA_MEM_RECLAIM/write-firewall'],
    violates: { 'V-7': 4 },
    brief: [],
  },
  {
    id: 'stage 2 stays open',
    what: 'a donation leaves the host its CPU mapping, and there is no firewall',
    model: 'SC-21',
    scope: { ...small, firewall: 'none' },
    edits: ['drop FFA_MEM_LEND/write-owner-annotation'],
    violates: { 'I-6': 6, 'I-10': 11, 'I-11': 13, 'I-12': 10, 'I-15': 4 },
    brief: [],
    note: 'With a firewall that stops CPUs only I-6 and I-15 break.',
  },
  {
    id: 'stage 2 stays open',
    what: 'a fault maps a page that is lent, and there is no firewall',
    model: 'SC-21',
    scope: { ...small, firewall: 'none' },
    edits: ['pass handle_host_mem_abort/owner-is-HOST'],
    violates: { 'I-6': 8, 'I-10': 12, 'I-11': 14, 'I-12': 11 },
    brief: [],
  },
  {
    id: 'firewall late',
    what: 'the secure world takes a shared page before it closes the firewall',
    model: 'SC-21/share',
    scope: { firewall: 'all masters' },
    edits: ['move __pkvm_host_share_ffa/secure-world-takes-page before __pkvm_host_share_ffa/close-firewall'],
    violates: { 'I-10': 11, 'I-11': 14, 'I-12': 10 },
    brief: [],
  },
  {
    id: 'W-13',
    what: 'the secure world takes the page before the devices have lost it',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['move FFA_MEM_LEND/secure-world-takes-page before FFA_MEM_LEND/kvm_iommu_host_stage2_idmap'],
    violates: { 'I-7': 4, 'I-10': 8, 'I-11': 11, 'I-12': 7 },
    brief: ['I-7'],
  },
  {
    id: 'W-13',
    what: 'the page state changes before the devices have lost the page',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['move FFA_MEM_LEND/__host_set_page_state_range before FFA_MEM_LEND/kvm_iommu_host_stage2_idmap'],
    violates: { 'I-1': 4 },
    brief: ['I-1'],
  },
  {
    id: 'D-24',
    what: 'the identity map keeps what is lent, for one lend after another',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['drop FFA_MEM_LEND/map-or-unmap'],
    violates: { 'I-1': 13, 'I-7': 15, 'I-10': 19, 'I-11': 21, 'I-12': 18, mirror: 15 },
    brief: ['I-1'],
    macro: { here: 3, brief: 2 },
    note: 'the TLBI and the SYNC are still there',
  },
  {
    id: 'D-03',
    what: 'the wait for the CMD_SYNC of a lend',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['drop FFA_MEM_LEND/wait-for-CMD_SYNC'],
    violates: { 'I-1': 11, 'I-7': 13, 'I-10': 17, 'I-11': 19, 'I-12': 16 },
    brief: ['I-7'],
    macro: { here: 1, brief: 5 },
    note: 'The brief’s trace is that of unmap_pages: alloc, attach, map, unmap, donate. Here the lend unmaps by itself.',
  },
  {
    id: 'D-39',
    what: 'no host_mmu.lock around the two updates of a reclaim',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['unlock FFA_MEM_RECLAIM/host_mmu.lock'],
    violates: { 'I-1': 39, 'I-6': 25, 'I-7': 41, 'I-10': 45, 'I-11': 48, 'I-12': 44, 'I-15': 22, mirror: 49 },
    brief: ['I-1'],
    macro: { here: 7, brief: 4 },
    note: 'Before the four steps of the brief: a lend, and the two commands of its SYNC.',
  },
  {
    id: 'order of B2 on the way back',
    what: 'the identity map gets the page before its state is the host’s',
    model: 'SC-21/idmap',
    scope: small,
    edits: ['move FFA_MEM_RECLAIM/kvm_iommu_host_stage2_idmap before FFA_MEM_RECLAIM/__host_set_page_state_range'],
    violates: { 'I-1': 24 },
    brief: [],
    note: 'harmless, since the secure world has let go of the page; I-1, as it is worded, does not hold in this order',
  },
];
