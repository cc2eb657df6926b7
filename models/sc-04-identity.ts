/**
 * SC-04/identity: the identity domain of the PV design (B4: domain id 0, so VMID 0).
 *
 * Domain 0 is there from the start. Its table is the identity map: filled from the host's stage-2 when the first stream is
 * attached (W-17), and from then on changed with each change of ownership. VMID 0 is also what zeroed words of an STE
 * name: an SMMU that mixes them with words that translate walks under the identity domain's VMID.
 * Components: those of SC-04 for stage 2, `idmap.ts`, `mirrored-stage2.ts`.
 *
 * One CPU makes all calls; others only change owners.
 * - SC-04/identity: expected: all hold.
 * - SC-04/identity-published: an early snapshot sets the flag of the map behind host_mmu.lock, and no tree refuses to free
 *   domain 0. Expected: I-1 and I-7 (W-17, on two CPUs), mirror, P-14.
 * - SC-04/identity-finalise: attach_dev makes tables under pgt_lock, as published. Expected: all hold.
 * - SC-04/identity-pgt-lock: they are also freed under it, as the brief has it. Expected: P-6; wedge and V-1 hold.
 * Nightly: `devices=2`; for the last one `cpus=3 devices=2`.
 */
import { int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  freedTablesAreUnnamed,
  hostCpusReachHostPages,
  hostDevicesReachHostPages,
  idmapMirrorsMirroredStage2,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  quietRefsMatchMappings,
  refsCountStreams,
  refsCountUses,
  streamsHaveOneDomain,
  vmidsAreNotShared,
  vmidsComeClean,
  walkedTablesExist,
  wordsAreNeverMixed,
  type System,
} from '../src/invariants/index.js';
import {
  domainRefs,
  el2Attach,
  el2Driver,
  idmap,
  idmapOwnership,
  ioPageTable,
  iommuCore,
  iommuDomains,
  mirroredStage2,
  pageOwnership,
  parts,
  smmuv3,
  snapshotAtFirstAttach,
  streamTable,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(2, 1, 2, 'host CPUs: one makes all hypercalls, the second donates pages and gets them back'),
  devices: int(1, 1, 2, 'devices, each with a StreamID of its own'),
  domains: int(2, 1, 3, 'domain ids: the identity domain, and S2 domains'),
  pages: int(1, 1, 2, 'RAM pages, and IO virtual addresses'),
};
type Scope = ScopeOf<typeof scope>;

interface Design {
  readonly flagBehindLock: boolean;
  readonly freesIdentity: boolean;
  /** attach_dev makes the table under pgt_lock, as published; it is also freed under pgt_lock, as the brief has it. */
  readonly pgtLock?: 'at attach' | 'at attach and free';
}

function declare(m: Builder, sizes: Scope, design: Design): void {
  const all = parts({ ...sizes, smmus: 1, iovas: sizes.pages, identity: true });
  const pages = pageOwnership(m, all, sizes.domains * all.iova.size + sizes.cpus);
  const stage2 = mirroredStage2(m, all, pages);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  const driver = el2Driver(m, all, streams, hw);
  const attach = el2Attach(m, all, streams, driver, undefined, undefined, design.pgtLock && tables.pgtLock);
  const refs = domainRefs(m, all, pages, (d) => (d === all.identity ? 1 : 0), {
    ...design,
    freesUnderPgtLock: design.pgtLock === 'at attach and free',
  });
  const map = idmap(m, all, tables, hw, driver, { ...refs, panicked: pages.panicked });
  const snapshot = snapshotAtFirstAttach(all, pages, stage2, tables, map, { invertsResult: false, ...design });
  const own = idmapOwnership(m, pages, stage2, map.update, true);
  const core = iommuCore(all, pages, tables, hw, driver, refs);
  const domains = iommuDomains(all, pages, tables, hw, attach, refs, undefined, undefined, snapshot);
  const ownership = [own.donateHyp, own.hypDonateHost];
  const { allocDomain, freeDomain, attachDev, detachDev } = domains;
  const ofDomain = [allocDomain, freeDomain, attachDev, detachDev];
  if (sizes.cpus < 3) m.process('cpu0', [...ofDomain, core.mapPages, core.unmapPages, ...ownership]);
  if (sizes.cpus > 1) m.process('cpu1', ownership);
  if (sizes.cpus === 3) {
    m.process('cpu0', [allocDomain, freeDomain]);
    m.process('cpu2', [attachDev, detachDev, core.mapPages]);
  }

  m.assume('B7', 'the SMMU may hold every combination of words that it may have fetched, and mix them');

  const system: System = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  walkedTablesExist(m, system, refs); // I-3
  hostCpusReachHostPages(m, system, stage2); // I-6
  newOwnersPagesAreOutOfReach(m, system); // I-7
  vmidsAreNotShared(m, system); // I-13
  vmidsComeClean(m, system); // I-13
  refsCountUses(m, system); // I-14
  refsCountStreams(m, system, refs); // L-1
  streamsHaveOneDomain(m, system, driver); // L-2
  freedTablesAreUnnamed(m, system); // L-3
  quietRefsMatchMappings(m, system); // L-5
  idmapMirrorsMirroredStage2(m, system, stage2, map);
  wordsAreNeverMixed(m, system); // P-2
  el2NeverPanics(m, system); // P-14
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
}

const violated: Expected = 'violated';

export const identity = model({
  name: 'SC-04/identity',
  title: 'the identity domain: its map follows ownership, and nobody else walks under VMID 0',
  scope,
  build: (m, sizes) => declare(m, sizes, { flagBehindLock: false, freesIdentity: false }),
});

export const identityPublished = model({
  name: 'SC-04/identity-published',
  title: 'the same, but the flag of the map is set behind host_mmu.lock (W-17), and the identity domain can be freed',
  scope,
  build: (m, sizes) => declare(m, sizes, { flagBehindLock: true, freesIdentity: true }),
  expected: ({ cpus }): Record<string, Expected> => ({
    ...(cpus > 1 ? { 'I-1': violated, 'I-7': violated } : {}),
    mirror: violated,
    'P-14': violated,
  }),
});

const threeCpus = {
  ...scope,
  cpus: int(
    2,
    1,
    3,
    'as in SC-04/identity; three: one allocates and frees, one attaches, detaches and maps, one changes owners',
  ),
};

export const identityFinalise = model({
  name: 'SC-04/identity-finalise',
  title: 'the same as SC-04/identity, and attach_dev makes the domain’s table under pgt_lock, inside smmu_lock',
  scope: threeCpus,
  build: (m, sizes) => declare(m, sizes, { flagBehindLock: false, freesIdentity: false, pgtLock: 'at attach' }),
});

export const identityPgtLock = model({
  name: 'SC-04/identity-pgt-lock',
  title: 'the same, and tables are freed under pgt_lock: a cycle of locks, and no deadlock',
  scope: threeCpus,
  build: (m, sizes) =>
    declare(m, sizes, { flagBehindLock: false, freesIdentity: false, pgtLock: 'at attach and free' }),
  expected: () => ({ 'P-6': violated }),
});

const one = { cpus: 1 };

export const identityDefects: readonly Defect[] = [
  {
    id: 'W-17',
    what: 'no host_mmu.lock around the snapshot at first attach: it undoes a donation',
    model: 'SC-04/identity',
    edits: ['unlock attach_dev/host_mmu.lock'],
    violates: { 'I-1': 32, 'I-7': 32, mirror: 33 },
    brief: ['I-1'],
    note: 'The brief has the window as no matter of safety, with this lock as the reason.',
  },
  {
    id: 'W-17',
    what: 'as an early snapshot has it: the flag is set once host_mmu.lock is released',
    model: 'SC-04/identity-published',
    edits: [],
    violates: { 'I-1': 32, 'I-7': 32, mirror: 33, 'P-14': 65 },
    brief: ['I-1'],
    note: 'A donation between the two does not reach the map, which has the page already. P-14: the host frees domain 0, and the next donation looks for its table.',
  },
  {
    id: 'D-24',
    what: 'the flag is never set: no change of ownership reaches the identity domain',
    model: 'SC-04/identity',
    scope: one,
    edits: ['drop set-kvm_idmap_initialized'],
    violates: { 'I-1': 32, 'I-7': 32 },
    brief: ['I-1'],
  },
  {
    id: 'B4 id 0',
    what: 'map_pages takes the identity domain for any other',
    model: 'SC-04/identity',
    scope: one,
    edits: ['pass map_pages/domain-is-not-identity'],
    violates: { 'I-14': 7, 'L-5': 8 },
    brief: [],
    note: 'The use that it took is never given back. With two pages also mirror 41 and P-14 92.',
  },
  {
    id: 'B4 id 0',
    what: 'unmap_pages takes the identity domain for any other',
    model: 'SC-04/identity',
    scope: one,
    edits: ['pass unmap_pages/domain-is-not-identity'],
    violates: { 'I-1': 100, 'I-7': 109, 'I-14': 33, 'L-5': 55, mirror: 55, 'P-14': 43 },
    brief: [],
    note: 'It gives back a use of the page that some other domain holds.',
  },
  {
    id: 'B4 id 0',
    what: 'free_domain takes the identity domain for any other',
    model: 'SC-04/identity',
    scope: one,
    edits: ['pass free_domain/domain-is-not-identity'],
    violates: { mirror: 61, 'P-14': 66 },
    brief: [],
  },
  {
    id: 'D-11',
    what: 'no CFGI and CMD_SYNC between STE word 0 and the others: a walk under VMID 0',
    model: 'SC-04/identity',
    scope: { ...one, devices: 2 },
    edits: ['drop detach_dev/sync-word-0'],
    violates: { 'I-1': 38, 'I-3': 33, 'I-13': 72, 'I-13/live': 61, 'P-2': 33 },
    brief: ['I-3', 'L-4'],
    note: 'L-4 is for tables of CDs. I-13 and I-13/live are due to VMID 0 alone: what was walked of the old table is left under the identity domain’s VMID, and no TLBI of detach covers it. With pages=2 a page is given away in the end while a stream of the identity domain reaches it there (I-7 106).',
  },
  {
    id: 'P-6',
    what: 'tables are freed under pgt_lock, and host_mmu.lock is taken under it, as the brief has it',
    model: 'SC-04/identity-pgt-lock',
    edits: [],
    violates: { 'P-6': 36 },
    brief: [],
    note: 'No deadlock (wedge and V-1 hold, also with three CPUs and two devices): the last reference keeps free_domain and attach_dev of one domain apart. Two public drivers free tables without pgt_lock.',
  },
];
