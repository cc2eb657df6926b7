/**
 * SC-03, domain lifecycle: attach_dev and free_domain are mirrored as hypercalls of the host (S3:98-101).
 *
 * The host's CPUs allocate, free, attach, detach, map, unmap and donate with any arguments. VMID = domain id (B8), so a
 * domain id that is used again is a VMID that is used again. Components: those of SC-01, and the stream table, attach and
 * detach (B8) and the domains (B4). Windows: W-03, W-04, W-16, W-24, W-25, W-26, W-30 and those of SC-01. Defects: D-11,
 * D-12, D-13, D-33, D-34; with two SMMUs also D-09 (docs/scenarios/sc-03.md).
 *
 * For nightly runs: `domains=2,devices=2` (more than 1.5 million states), and `domains=1,devices=2,smmus=2`: one domain on
 * two SMMUs that host CPUs attach to (W-11, D-09, and D-12 for each SMMU).
 *
 * - SC-03: expected: all hold, in every scope.
 * - SC-03/upstream-get, -map, -free, -lookup: what published trees do at four places that a hostile host can bring down
 *   or wear out (P-14, L-1). Matters of availability.
 * - SC-03/timeouts: EL2 gives up waiting for a CMD_SYNC of attach or detach, with the error paths of B8. Expected: L-1 and
 *   L-2 (a stream that is never detached), P-14 (a WARN_ON); isolation holds.
 * - SC-03/unmap-timeouts: EL2 gives up waiting for the CMD_SYNC of an unmap, and a WARN_ON is all that looks at it. Expected:
 *   P-14. SC-03/unmap-returns is the repair, and holds: unmap returns the error, and keeps the page.
 * - SC-03/teardown, /teardown-domain-first: EL2 ends a VM by itself (W-26), in both orders. Expected: violated.
 *   SC-03/teardown-detach is the repair, and holds.
 * - SC-03/one-vmid: D-13.
 */
import { int, model, type ScopeOf } from '../src/index.js';
import {
  breakBeforeMake,
  flushMonitor,
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  freedTablesAreEmpty,
  freedTablesAreUnnamed,
  hostDevicesReachHostPages,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  quietRefsMatchMappings,
  refsCountStreams,
  refsCountUses,
  streamsHaveOneDomain,
  useEndsAfterSync,
  vmidsAreNotShared,
  vmidsComeClean,
  walkedTablesExist,
  writtenTablesExist,
  type System,
} from '../src/invariants/index.js';
import {
  domainRefs,
  el2Attach,
  el2Driver,
  ioPageTable,
  iommuCore,
  iommuDomains,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  vmTeardown,
  type DomainDesign,
  type Parts,
  type Teardown,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';

const scope = ({ cpus = 2, devices = 1, domains = 1 }: { cpus?: number; devices?: number; domains?: number }) => ({
  cpus: int(cpus, 1, 3, 'host CPUs issuing hypercalls'),
  smmus: int(1, 1, 2, 'SMMUs, with the devices spread over them in turn'),
  devices: int(devices, 1, 2, 'devices, each with a StreamID of its own'),
  domains: int(domains, 1, 3, 'domain ids'),
  pages: int(1, 1, 3, 'RAM pages'),
  iovas: int(1, 1, 2, 'IO virtual addresses of a domain, a page each'),
});
type Scope = ScopeOf<ReturnType<typeof scope>>;

interface Design extends DomainDesign {
  /** map_pages skips domain_put where use_dma fails. */
  readonly mapLeaks?: boolean;
  /** All domains have one VMID (D-13). */
  readonly oneVmid?: boolean;
  /** EL2 gives up waiting for a CMD_SYNC of attach or detach. */
  readonly timeouts?: boolean;
  /** EL2 gives up waiting for a CMD_SYNC of unmap: it panics, or unmap returns the error. */
  readonly unmapTimeouts?: 'panics' | 'returns';
  /** VMs end, and how (kvm_iommu_force_free_domain). */
  readonly teardown?: Teardown;
}

/** Declares the whole scenario. Returns the components, for tests. */
export function declare(m: Builder, scope: Scope, design: Design): System {
  const alone =
    !design.teardown || scope.cpus > 1 || m.assumed('dying', 'no other CPU is at work on a VM that is torn down');
  const sizes = alone ? scope : { ...scope, cpus: 2 };
  const all: Parts = parts(sizes, design.oneVmid ? () => all.domain.of(0) : undefined);
  // Every leaf may name one page, and every CPU may hold one more use of it.
  const pages = pageOwnership(m, all, sizes.domains * sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const givesUp = design.unmapTimeouts === 'panics' ? pages : design.unmapTimeouts;
  const driver = el2Driver(m, all, streams, hw, undefined, givesUp);
  const attach = el2Attach(m, all, streams, driver, undefined, design.timeouts ? pages.panicked : undefined);
  const refs = domainRefs(m, all, pages, 0, design);
  const core = iommuCore(all, pages, tables, hw, driver, refs);
  const domains = iommuDomains(all, pages, tables, hw, attach, refs);
  const mapping = [design.mapLeaks ? core.mapPagesLeaky : core.mapPages, core.unmapPages];
  const hypercalls = [
    domains.allocDomain,
    domains.freeDomain,
    domains.attachDev,
    domains.detachDev,
    ...mapping,
    pages.donateHyp,
    pages.hypDonateHost,
    ...(design.teardown ? [vmTeardown(all, streams, driver, attach, refs, domains, design.teardown)] : []),
  ];
  for (let cpu = 0; cpu < scope.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);
  if (!alone) m.process('cpu1', mapping);

  m.assume(
    'B7',
    'caches may hold whatever some prefetch schedule allows (may-cache closure): exact for safety, not for liveness',
  );
  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');

  const system: System = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  newOwnersPagesAreOutOfReach(m, system); // I-7
  walkedTablesExist(m, system, refs); // I-3
  vmidsAreNotShared(m, system); // I-13
  vmidsComeClean(m, system); // I-13
  refsCountUses(m, system); // I-14
  refsCountStreams(m, system, refs); // L-1
  streamsHaveOneDomain(m, system, driver); // L-2
  freedTablesAreUnnamed(m, system); // L-3
  freedTablesAreEmpty(m, system, refs); // L-5
  writtenTablesExist(m, system, refs); // L-3
  quietRefsMatchMappings(m, system); // L-5
  const flushed = flushMonitor(m, system);
  breakBeforeMake(m, system, driver, flushed); // P-1
  useEndsAfterSync(m, system, driver, flushed); // P-4
  el2NeverPanics(m, system); // P-14
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
  return system;
}

const sc03 = model({
  name: 'SC-03',
  title: 'domain lifecycle: no table and no VMID outlives its domain',
  scope: scope({ domains: 2 }),
  build: (m, sizes) => void declare(m, sizes, {}),
});

interface Variant {
  readonly design: Design;
  readonly sizes?: Partial<Scope>;
  readonly violated: (sizes: Scope) => readonly string[];
}
const variant = (name: string, title: string, { design, sizes = {}, violated }: Variant) =>
  model({
    name: `SC-03/${name}`,
    title,
    scope: scope(sizes),
    build: (m, all) => void declare(m, all, design),
    expected: (all) => Object.fromEntries(violated(all).map((id) => [id, 'violated' as const])),
  });

/** The VM is dying: no other CPU is at work on it. */
const dying = { cpus: 1, devices: 2 };

const always =
  (...violated: string[]) =>
  () =>
    violated;

const variants = [
  variant('upstream-get', 'domain_get with a BUG_ON: the host names a domain that is not there', {
    design: { getOrBug: true },
    violated: always('P-14'),
  }),
  variant('upstream-map', 'map_pages keeps its reference where use_dma fails', {
    design: { mapLeaks: true },
    violated: always('L-1', 'P-14'),
  }),
  variant('upstream-free', 'free_domain with a WARN_ON around the compare', {
    design: { freeOrWarn: true },
    violated: always('P-14'),
  }),
  variant('upstream-lookup', 'handle_to_domain makes the page of domains without a lock', {
    design: { racyLookup: true },
    violated: ({ cpus }) => (cpus > 1 ? ['P-14'] : []),
  }),
  variant('one-vmid', 'all domains under one VMID (D-13)', {
    design: { oneVmid: true },
    sizes: { cpus: 1, domains: 2, devices: 2 },
    violated: ({ domains, devices }) =>
      domains > 1 && devices > 1 ? ['I-1', 'I-3', 'I-7', 'I-13', 'I-13/live', 'I-14', 'L-1', 'L-2', 'L-3'] : [],
  }),
  variant('timeouts', 'EL2 gives up waiting for a CMD_SYNC of attach or detach', {
    design: { timeouts: true },
    sizes: { cpus: 1 },
    violated: always('L-1', 'L-2', 'P-14'),
  }),
  variant('unmap-timeouts', 'EL2 gives up waiting for the CMD_SYNC of an unmap: a WARN_ON', {
    design: { unmapTimeouts: 'panics' },
    sizes: { cpus: 1 },
    violated: always('P-14'),
  }),
  variant('unmap-returns', 'EL2 gives up waiting for the CMD_SYNC of an unmap, which keeps the page and says so', {
    design: { unmapTimeouts: 'returns' },
    sizes: { cpus: 1 },
    violated: always(),
  }),
  variant('teardown', 'a VM ends: its devices are blocked, then its domain is freed', {
    design: { teardown: 'devices first' },
    sizes: dying,
    violated: always('I-1', 'I-3', 'I-7', 'I-13', 'I-14'),
  }),
  variant('teardown-domain-first', 'a VM ends: its domain is freed, then its devices are blocked', {
    design: { teardown: 'domain first' },
    sizes: dying,
    violated: always('I-1', 'I-3', 'I-7', 'I-13', 'I-14', 'L-3'),
  }),
  variant('teardown-detach', 'a VM ends: its devices are detached, then its domain is freed', {
    design: { teardown: 'detach' },
    sizes: dying,
    violated: always(),
  }),
];

export { defects } from './sc-03-defects.js';
export default [sc03, ...variants];
