/**
 * SC-03, domain lifecycle: attach_dev and free_domain are mirrored as hypercalls of the host (S3:98-101).
 *
 * The host's CPUs allocate, free, attach, detach, map, unmap and donate with any arguments. VMID = domain id (B8), so a
 * domain id that is used again is a VMID that is used again. Windows: W-03, W-04, W-16, W-24, W-25, W-26, W-30 and those
 * of SC-01.
 */
import { int, model, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  everyHypercallCanReturn,
  freedTablesAreUnnamed,
  hostDevicesReachHostPages,
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
  /** VMs end, and how (kvm_iommu_force_free_domain). */
  readonly teardown?: Teardown;
}

function declare(m: Builder, sizes: Scope, design: Design): void {
  const all: Parts = parts({ ...sizes, smmus: 1 }, design.oneVmid ? () => all.domain.of(0) : undefined);
  // Every leaf may name one page, and every CPU may hold one more use of it.
  const pages = pageOwnership(m, all, sizes.domains * sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const attach = el2Attach(m, all, streams, driver);
  const refs = domainRefs(m, all, pages, 0, design);
  const core = iommuCore(all, pages, tables, hw, driver, refs);
  const domains = iommuDomains(all, pages, tables, hw, attach, refs);
  const hypercalls = [
    domains.allocDomain,
    domains.freeDomain,
    domains.attachDev,
    domains.detachDev,
    design.mapLeaks ? core.mapPagesLeaky : core.mapPages,
    core.unmapPages,
    pages.donateHyp,
    pages.hypDonateHost,
    ...(design.teardown ? [vmTeardown(all, streams, driver, attach, refs, domains, design.teardown)] : []),
  ];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  const system = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  newOwnersPagesAreOutOfReach(m, system); // I-7
  walkedTablesExist(m, system, refs); // I-3
  vmidsAreNotShared(m, system); // I-13
  vmidsComeClean(m, system); // I-13
  refsCountUses(m, system); // I-14
  refsCountStreams(m, system, refs); // L-1
  streamsHaveOneDomain(m, system, driver); // L-2
  freedTablesAreUnnamed(m, system); // L-3
  writtenTablesExist(m, system, refs); // L-3
  quietRefsMatchMappings(m, system); // L-5
  useEndsAfterSync(m, system, driver); // P-4
  el2NeverPanics(m, system); // P-14
  everyHypercallCanReturn(m, system); // wedge
}

const sc03 = model({
  name: 'SC-03',
  title: 'domain lifecycle: no table and no VMID outlives its domain',
  scope: scope({ domains: 2 }),
  build: (m, sizes) => declare(m, sizes, {}),
});

const variant = (
  name: string,
  title: string,
  design: Design,
  some: Partial<Scope>,
  violated: (sizes: Scope) => readonly string[],
) =>
  model({
    name: `SC-03/${name}`,
    title,
    scope: scope(some),
    build: (m, sizes) => declare(m, sizes, design),
    expected: (sizes) => Object.fromEntries(violated(sizes).map((id) => [id, 'violated' as const])),
  });

const variants = [
  variant(
    'upstream-get',
    'domain_get with a BUG_ON: any CPU can name a domain that is not there',
    { getOrBug: true },
    {},
    () => [],
  ),
  variant(
    'upstream-map',
    'map_pages keeps its reference where use_dma fails',
    { mapLeaks: true },
    {},
    () => [],
  ),
  variant('upstream-free', 'WARN_ON in free_domain', { freeOrWarn: true }, {}, () => []),
  variant('upstream-lookup', 'two CPUs name the first domain', { racyLookup: true }, {}, () => []),
  variant(
    'one-vmid',
    'two domains under one VMID (D-13)',
    { oneVmid: true },
    { cpus: 1, domains: 2, devices: 2 },
    () => [],
  ),
  variant(
    'teardown',
    'a VM ends: devices blocked, then domains freed',
    { teardown: 'devices first' },
    { cpus: 1, devices: 2 },
    () => [],
  ),
  variant(
    'teardown-domain-first',
    'a VM ends: domains first',
    { teardown: 'domain first' },
    { cpus: 1, devices: 2 },
    () => [],
  ),
  variant('teardown-detach', 'a VM ends: devices detached', { teardown: 'detach' }, { cpus: 1, devices: 2 }, () => []),
];

export default [sc03, ...variants];
