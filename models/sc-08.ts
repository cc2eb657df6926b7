/**
 * SC-08, hostile StreamIDs: the three lies of S3:52-56. "Lie about SIDs (claim a device uses SID that actually belongs to
 * some other device). Attach a device to a domain that maps memory the host doesn't own. Try to re-use a 'trusted'
 * domain for some different device."
 *
 * device0 is the host's, device1 a guest's; EL2's truth table gives each its StreamID. domain0 is the host's, domain1 the
 * guest's. One CPU runs the host and the guest in turn: both attach, detach, map and unmap with any arguments, each as
 * the caller it is; the host also registers devices, and gives pages to EL2. PV design: B4, B7, B8, of B10 registration
 * and owners. No window: with one CPU, hypercalls do not overlap. W-39, and devices that change hands, are SC-15's.
 *
 * - SC-08: every call is checked against EL2's own tables. Expected: all hold, at every scope. Nightly: `cpus=2`.
 * - SC-08/upstream: the host's calls as upstream v1..v3 has them: any StreamID, any domain, no registration (D-14).
 *   Expected: I-1, I-2, I-16, I-18 are violated.
 */
import { int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  devicesAreInTheirOwnersDomains,
  devicesReachTheirOwnersPages,
  el2NeverPanics,
  everyHypercallCanReturn,
  hostProgramsOnlyItsOwn,
  newOwnersPagesAreOutOfOthersReach,
  ownersDevicesAreApart,
} from '../src/invariants/index.js';
import {
  deviceOwnership,
  devicePolicy,
  domainRefs,
  el2Attach,
  el2Driver,
  guestOwned,
  guestUseDma,
  ioPageTable,
  iommuCore,
  iommuDomains,
  mmio,
  pageOwnership,
  parts,
  platform,
  smmuMmio,
  smmuv3,
  streamTable,
  type Caller,
} from '../src/spec/index.js';
import type { Builder, Handler } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(1, 1, 2, 'CPUs that run the host and the guest'),
  pages: int(2, 2, 3, 'RAM pages; the last one is the guest’s'),
  iovas: int(1, 1, 2, 'IO virtual addresses of a domain, a page each'),
};
type Scope = ScopeOf<typeof scope>;

/** Declares the whole scenario; `checked`: the host's hypercalls ask whose things are. */
function declare(m: Builder, sizes: Scope, checked: boolean): void {
  const all = parts({ ...sizes, devices: 2, domains: 2, smmus: 1 });
  const hostFirst = (i: number) => (i === 0 ? 'HOST' : 'GUEST');
  const soc = platform(
    all,
    ['0x01', '0x09'],
    [
      { sids: ['0x01'], picksOwnSids: false },
      { sids: ['0x09'], picksOwnSids: false },
    ],
    1,
  );
  // A leaf of each domain may name the page, and each CPU may hold one more use of it.
  const pages = pageOwnership(m, all, 2 * sizes.iovas + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const attach = el2Attach(m, all, streams, driver);
  const domains = domainRefs(m, all, pages, 1);
  const initial = { device: hostFirst, domain: hostFirst } as const;

  const hypercalls = (caller?: Caller): Handler[] => {
    const core = iommuCore(all, pages, tables, hw, driver, domains, caller);
    const { attachDev, detachDev } = iommuDomains(all, pages, tables, hw, attach, domains, undefined, caller);
    return [attachDev, detachDev, core.mapPages, core.unmapPages];
  };
  const give = [pages.donateHyp, pages.hypDonateHost];

  // EL2 has the SMMU and its MMIO; the handshake is open for devices.
  const mmioPages = mmio(m, all, true);
  const policy = devicePolicy(m, all, soc, mmioPages, smmuMmio(m, all, mmioPages, true), !checked);
  const owners = deviceOwnership(m, all, initial, { reg: policy.reg, soc });
  const host = checked ? owners.caller('HOST', pages.useDma) : undefined;
  const guest = owners.caller('GUEST', guestUseDma(pages));
  const register = checked ? [policy.registerDev] : [];
  const handlers = [...register, ...hypercalls(host), ...give, ...hypercalls(guest)];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, handlers);

  const last = all.page.values[sizes.pages - 1];
  m.start([pages.ownership(last), guestOwned]);
  m.assume('pvIOMMU', 'the guest names devices and StreamIDs itself; in Android routes that are frozen translate them');
  m.assume('B7', 'caches may hold whatever some prefetch schedule allows (may-cache closure)');

  const system = { parts: all, pages, tables, streams, hw, owners };
  devicesReachTheirOwnersPages(m, system); // I-1, I-2
  newOwnersPagesAreOutOfOthersReach(m, system); // I-7
  ownersDevicesAreApart(m, system); // I-16
  devicesAreInTheirOwnersDomains(m, system); // I-18
  hostProgramsOnlyItsOwn(m, system); // S3-3
  el2NeverPanics(m, system); // P-14
  everyHypercallCanReturn(m, system); // wedge
}

const sc08 = model({
  name: 'SC-08',
  title: 'hostile StreamIDs: no lie of the host gives it a guest’s device, or a guest’s page to its own',
  scope,
  build: (m, sizes) => declare(m, sizes, true),
});

const violated: Expected = 'violated';

const sc08Upstream = model({
  name: 'SC-08/upstream',
  title: 'the same with hypercalls of the host that take any StreamID and any domain (D-14)',
  scope,
  build: (m, sizes) => declare(m, sizes, false),
  expected: (): Record<string, Expected> => ({
    'I-1': violated,
    'I-2': violated,
    'I-16': violated,
    'I-18': violated,
    'S3-3': violated,
  }),
});

export default [sc08, sc08Upstream];

const counted =
  'Counted here too: the map that gives the device something to reach, register_dev, and the SMMU at the two commands of the attach.';

/** D-14 and D-15, and the three lies: each is one check that is not made. */
export const defects: readonly Defect[] = [
  {
    id: 'D-14',
    what: 'lie 1, a false StreamID: attach does not ask whose stream it is',
    model: 'SC-08',
    edits: ['pass attach_dev/stream-belongs-to-device'],
    violates: { 'I-2': 26, 'I-16': 52, 'I-18': 18, 'S3-3': 10 },
    brief: ['I-2', 'I-16', 'I-18'],
    macro: { here: 4, brief: 1 },
    note: counted,
  },
  {
    id: 'D-14',
    what: 'attach does not ask whose device it is',
    model: 'SC-08',
    edits: ['pass attach_dev/caller-owns-device'],
    violates: { 'I-2': 29, 'I-16': 58, 'I-18': 21, 'S3-3': 13 },
    brief: ['I-2', 'I-16', 'I-18'],
    macro: { here: 5, brief: 1 },
    note: counted,
  },
  {
    id: 'D-14',
    what: 'the hypercalls of upstream v1..v3',
    model: 'SC-08/upstream',
    edits: [],
    violates: { 'I-1': 23, 'I-2': 22, 'I-16': 45, 'I-18': 15, 'S3-3': 6 },
    brief: ['I-2', 'I-16', 'I-18'],
    macro: { here: 4, brief: 1 },
    note: 'I-1: the host also attaches its own device to the guest’s domain.',
  },
  {
    id: 'D-14',
    what: 'lie 2, a domain that maps what is not the host’s: no ownership check at map',
    model: 'SC-08',
    edits: ['pass map_pages/host-owns-page'],
    violates: { 'I-1': 29, 'I-16': 66 },
    brief: ['I-1'],
    note: 'D-01 with a guest’s page; the brief has it under D-01.',
  },
  {
    id: 'D-14',
    what: 'lie 2, with the guest’s domain: the host maps into it',
    model: 'SC-08',
    edits: ['pass map_pages/caller-owns-domain'],
    violates: { 'I-2': 29, 'I-16': 66, 'S3-3': 7 },
    brief: ['I-2'],
  },
  {
    id: 'D-14',
    what: 'lie 3, a trusted domain for another device: attach does not ask whose domain it is',
    model: 'SC-08',
    edits: ['pass attach_dev/caller-owns-domain'],
    violates: { 'I-1': 29, 'I-16': 58, 'I-18': 21 },
    brief: ['I-16', 'I-18'],
  },
  {
    id: 'D-15',
    what: 'register_dev does not compare with truth',
    model: 'SC-08',
    edits: ['pass register_dev/request-equals-truth'],
    violates: { 'I-1': 29, 'I-2': 29, 'I-16': 55, 'I-18': 21, 'S3-3': 13 },
    brief: ['I-5', 'I-17'],
    note: 'What the brief names is decided in SC-09, which has the memory controller and the freeze. Here is what comes of it.',
  },
];
