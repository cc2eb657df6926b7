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
import type { Defect } from './defect.js';

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

const one = { cpus: 1, domains: 1 };
const twoSmmus = { ...one, devices: 2, smmus: 2 };

/** D-11..D-13, D-33, D-34, and W-26. The brief counts from the first hypercall on; lengths here are transitions. */
export const defects: readonly Defect[] = [
  {
    id: 'D-11',
    what: 'detach: no CFGI and SYNC at all',
    model: 'SC-03',
    scope: { cpus: 1 },
    edits: ['drop detach_dev/sync-word-0', 'drop detach_dev/sync-words-1..7'],
    violates: { 'I-1': 34, 'I-3': 31, 'I-7': 43, 'I-13': 61, 'I-13/live': 48, 'I-14': 51, 'L-3': 42 },
    brief: ['I-3', 'L-4'],
    note: 'L-4 is about pages of tables, and so in SC-07/domains; I-3 here is a torn STE already',
  },
  {
    id: 'D-12',
    what: 'detach: the TLBI with the last reference',
    model: 'SC-03',
    scope: { ...one, devices: 2 },
    edits: ['drop detach_dev/tlb_inv_vmid'],
    violates: { 'I-1': 81, 'I-7': 89, 'I-13': 72, 'I-14': 62 },
    brief: ['I-13', 'I-7'],
    macro: { here: 16, brief: 10 },
    note: 'an attach and a detach have four events of the SMMU each, which the brief does not count. I-13 breaks when the VMID is attached again, I-14 already when free_domain gives the page back',
  },
  {
    id: 'D-12',
    what: 'detach: the TLBI with the last reference on its SMMU, where the domain has another SMMU',
    model: 'SC-03',
    scope: twoSmmus,
    edits: ['drop detach_dev/tlb_inv_vmid'],
    violates: { 'I-1': 81, 'I-7': 89, 'I-13': 72, 'I-14': 62 },
    brief: ['I-13', 'I-7'],
    note: 'the lengths of one SMMU: the last stream of one SMMU is the last of the domain in the shortest traces',
  },
  {
    id: 'D-09',
    what: 'an unmap invalidates on one SMMU of two that the host has attached the domain to',
    model: 'SC-03',
    scope: twoSmmus,
    edits: ['once unmap_pages/iotlb_sync/each-SMMU'],
    violates: { 'I-1': 72, 'I-7': 72, 'I-14': 67, 'P-1': 75, 'P-4': 67 },
    brief: ['I-7'],
    note: 'SC-02 shows it with streams that are attached from the start; here two attach_dev come first, with four events of an SMMU each',
  },
  {
    id: 'W-16',
    what: 'attach: the SMMU is not put into the domain’s list',
    model: 'SC-03',
    scope: twoSmmus,
    edits: ['drop attach_dev/list_add'],
    violates: { 'I-1': 41, 'I-7': 41, 'I-13': 67, 'I-14': 36, 'L-2': 23 },
    brief: [],
  },
  {
    id: 'D-13',
    what: 'one VMID for two domains',
    model: 'SC-03/one-vmid',
    edits: [],
    violates: {
      'I-1': 92,
      'I-3': 80,
      'I-7': 92,
      'I-13': 105,
      'I-13/live': 40,
      'I-14': 89,
      'L-1': 78,
      'L-2': 78,
      'L-3': 80,
    },
    brief: ['I-13'],
    note: 'the brief’s property has two halves: I-13/live is the first. L-1 and L-2 break since detach compares VMIDs',
  },
  {
    id: 'D-33',
    what: 'domain_get does not look whether the domain is there',
    model: 'SC-03',
    scope: { cpus: 1 },
    edits: ['pass attach_dev/domain-is-allocated'],
    violates: { 'I-1': 36, 'I-7': 36, 'I-3': 24, 'I-14': 33, 'L-1': 22, 'L-3': 24, 'P-1': 41, 'P-4': 33 },
    brief: ['L-3', 'I-3'],
  },
  {
    id: 'D-34',
    what: 'free_domain does not ask for refs = 1',
    model: 'SC-03',
    scope: one,
    edits: ['pass free_domain/refs-is-1'],
    violates: { 'I-1': 38, 'I-7': 38, 'I-3': 26, 'I-14': 35, 'L-1': 27, 'L-3': 26, 'P-1': 43, 'P-4': 35 },
    brief: ['L-3', 'I-3'],
    macro: { here: 7, brief: 3 },
    note: 'the attach has four events of the SMMU, which the brief does not count',
  },
  {
    id: 'CMD_SYNC',
    what: 'unmap: PROD is moved over a CMD_SYNC that was not written',
    model: 'SC-03',
    scope: one,
    edits: ['drop unmap_pages/cmd_sync/write-CMD_SYNC'],
    violates: { 'V-1': 41, wedge: 32 },
    brief: [],
    note: 'the SMMU stops at what the entry held before, and the unmap waits for ever',
  },
  {
    id: 'W-26',
    what: 'a VM ends: no TLBI of its VMID',
    model: 'SC-03/teardown-detach',
    edits: ['drop teardown_vm/tlb_inv_vmid'],
    violates: { 'I-1': 80, 'I-7': 88, 'I-13': 77, 'I-14': 61 },
    brief: ['I-13'],
  },
  {
    id: 'B8',
    what: 'attach: a CMD_SYNC behind words 1..7 that timed out is taken for success',
    model: 'SC-03/timeouts',
    edits: ['pass attach_dev/sync-words-1..7/cmd_sync/CMD_SYNC-is-complete'],
    violates: { 'I-1': 17, 'I-3': 14, 'L-1': 35, 'L-2': 35, 'P-14': 22 },
    brief: [],
  },
  {
    id: 'B8',
    what: 'detach: a CMD_SYNC that timed out is taken for success',
    model: 'SC-03/timeouts',
    edits: [
      'pass detach_dev/sync-word-0/cmd_sync/CMD_SYNC-is-complete',
      'pass detach_dev/sync-words-1..7/cmd_sync/CMD_SYNC-is-complete',
    ],
    violates: { 'I-1': 39, 'I-3': 36, 'P-14': 22 },
    brief: [],
    note: 'No stream is left behind then (L-1, L-2): what the error path costs is what isolation rests on.',
  },
  {
    id: 'W-07',
    what: 'unmap: a CMD_SYNC that timed out is taken for success, as with a WARN_ON that only logs',
    model: 'SC-03/unmap-timeouts',
    edits: ['pass unmap_pages/CMD_SYNC-is-complete'],
    violates: { 'I-1': 48, 'I-7': 48, 'I-14': 43, 'P-1': 51, 'P-4': 43 },
    brief: [],
    note: 'No P-14 then: where a WARN_ON is no panic, its page is given back while an SMMU still has it.',
  },
  {
    id: 'dying',
    what: 'another CPU maps and unmaps while the VM is torn down',
    model: 'SC-03/teardown-detach',
    scope: { devices: 1 },
    edits: [],
    deny: ['dying'],
    violates: {
      'I-1': 45,
      'I-7': 45,
      'I-3': 37,
      'I-14': 33,
      'L-1': 35,
      'L-3': 37,
      'L-5/tables': 16,
      'L-3/use': 11,
      'L-5': 32,
      'P-1': 50,
      'P-4': 21,
      'P-14': 9,
    },
    brief: [],
    note: 'refs are set to 0 behind the back of a map that holds a reference',
  },
  {
    id: 'IHI-0070-4.7',
    what: 'a CMD_SYNC does not wait for DMA through what was invalidated',
    model: 'SC-03',
    scope: one,
    edits: [],
    deny: ['IHI-0070-4.7'],
    violates: { 'I-1': 50, 'I-7': 50, 'I-13': 75, 'I-14': 45 },
    brief: [],
  },
];

export default [sc03, ...variants];
