/**
 * SC-01, map-unmap-donate: the hypervisor "tracks which pages are used for DMA so they can't be donated to guests" (S3:168).
 *
 * Two host CPUs issue any hypercalls with any arguments: map_pages, unmap_pages, donate and share, and their reverses.
 * One device sits behind one SMMU, attached to one domain from the start, and may access whatever `reach` says (B7).
 * PV design: B2 for RAM pages, the needed part of B4, B7 with may-caches, B8's map, unmap, TLBI and SYNC.
 * Windows: W-01 (PTE invalid … TLBI consumed), W-02 (TLBI consumed … SYNC complete), W-20 (use_dma … PTE installed),
 * W-22 (pgt_lock dropped … PTE cleared). Defects D-01..D-06 are edits of it: see docs/scenarios.md.
 *
 * - SC-01: unmap gives back and clears exactly what it invalidated. Expected: all hold.
 * - SC-01/upstream: unmap walks the range again after the SYNC, without pgt_lock, and gives back what it finds (W-22,
 *   W-23, D-35). Expected: I-7, I-14, L-5 and with them P-4, I-1 and P-14 are violated.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  everyHypercallCanReturn,
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
import { el2Driver, ioPageTable, iommuCore, pageOwnership, parts, smmuv3, type IommuCore } from '../src/spec/index.js';
import type { Builder, Handler } from '../src/index.js';

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
export function declare(m: Builder, sizes: Scope, mapAndUnmap: (core: IommuCore) => readonly Handler[]): System {
  const all = parts({ ...sizes, domains: 1, smmus: 1 });
  // Every leaf may name one page, and every CPU may hold one more use of it.
  const pages = pageOwnership(m, all, sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const hw = smmuv3(m, all, tables, sizes.queue, () => [all.domain.of(0)]);
  const driver = el2Driver(m, all, hw);
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

  const system = { parts: all, pages, tables, hw };
  hostDevicesReachHostPages(m, system); // I-1
  newOwnersPagesAreOutOfReach(m, system); // I-7
  refsCountUses(m, system); // I-14
  pageStatesAreLegal(m, system); // I-15
  quietRefsMatchMappings(m, system); // L-5
  queuesNeverOverflow(m, system); // P-3
  useEndsAfterSync(m, system, driver); // P-4
  locksAreOrdered(m); // P-6
  el2NeverPanics(m, system); // P-14
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
      : { 'I-1': violated, 'I-7': violated, 'I-14': violated, 'L-5': violated, 'P-4': violated, 'P-14': violated },
});

export default [sc01, sc01Upstream];
