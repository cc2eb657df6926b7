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
  vmidsComeClean,
  walkedTablesExist,
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
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';

const scope = {
  cpus: int(2, 1, 3, 'host CPUs issuing hypercalls'),
  devices: int(1, 1, 2, 'devices, each with a StreamID of its own'),
  domains: int(1, 1, 3, 'domain ids'),
  pages: int(1, 1, 3, 'RAM pages'),
  iovas: int(1, 1, 2, 'IO virtual addresses of a domain, a page each'),
};
type Scope = ScopeOf<typeof scope>;

/** Declares the whole scenario. Returns the components, for tests. */
export function declare(m: Builder, sizes: Scope, upstream: boolean): System {
  const all = parts({ ...sizes, smmus: 1 });
  const pages = pageOwnership(m, all, sizes.domains * sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const attach = el2Attach(m, all, streams, driver);
  const domains = domainRefs(m, all, pages, 0);
  const core = iommuCore(all, pages, tables, hw, driver, domains);
  const { allocDomain, freeDomain, attachDev, detachDev } = iommuDomains(
    all,
    pages,
    tables,
    hw,
    attach,
    domains,
    upstream,
  );
  const hypercalls = [
    allocDomain,
    freeDomain,
    attachDev,
    detachDev,
    core.mapPages,
    core.unmapPages,
    pages.donateHyp,
    pages.hypDonateHost,
  ];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  const system: System = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  newOwnersPagesAreOutOfReach(m, system); // I-7
  walkedTablesExist(m, system, domains); // I-3
  vmidsComeClean(m, system); // I-13
  refsCountUses(m, system); // I-14
  refsCountStreams(m, system, domains); // L-1
  streamsHaveOneDomain(m, system, driver); // L-2
  freedTablesAreUnnamed(m, system); // L-3
  quietRefsMatchMappings(m, system); // L-5
  useEndsAfterSync(m, system, driver); // P-4
  el2NeverPanics(m, system); // P-14
  everyHypercallCanReturn(m, system); // wedge
  return system;
}

const sc03 = model({
  name: 'SC-03',
  title: 'domain lifecycle: no table and no VMID outlives its domain',
  scope,
  build: (m, sizes) => void declare(m, sizes, false),
});

export default [sc03];
