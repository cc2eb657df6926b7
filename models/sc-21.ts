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

export { defects } from './sc-21-defects.js';
