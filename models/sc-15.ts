/**
 * SC-15, device assignment: "These devices are allowed to be attached to protected guests; others are host-only. The
 * policy is stored at EL2; EL1 can only request." (S3:201-203)
 *
 * One device, the host's at first, behind one SMMU. The host gives its MMIO to EL2, has it assigned to a guest, donates a
 * page to the guest, and at some time tears the guest down and reclaims the page. The guest attaches the device to its own
 * domain and maps its page. Its vCPU and the device write secrets wherever they reach. When the guest is gone its domain
 * id, and so its VMID, may be the host's. Both CPUs make the host's hypercalls; the last one also runs the guest. PV
 * design: of B2 donate_guest and reclaim, B4, B7, B8 with dev_block_dma, B10. Windows: W-39 (block … change owner …
 * attach), W-34 (poison … unmap), W-26 (domain freed … id used again), W-33 (guest's DMA mapping … its page).
 *
 * - SC-15: devices are blocked, flushed and reset, and domains freed, before any page can be reclaimed. Expected: all hold.
 * - SC-15/reclaim-first: that one difference: pages are reclaimed first (D-40).
 * - SC-15/published: reclaim comes between start and finalize of a teardown, and finalize blocks devices (without TLBI),
 *   then frees domains; EL2 has a WARN_ON where a device to be assigned is still attached.
 * - SC-15/android-older-teardown: the device's owner changes, and nothing else happens to it.
 * - SC-15/domains-first: domains are freed, then devices are blocked (D-34's consequence).
 * - SC-15/frees: the host and the guest also free domains; whose it is is asked first. Expected: all hold.
 * - SC-15/refs-first: the last reference is taken first, as an Android snapshot has it.
 *
 * The variants but SC-15/frees are expected violated: see each. They need one CPU; with two, the transient reference of a hypercall that
 * names another's domain adds to SC-15/published. Nightly: `pages=3`, and `cpus=2` for the variants.
 */
import { int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  devicesAreInTheirOwnersDomains,
  devicesComeBackClean,
  devicesReachTheirOwnersPages,
  domainsEndByTheirOwners,
  el2NeverPanics,
  everyHypercallCanReturn,
  freedTablesAreUnnamed,
  hostCannotProgramGuestsDevices,
  newOwnersPagesAreOutOfOthersReach,
  quietRefsMatchMappings,
  secretsStayWithTheGuest,
  vmidsComeClean,
  walkedTablesExist,
} from '../src/invariants/index.js';
import {
  assignedGuest,
  deviceAssignment,
  deviceOwnership,
  domainRefs,
  el2Attach,
  el2Driver,
  guestUseDma,
  ioPageTable,
  iommuCore,
  iommuDomains,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  type Caller,
  type TeardownDesign,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = (cpus: number) => ({
  cpus: int(cpus, 1, 2, 'host CPUs; the last one also runs the guest'),
  pages: int(2, 2, 3, 'RAM pages; the first is mapped for the device in the host’s domain'),
});
type Scope = ScopeOf<ReturnType<typeof scope>>;

/** Who has free_domain: nobody, or the host and the guest, whose free asks for the owner first or last. */
type Frees = 'nobody' | 'owner first' | 'refs first';

function declare(m: Builder, sizes: Scope, design: TeardownDesign, frees: Frees = 'nobody'): void {
  const all = parts({ ...sizes, iovas: 1, devices: 1, domains: 2, smmus: 1 });
  const [hosts] = all.domain.values;
  // A leaf of each domain may name the page, and each CPU may hold one more use of it.
  const pages = pageOwnership(m, all, 2 + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const attach = el2Attach(m, all, streams, driver);
  const domains = domainRefs(m, all, pages, 1, { freesBeforeOwner: frees === 'refs first' });
  const owners = deviceOwnership(m, all, { device: () => 'HOST', domain: (d) => (d === hosts ? 'HOST' : 'GUEST') });
  const guest = assignedGuest(m, all, pages, hw);

  const calls = (caller: Caller) => iommuDomains(all, pages, tables, hw, attach, domains, undefined, caller);
  const asHost = calls(owners.caller('HOST', pages.useDma));
  const guestCaller = owners.caller('GUEST', guestUseDma(pages));
  const asGuest = calls(guestCaller);
  const core = iommuCore(all, pages, tables, hw, driver, domains, guestCaller);
  const assignment = deviceAssignment(m, all, pages, streams, driver, domains, asHost, owners, guest, {
    ...design,
    domainMayBeGone: frees !== 'nobody',
  });

  const ofHost = [
    asHost.attachDev,
    asHost.detachDev,
    asHost.allocDomain,
    assignment.assignMmio,
    assignment.reclaimMmio,
    assignment.assign,
    guest.donateGuest,
    guest.reclaim,
    assignment.startTeardown,
    assignment.finalizeTeardown,
    ...(frees === 'nobody' ? [] : [asHost.freeDomain]),
  ];
  const ofGuest = [
    asGuest.attachDev,
    asGuest.detachDev,
    ...(frees === 'nobody' ? [] : [asGuest.freeDomain]),
    core.mapPages,
    core.unmapPages,
  ].map(guest.whileRunning);
  for (let cpu = 0; cpu < sizes.cpus; cpu++) {
    m.process(`cpu${cpu}`, cpu === sizes.cpus - 1 ? [...ofHost, ...ofGuest] : ofHost);
  }

  m.start([tables.table(hosts), tables.Table.fill(tables.Pte.make.V(all.page.of(0)))], [pages.ref(all.page.of(0)), 1]);

  m.assume('one-vCPU', 'the guest has one vCPU, which runs on the last CPU');
  m.assume('reset', 'a reset leaves nothing of the old owner in the device');
  m.assume('B7', 'caches may hold whatever some prefetch schedule allows (may-cache closure)');

  const system = { parts: all, pages, tables, streams, hw, owners, guest, assignment };
  devicesReachTheirOwnersPages(m, system); // I-1, I-2
  walkedTablesExist(m, system, domains); // I-3
  newOwnersPagesAreOutOfOthersReach(m, system); // I-7
  secretsStayWithTheGuest(m, system); // I-12
  vmidsComeClean(m, system); // I-13
  devicesAreInTheirOwnersDomains(m, system); // I-18
  freedTablesAreUnnamed(m, system); // L-3
  devicesComeBackClean(m, system); // L-15
  hostCannotProgramGuestsDevices(m, system); // MMIO
  if (frees !== 'nobody') {
    quietRefsMatchMappings(m, system); // L-5
    domainsEndByTheirOwners(m, system); // S3-3
  }
  el2NeverPanics(m, system); // P-14
  everyHypercallCanReturn(m, system); // wedge
}

const safe: TeardownDesign = {
  when: 'start',
  order: 'devices first',
  block: 'recipe',
  forcedFree: 'when quiet',
  stillAttached: 'fails',
};
const asPublished: TeardownDesign = {
  when: 'finalize',
  order: 'devices first',
  block: 'published',
  forcedFree: 'unconditional',
  stillAttached: 'WARN_ON',
};

const sc15 = model({
  name: 'SC-15',
  title: 'device assignment: a device and its pages come back from a guest with nothing of it',
  scope: scope(2),
  build: (m, sizes) => declare(m, sizes, safe),
});

const violated = (ids: readonly string[]): Record<string, Expected> =>
  Object.fromEntries(ids.map((id) => [id, 'violated']));

const published = model({
  name: 'SC-15/published',
  title: 'the same with pages reclaimed before devices are blocked, and no TLBI',
  scope: scope(1),
  build: (m, sizes) => declare(m, sizes, asPublished),
  expected: () => violated(['I-1', 'I-2', 'I-3', 'I-7', 'I-12', 'I-12-device', 'I-13', 'L-15', 'L-15-order', 'P-14']),
});

const reclaimFirst = model({
  name: 'SC-15/reclaim-first',
  title: 'the same with pages reclaimed before devices are blocked (D-40)',
  scope: scope(1),
  build: (m, sizes) => declare(m, sizes, { ...safe, when: 'finalize' }),
  expected: () => violated(['I-2', 'I-7', 'I-12']),
});

const olderTeardown = model({
  name: 'SC-15/android-older-teardown',
  title: 'the same where a teardown changes the device’s owner, and nothing else of it',
  scope: scope(1),
  build: (m, sizes) => declare(m, sizes, { ...safe, block: 'owner only' }),
  // With two CPUs the host also names the domain at the wrong time, and its VMID is used again.
  expected: ({ cpus }) =>
    violated([
      ...['I-1', 'I-3', 'I-12', 'I-12-device', 'I-18', 'L-3', 'L-15', 'L-15-order'],
      ...(cpus > 1 ? ['I-13', 'P-14'] : []),
    ]),
});

const domainsFirst = model({
  name: 'SC-15/domains-first',
  title: 'the same with domains freed before devices are blocked',
  scope: scope(1),
  build: (m, sizes) => declare(m, sizes, { ...safe, order: 'domains first' }),
  expected: () => violated(['I-3', 'L-3']),
});

const freesOwnerFirst = model({
  name: 'SC-15/frees',
  title: 'the same, and the host and the guest free domains: each its own',
  scope: scope(1),
  build: (m, sizes) => declare(m, sizes, safe, 'owner first'),
});

const freesRefsFirst = model({
  name: 'SC-15/refs-first',
  title: 'the same, but free_domain takes the last reference before it asks whose domain it is',
  scope: scope(1),
  build: (m, sizes) => declare(m, sizes, safe, 'refs first'),
  expected: () => violated(['L-5', 'S3-3/free']),
});

export default [sc15, published, reclaimFirst, olderTeardown, domainsFirst, freesOwnerFirst, freesRefsFirst];

const one = { cpus: 1 };

/**
 * The window W-39 itself takes two CPUs and 1.6 million states: test/spec/sc-15.test.ts has it, with the properties of
 * the brief alone. Here are D-40, W-39 and D-34 as far as assignment shows them, and what else is load-bearing.
 */
export const defects: readonly Defect[] = [
  {
    id: 'D-40',
    what: 'pages are reclaimed while the guest’s device still reaches them',
    model: 'SC-15/reclaim-first',
    edits: [],
    violates: { 'I-2': 54, 'I-7': 54, 'I-12': 57 },
    brief: ['I-12'],
    macro: { here: 14, brief: 1 },
    note: 'The brief’s trace is the last event alone; here the whole assignment and the commands of the attach come before it.',
  },
  {
    id: 'D-40',
    what: 'pages are reclaimed while the guest’s vCPU runs (W-34)',
    model: 'SC-15',
    scope: one,
    edits: ['pass __pkvm_host_reclaim_page_guest/VM-is-dying'],
    violates: { 'I-2': 44, 'I-7': 52, 'I-12': 10 },
    brief: ['I-12'],
  },
  {
    id: 'D-40',
    what: 'the order of a teardown as published',
    model: 'SC-15/published',
    edits: [],
    violates: { 'I-1': 89, 'I-2': 41, 'I-3': 41, 'I-7': 54, 'I-12': 48, 'I-12-device': 55, 'I-13': 89, 'L-15': 68, 'L-15-order': 62, 'P-14': 31 },
    brief: ['I-12'],
    note: 'I-12 earlier than in SC-15/reclaim-first: the SMMU may take half a zeroed STE for a table at address 0.',
  }, // prettier-ignore
  {
    id: 'W-39',
    what: 'attach does not ask whose device it is',
    model: 'SC-15',
    scope: one,
    edits: ['pass attach_dev/caller-owns-device'],
    violates: { 'I-2': 25, 'I-12': 100, 'I-12-device': 156, 'I-18': 25, 'P-14': 89 },
    brief: ['I-18'],
  },
  {
    id: 'W-39',
    what: 'assign does not look whether the device is blocked',
    model: 'SC-15',
    scope: one,
    edits: ['pass pkvm_host_map_guest_mmio/STE-is-not-live'],
    violates: { 'I-2': 32, 'I-18': 32, 'P-14': 89 },
    brief: ['I-2'],
  },
  {
    id: 'D-34',
    what: 'domains are freed before devices are blocked',
    model: 'SC-15/domains-first',
    edits: [],
    violates: { 'I-3': 37, 'L-3': 37 },
    brief: ['L-3', 'I-3'],
  },
  {
    id: 'D-34',
    what: 'a domain is freed while a hypercall of the host holds its transient reference',
    model: 'SC-15',
    edits: ['pass no-hypercall-at-work'],
    violates: { 'I-3': 27, 'P-14': 8 },
    brief: ['I-3'],
    note: 'L-3 holds: at the time of the free no STE names the table. It is the hypercall at work that attaches later.',
  },
  {
    id: 'L-15',
    what: 'an older teardown: the owner changes, and nothing else',
    model: 'SC-15/android-older-teardown',
    edits: [],
    violates: { 'I-1': 50, 'I-3': 39, 'I-12': 64, 'I-12-device': 52, 'I-18': 37, 'L-3': 39, 'L-15': 44, 'L-15-order': 37 },
    brief: ['L-15'],
  }, // prettier-ignore
  {
    id: 'L-15',
    what: 'dev_block_dma without TLBI',
    model: 'SC-15',
    scope: one,
    edits: ['drop __pkvm_start_teardown_vm/tlb_inv_vmid'],
    violates: { 'I-1': 95, 'I-12': 111, 'I-12-device': 97, 'I-13': 95, 'L-15': 76, 'L-15-order': 67 },
    brief: ['L-15'],
  },
  {
    id: 'L-15',
    what: 'the owner changes before the device is blocked',
    model: 'SC-15',
    scope: one,
    edits: ['move device/clear-ctxt before device/smmu_lock'],
    violates: { 'I-1': 50, 'I-12-device': 52, 'I-18': 37, 'L-15-order': 37 },
    brief: ['L-15'],
    note: 'In the end all is clean, so that the quiescent L-15 holds; L-15-order is its “then owner HOST”.',
  },
  {
    id: 'B4 free',
    what: 'free_domain takes the last reference, then asks whose domain it is, as an Android snapshot',
    model: 'SC-15/refs-first',
    edits: [],
    violates: { 'L-5': 9, 'S3-3/free': 2 },
    brief: [],
    note: 'The caller gets -EPERM, and the domain is gone: its owner gets an error at its next call, or a panic where domain_get has a BUG_ON (SC-03/upstream-get). L-5: the id is allocated again, the old table is lost, and what it pinned stays pinned.',
  },
  {
    id: 'B4 free',
    what: 'the same, and alloc_domain takes the table that is there',
    model: 'SC-15/refs-first',
    edits: ['drop alloc_domain/new-table'],
    violates: { 'I-1': 37, 'I-12': 57, 'I-12-device': 39, 'S3-3/free': 2 },
    brief: [],
    note: 'Not published: drivers make new tables. So it is that alone which keeps the guest’s pages from the host’s device.',
  },
  {
    id: 'B4 free',
    what: 'the host frees a guest’s domain: nobody asks whose it is',
    model: 'SC-15/frees',
    edits: ['pass free_domain/caller-owns-domain'],
    violates: { 'S3-3/free': 3 },
    brief: [],
    note: 'The tables are freed in order and nothing is attached, so the guest loses its domain and no more.',
  },
  {
    id: 'B4 free',
    what: 'the guest frees a domain that a device is attached to',
    model: 'SC-15/frees',
    edits: ['pass guest-free_domain/refs-is-1'],
    violates: { 'I-3': 38, 'I-18': 42, 'L-3': 38 },
    brief: [],
  },
  {
    id: 'B4 free',
    what: 'a teardown frees the id that was the guest’s once, whoever has it now',
    model: 'SC-15/frees',
    edits: ['drop __pkvm_start_teardown_vm/is-it-the-VM’s'],
    violates: { 'I-3': 38, 'L-3': 38, wedge: 6 },
    brief: [],
    note: 'wedge: where nobody has it, it waits for the reference of the allocation.',
  },
];
