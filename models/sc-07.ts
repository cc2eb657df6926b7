/**
 * SC-07, pool exhaustion and refill: the EL2 part maintains I/O page tables (S3:166), hence needs memory from the host.
 *
 * Table pages come from a pool at EL2 that the host fills (refill) and drains (reclaim). A map of two pages may find the
 * pool empty between them. Components: those of SC-01 (and of SC-03 in SC-07/domains), with B3's pool. Windows: W-21,
 * W-27, W-28. Defects: D-07, D-08, D-11 (docs/scenarios/sc-07.md). The host is HOSTILE, except in SC-07/retry.
 *
 * - SC-07: the domain is attached from the start, any CPU maps, unmaps, refills and reclaims. Nightly: `pages=4`.
 * - SC-07/domains: domains come and go, and with them their table pages. Nightly: `pages=3`.
 * - SC-07/retry: one CPU keeps to the protocol (A4), the other drains the pool at any time. Nightly: `pages=6`.
 * - SC-07/ranges: arguments of any kind, unmaps over ranges (sc-07-ranges.ts).
 * - SC-07/locked-twice: SC-07/domains with the second hyp_spin_lock of one Android tree. Expected: V-1, V-3, wedge violated.
 * All others: expected: all hold, but V-3 in SC-07 where there are no more pages than tables.
 */
import { int, model, type Builder, type Expected, type Handler, type ScopeOf } from '../src/index.js';
import type { Defect } from './defect.js';
import {
  breakBeforeMake,
  flushMonitor,
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  everyPageCanBeDonated,
  everyRequestCanBeMet,
  freedTablesAreEmpty,
  freedTablesAreUnnamed,
  hostDevicesReachHostPages,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  noPoolPageIsLost,
  queuesNeverOverflow,
  quietRefsMatchMappings,
  refsCountStreams,
  refsCountUses,
  resultsTellTheLeaves,
  retriesAddUp,
  retriesSucceed,
  tablePagesAreHyps,
  tablesEndAfterTheirWalkers,
  useEndsAfterSync,
  vmidsComeClean,
  walkedTablesExist,
  writtenTablesExist,
} from '../src/invariants/index.js';
import {
  dmaMap,
  domainRefs,
  el2Attach,
  el2Driver,
  hypPool,
  ioPageTable,
  iommuCore,
  iommuDomains,
  mapPagesChecked,
  mapRange,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  unmapRange,
  wrappedCount,
  type DomainRefs,
} from '../src/spec/index.js';

const scope = (pages: number, iovas: number, range: number) => ({
  cpus: int(2, 1, 3, 'host CPUs issuing hypercalls'),
  pages: int(pages, 2, 4, 'RAM pages, any of which the host may donate to the pool'),
  iovas: int(iovas, 1, 2, 'IO virtual addresses of the domain, each in a block (and a table page) of its own'),
  range: int(range, 1, 2, 'the longest range of a map_pages, in pages'),
});
type Scope = ScopeOf<ReturnType<typeof scope>>;

export interface Design {
  /** The domain is allocated and freed, and the stream attached and detached; else it is attached from the start. */
  readonly lifecycle: boolean;
  /** A6 as one Android tree has it. */
  readonly lockedTwice: boolean;
  /** map_pages checks its arguments, and unmap_pages takes a range; so many IOVAs share a table page (SC-07/ranges). */
  readonly perTable?: number;
}

export function declare(m: Builder, sizes: Scope, { lifecycle, lockedTwice, perTable }: Design): void {
  const all = parts({ ...sizes, smmus: 1, devices: 1, domains: 1 });
  // Every leaf may name one page, and every CPU may hold one more use of it.
  const pages = pageOwnership(m, all, sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => (lifecycle ? undefined : all.domain.of(0)));
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const pool = hypPool(m, all, pages, lockedTwice);
  const system = { parts: all, pages, tables, streams, hw };

  const longest = Math.min(sizes.range, sizes.iovas);
  const memory = [pool.refill, pool.reclaim];
  const mapping = (domains?: DomainRefs): readonly Handler[] => {
    if (perTable === undefined) {
      const { hypercall } = mapRange(all, pages, tables, hw, pool, longest, domains);
      return [hypercall, iommuCore(all, pages, tables, hw, driver, domains).unmapPages];
    }
    const map = mapRange(all, pages, tables, hw, pool, longest, domains, perTable, wrappedCount(all));
    const unmap = unmapRange(all, pages, tables, hw, driver, sizes.iovas, perTable, domains);
    return [mapPagesChecked(all, map, longest), unmap];
  };
  let hypercalls;
  let refs;
  if (lifecycle) {
    const attach = el2Attach(m, all, streams, driver);
    const domains = domainRefs(m, all, pages, 0);
    refs = domains.refs;
    const { allocDomain, freeDomain, attachDev, detachDev } = iommuDomains(
      all,
      pages,
      tables,
      hw,
      attach,
      domains,
      pool,
    );
    hypercalls = [allocDomain, freeDomain, attachDev, detachDev, ...mapping(domains), ...memory];
    walkedTablesExist(m, system, domains); // I-3
    vmidsComeClean(m, system); // I-13
    refsCountStreams(m, system, domains); // L-1
    freedTablesAreUnnamed(m, system); // L-3
    freedTablesAreEmpty(m, system, domains); // L-5
    writtenTablesExist(m, system, domains); // L-3
    tablesEndAfterTheirWalkers(m, system); // L-4
  } else {
    hypercalls = [...mapping(), ...memory];
    if (perTable !== undefined) resultsTellTheLeaves(m, system); // P-10
  }
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  hostDevicesReachHostPages(m, system); // I-1
  tablePagesAreHyps(m, system, pool); // I-3
  newOwnersPagesAreOutOfReach(m, system); // I-7
  refsCountUses(m, system); // I-14
  quietRefsMatchMappings(m, system); // L-5
  noPoolPageIsLost(m, system, pool, refs); // L-5
  if (perTable !== undefined) queuesNeverOverflow(m, system); // P-3
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

const sc07 = model({
  name: 'SC-07',
  title: 'pool exhaustion and refill: a map that stops half way leaks nothing and gives nothing away',
  scope: scope(3, 2, 2),
  build: (m, sizes) => declare(m, sizes, { lifecycle: false, lockedTwice: false }),
  // Tables that are never freed may take all pages there are.
  expected: ({ pages, iovas }): Record<string, Expected> => (pages > iovas ? {} : { 'V-3': 'violated' }),
});

const sc07Domains = model({
  name: 'SC-07/domains',
  title: 'table pages come from the pool and go back to it with their domain (W-28)',
  scope: scope(2, 1, 1),
  build: (m, sizes) => declare(m, sizes, { lifecycle: true, lockedTwice: false }),
});

const sc07Android = model({
  name: 'SC-07/locked-twice',
  title: 'the same with the second hyp_spin_lock of one Android tree',
  scope: scope(2, 1, 1),
  build: (m, sizes) => declare(m, sizes, { lifecycle: true, lockedTwice: true }),
  expected: () => ({ 'V-1': 'violated' as const, 'V-3': 'violated' as const, wedge: 'violated' as const }),
});

/** One CPU keeps to the protocol; another takes free pages out of the pool at any time (W-27). */
function declareRetry(m: Builder, sizes: RetryScope): void {
  const longest = 2;
  const all = parts({ ...sizes, iovas: longest, cpus: 2, smmus: 1, devices: 1, domains: 1 });
  const pages = pageOwnership(m, all, longest + 1);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => all.domain.of(0));
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const pool = hypPool(m, all, pages);
  const map = mapRange(all, pages, tables, hw, pool, longest);
  m.process('cpu0', [
    dmaMap(all, pages, tables, pool, map, longest),
    iommuCore(all, pages, tables, hw, driver).unmapPages,
  ]);
  m.process('cpu1', [pool.reclaim]);

  const system = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  tablePagesAreHyps(m, system, pool); // I-3
  refsCountUses(m, system); // I-14
  quietRefsMatchMappings(m, system); // L-5
  noPoolPageIsLost(m, system, pool); // L-5
  retriesAddUp(m, system); // P-10
  el2NeverPanics(m, system); // P-14
  locksAreOrdered(m); // P-6
  retriesSucceed(m); // V-3
  everyPageCanBeDonated(m, system); // V-7
  everyHypercallCanReturn(m, system); // wedge
}
const retryScope = { pages: int(4, 4, 6, 'RAM pages: a buffer of two, and those the host can donate') };
type RetryScope = ScopeOf<typeof retryScope>;

const sc07Retry = model({
  name: 'SC-07/retry',
  title: 'a host that refills and tries again gets what a single call would have given it',
  scope: retryScope,
  build: declareRetry,
});

/** D-07, D-08, D-11; and D-06 on the way into the pool. */
export const defects: readonly Defect[] = [
  {
    id: 'D-07',
    what: 'partial map: the rest is not given back',
    model: 'SC-07',
    scope: { cpus: 1 },
    edits: ['drop map_pages/unuse_rest'],
    violates: { 'L-5': 8, 'P-14': 28, 'V-3': 9, 'V-7': 4 },
    brief: ['L-5', 'V-7'],
    macro: { here: 1, brief: 1 },
  },
  {
    id: 'D-07',
    what: 'the same, with a host that tries again',
    model: 'SC-07/retry',
    edits: ['drop dma_map/unuse_rest'],
    violates: { 'L-5': 40, 'P-10': 10, 'P-14': 53, 'V-3': 53, 'V-7': 5 },
    brief: ['L-5', 'V-7'],
  },
  {
    id: 'D-08',
    what: 'partial map: all pages are given back, the mapped ones too',
    model: 'SC-07',
    scope: { cpus: 1 },
    edits: ['pass map_pages/page-is-not-mapped'],
    violates: { 'I-1': 21, 'I-7': 21, 'I-14': 17, 'L-5': 17, 'P-14': 30, 'V-3': 18 },
    brief: ['I-1'],
    macro: { here: 3, brief: 2 },
    note: 'the pool is empty at the start, so that a refill comes first',
  },
  {
    id: 'D-08',
    what: 'the same, with a host that tries again',
    model: 'SC-07/retry',
    edits: ['pass dma_map/page-is-not-mapped'],
    violates: { 'I-14': 29, 'L-5': 30, 'P-10': 30, 'P-14': 43 },
    brief: ['I-1'],
    note: 'this host donates no page that it has mapped; what breaks is I-14',
  },
  {
    id: 'D-06',
    what: 'refill does not look at the refcount',
    model: 'SC-07',
    scope: { cpus: 1 },
    edits: ['pass refill/ref-is-0'],
    violates: { 'I-1': 20, 'I-7': 20 },
    brief: ['I-1', 'I-14'],
    note: 'a donation changes neither a refcount nor a leaf, so the sentence of I-14 stays true',
  },
  {
    id: 'A3',
    what: 'a refill takes the page, and does not put it into the pool',
    model: 'SC-07/retry',
    edits: ['drop dma_map/kvm_iommu_refill/put-page'],
    violates: { 'V-3': 42, wedge: 1 },
    brief: [],
    note: 'Not in the brief’s catalogue. The host donates what it has, and asks for ever.',
  },
  {
    id: 'D-11',
    what: 'detach: no CFGI and SYNC before the table pages are freed',
    model: 'SC-07/domains',
    scope: { cpus: 1 },
    edits: ['drop detach_dev/sync-word-0', 'drop detach_dev/sync-words-1..7'],
    violates: { 'I-1': 37, 'I-3': 32, 'I-7': 45, 'I-13': 74, 'I-14': 63, 'L-3': 43, 'L-4': 64 },
    brief: ['L-4', 'I-3'],
  },
  {
    id: 'W-27',
    what: 'the host takes each page back before its next try',
    model: 'SC-07/retry',
    edits: [],
    deny: ['W-27'],
    violates: { 'V-3': 33 },
    brief: [],
    note: 'a host that does so owes it to itself: the hypercalls are as they should be',
  },
  {
    id: 'IHI-0070-4.7',
    what: 'a CMD_SYNC does not wait for DMA through what was invalidated',
    model: 'SC-07',
    scope: { cpus: 1 },
    edits: [],
    deny: ['IHI-0070-4.7'],
    violates: { 'I-1': 34, 'I-7': 34, 'I-14': 29 },
    brief: [],
  },
];

export default [sc07, sc07Domains, sc07Android, sc07Retry];
