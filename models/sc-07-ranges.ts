/**
 * SC-07/ranges: map_pages and unmap_pages over ranges, with arguments of any kind.
 *
 * The seed sentence is that of SC-07: the EL2 part maintains I/O page tables (S3:166). What the host names comes in
 * registers: flags that nobody knows, lengths and addresses that wrap (T3). An unmap takes several pages, with holes
 * among them, and flushes those that it has gathered with one CMD_SYNC (B4, B8). Components: those of SC-07, with
 * iommu-map-arguments.ts and iommu-unmap-range.ts. Windows: W-01, W-02, W-21, W-22, W-23, W-30. The host is HOSTILE.
 *
 * With `perTable=1` each page has a table page of its own, so it is gathered, flushed and synced by itself. With
 * `lifecycle`, the domain is allocated and freed, and no stream is attached: who works on it holds a reference.
 * Nightly: `cpus=2 addresses=2`. Expected: all hold, but V-3 where there are no more pages than tables.
 */
import { flag, int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  breakBeforeMake,
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  everyPageCanBeDonated,
  everyRequestCanBeMet,
  flushMonitor,
  freedTablesAreEmpty,
  hostDevicesReachHostPages,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  noPoolPageIsLost,
  queuesNeverOverflow,
  quietRefsMatchMappings,
  refsCountStreams,
  refsCountUses,
  resultsTellTheLeaves,
  tablePagesAreHyps,
  useEndsAfterSync,
  writtenTablesExist,
} from '../src/invariants/index.js';
import {
  domainRefs,
  el2Attach,
  el2Driver,
  hypPool,
  ioPageTable,
  iommuDomains,
  mapPagesChecked,
  mapRange,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  unmapRange,
  wrappedCount,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs issuing hypercalls'),
  addresses: int(3, 2, 4, 'what a number can name: so many RAM pages there are, and so many IOVAs'),
  range: int(2, 1, 3, 'the longest range of a map_pages, in pages; an unmap_pages has any length'),
  perTable: int(2, 1, 4, 'IOVAs that share a table page'),
  lifecycle: flag(
    false,
    'the domain is allocated and freed, and no stream is attached; else it is attached from the start',
  ),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, { addresses, lifecycle, ...sizes }: Scope): void {
  const all = parts({ ...sizes, pages: addresses, iovas: addresses, smmus: 1, devices: 1, domains: 1 });
  // Every leaf may name one page, and every CPU may hold one more use of it.
  const pages = pageOwnership(m, all, addresses + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => (lifecycle ? undefined : all.domain.of(0)));
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const pool = hypPool(m, all, pages);
  const refs = lifecycle ? domainRefs(m, all, pages, 0) : undefined;
  const system = { parts: all, pages, tables, streams, hw };

  const longest = Math.min(sizes.range, addresses);
  const map = mapRange(all, pages, tables, hw, pool, longest, refs, sizes.perTable, wrappedCount(all));
  const hypercalls = [
    mapPagesChecked(all, map, longest),
    unmapRange(all, pages, tables, hw, driver, addresses, sizes.perTable, refs),
    pool.refill,
    pool.reclaim,
  ];
  if (refs) {
    const attach = el2Attach(m, all, streams, driver);
    const { allocDomain, freeDomain } = iommuDomains(all, pages, tables, hw, attach, refs, pool);
    hypercalls.push(allocDomain, freeDomain);
    refsCountStreams(m, system, refs); // L-1
    writtenTablesExist(m, system, refs); // L-3
    freedTablesAreEmpty(m, system, refs); // L-5
  } else {
    hostDevicesReachHostPages(m, system); // I-1
    newOwnersPagesAreOutOfReach(m, system); // I-7
    queuesNeverOverflow(m, system); // P-3
    resultsTellTheLeaves(m, system); // P-10
  }
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  tablePagesAreHyps(m, system, pool); // I-3
  refsCountUses(m, system); // I-14
  quietRefsMatchMappings(m, system); // L-5
  noPoolPageIsLost(m, system, pool, refs?.refs); // L-5
  const flushed = flushMonitor(m, system);
  breakBeforeMake(m, system, driver, flushed); // P-1
  useEndsAfterSync(m, system, driver, flushed); // P-4
  el2NeverPanics(m, system); // P-14
  everyRequestCanBeMet(m, system); // V-3
  everyPageCanBeDonated(m, system); // V-7
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
}

const sc07Ranges = model({
  name: 'SC-07/ranges',
  title: 'ranges and arguments of any kind: what is checked is what is mapped, and the result says how much',
  scope,
  build: declare,
  // Tables that are never freed may take all pages there are.
  expected: ({ addresses, perTable, lifecycle }): Record<string, Expected> =>
    !lifecycle && Math.ceil(addresses / perTable) >= addresses ? { 'V-3': 'violated' } : {},
});

export const defects: readonly Defect[] = [];

export default [sc07Ranges];
