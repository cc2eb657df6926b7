/**
 * SC-21, TEE and SMMU end to end: the memory of the remote processor is a page that the host lends to the TEE, while a
 * device of the host may map it for DMA (joins S1 and S3).
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

const scope = {
  cpus: int(2, 1, 2, 'host CPUs issuing hypercalls and commands of the TA'),
  pages: int(1, 1, 2, 'RAM pages; the first is the memory of the remote processor'),
  firewall: { ...choice(firewalls, 'whom the firewall of the TEE stops'), default: 'CPUs' as const },
};
type Scope = ScopeOf<typeof scope>;

interface Design {
  /** What maps pages for the device: hypercalls of the host, or the identity map. */
  readonly dma: 'map_pages' | 'identity map';
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
  scope,
  build: (m, sizes) => declare(m, sizes, { dma: 'map_pages', lend: 'donate' }),
});

const sc21Idmap = model({
  name: 'SC-21/idmap',
  title: 'the same with the identity map, which every change of ownership updates',
  scope,
  build: (m, sizes) => declare(m, sizes, { dma: 'identity map', lend: 'donate' }),
});

const violated: Expected = 'violated';

void violated;
const sc21Gap = model({
  name: 'SC-21/no-iommu-update',
  title: 'the same as in Android: lending a page leaves the identity map as it is (HOST_SET_NO_IOMMU_UPDATE)',
  scope,
  build: (m, sizes) => declare(m, sizes, { dma: 'identity map', lend: 'donate', updatesIdmap: false }),
});

const sc21Share = model({
  name: 'SC-21/share',
  title: 'FFA_MEM_LEND is a share, as upstream: only the firewall of the TEE closes a way',
  scope: { ...scope, ref: flag(false, 'a share looks at ref, as in Android') },
  build: (m, sizes) => declare(m, sizes, { dma: 'map_pages', lend: 'share', shareLooksAtRef: sizes.ref }),
});

export default [sc21, sc21Idmap, sc21Gap, sc21Share];
export const defects: readonly Defect[] = [];
