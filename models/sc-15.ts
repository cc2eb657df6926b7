/**
 * SC-15, device assignment: "These devices are allowed to be attached to protected guests; others are host-only. The
 * policy is stored at EL2; EL1 can only request." (S3:201-203)
 *
 * One device, the host's at first, behind one SMMU. The host gives its MMIO to EL2, has it assigned to a guest, donates a
 * page to the guest, and at some time tears the guest down and reclaims the page. The guest attaches the device to its own
 * domain and maps its page. Its vCPU and the device write secrets wherever they reach. When the guest is gone its domain
 * id, and so its VMID, may be the host's. cpu0 makes every hypercall of the host; cpu1 runs the guest, and attaches and
 * detaches for the host (`everywhere`: it also makes the host's others). PV design: of B2 donate_guest and reclaim, B4,
 * B7, B8 with dev_block_dma, B10. Windows: W-39 (block … change owner … attach), W-34 (poison … unmap), W-33, W-26.
 *
 * - SC-15: devices are blocked, flushed and reset, and domains freed, before any page can be reclaimed. Expected: all hold.
 * - SC-15/published: reclaim comes between start and finalize of a teardown, and finalize blocks devices (without TLBI),
 *   then frees domains; EL2 has a WARN_ON where a device to be assigned is still attached.
 * - SC-15/android-older-teardown: the device's owner changes, and nothing else happens to it.
 * - SC-15/domains-first: domains are freed, then devices are blocked (D-34's consequence).
 *
 * Nightly: `everywhere=true`.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  devicesAreInTheirOwnersDomains,
  devicesComeBackClean,
  devicesReachTheirOwnersPages,
  el2NeverPanics,
  everyHypercallCanReturn,
  freedTablesAreUnnamed,
  hostCannotProgramGuestsDevices,
  newOwnersPagesAreOutOfOthersReach,
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

const scope = {
  pages: int(2, 2, 3, 'RAM pages; the first is mapped for the device in the host’s domain'),
  everywhere: flag(false, 'cpu1 makes every hypercall of the host, too'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, sizes: Scope, design: TeardownDesign): void {
  const all = parts({ pages: sizes.pages, iovas: 1, cpus: 2, devices: 1, domains: 2, smmus: 1 });
  const [hosts] = all.domain.values;
  // A leaf of each domain may name the page, and each CPU may hold one more use of it.
  const pages = pageOwnership(m, all, 4);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const attach = el2Attach(m, all, streams, driver);
  const domains = domainRefs(m, all, pages, 1);
  const owners = deviceOwnership(m, all, { device: () => 'HOST', domain: (d) => (d === hosts ? 'HOST' : 'GUEST') });
  const guest = assignedGuest(m, all, pages, hw);

  const calls = (caller: Caller) => iommuDomains(all, pages, tables, hw, attach, domains, false, caller);
  const asHost = calls(owners.caller('HOST', pages.useDma));
  const guestCaller = owners.caller('GUEST', guestUseDma(pages));
  const asGuest = calls(guestCaller);
  const core = iommuCore(all, pages, tables, hw, driver, domains, guestCaller);
  const assignment = deviceAssignment(m, all, pages, streams, driver, domains, asHost, owners, guest, design);

  const attaching = [asHost.attachDev, asHost.detachDev];
  const others = [
    asHost.allocDomain,
    assignment.assignMmio,
    assignment.reclaimMmio,
    assignment.assign,
    guest.donateGuest,
    guest.reclaim,
    assignment.startTeardown,
    assignment.finalizeTeardown,
  ];
  const ofGuest = [asGuest.attachDev, asGuest.detachDev, core.mapPages, core.unmapPages].map(guest.whileRunning);
  m.process('cpu0', [...attaching, ...others]);
  m.process('cpu1', [...attaching, ...(sizes.everywhere ? others : []), ...ofGuest]);

  m.start([tables.table(hosts), tables.Table.fill(tables.Pte.make.V(all.page.of(0)))], [pages.ref(all.page.of(0)), 1]);

  m.assume('one-vCPU', 'the guest has one vCPU, which runs on cpu1');
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
  scope,
  build: (m, sizes) => declare(m, sizes, safe),
});

const violated: Expected = 'violated';

const published = model({
  name: 'SC-15/published',
  title: 'the same with pages reclaimed before devices are blocked, and no TLBI',
  scope,
  build: (m, sizes) => declare(m, sizes, asPublished),
  expected: (): Record<string, Expected> => ({ 'I-12': violated }),
});

const reclaimFirst = model({
  name: 'SC-15/reclaim-first',
  title: 'the same with pages reclaimed before devices are blocked (D-40)',
  scope,
  build: (m, sizes) => declare(m, sizes, { ...safe, when: 'finalize' }),
  expected: (): Record<string, Expected> => ({ 'I-2': violated, 'I-7': violated, 'I-12': violated }),
});

const olderTeardown = model({
  name: 'SC-15/android-older-teardown',
  title: 'the same where a teardown changes the device’s owner, and nothing else of it',
  scope,
  build: (m, sizes) => declare(m, sizes, { ...safe, block: 'owner only' }),
  expected: (): Record<string, Expected> => ({ 'L-15': violated }),
});

const domainsFirst = model({
  name: 'SC-15/domains-first',
  title: 'the same with domains freed before devices are blocked',
  scope,
  build: (m, sizes) => declare(m, sizes, { ...safe, order: 'domains first' }),
  expected: (): Record<string, Expected> => ({ 'L-3': violated }),
});

export default [sc15, published, reclaimFirst, olderTeardown, domainsFirst];

export const defects: readonly Defect[] = [];
