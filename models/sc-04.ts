/**
 * SC-04, STE ordering: EL2 writes the words of STEs and CDs in an order that no SMMU can take for something else.
 * Seed: the host must not reprogram the SMMU settings of guest devices (S3:3); EL2 validates before it touches hardware (S3:36).
 *
 * A host CPU allocates, frees, attaches and detaches domains of all three kinds (S2, S1, BYPASS) at any stream and PASID,
 * maps, unmaps and donates, and takes back the memory that EL2's allocator does not use. The SMMU may fetch any word of a
 * reachable STE or CD at any time and mix what it holds of them (B7).
 * PV design: B2, B4, B7 with may-caches for STEs and CDs, B8's attach and detach, S1 and S2.
 * Windows: W-03 (words 1..7 … word 0), W-04 (word 0 cleared … CFGI+SYNC), W-05 (a live STE is written again).
 * Defects D-10 and D-11 are edits of it. D-27 belongs to the TE design.
 *
 * - SC-04: a CD table is freed after the STE that names it is gone from all caches. Expected: all hold.
 * - SC-04/pasids: the host also names a PASID that the table of CDs has no room for; behind the table is memory of somebody
 *   else, which may look like a CD. Expected: all hold.
 * - SC-04/android-s1-detach: it is freed first, as published. Expected: I-3 and L-4 are violated; with two CPUs also I-1
 *   and I-7: the host takes the memory back and writes CDs of its own.
 * Default: one CPU, one SMMU, one device with two PASIDs, three domains, one page. Nightly: `devices=2`, `cpus=2`.
 */
import { int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  cdsLieInTables,
  freedCdTablesAreUnnamed,
  freedTablesAreUnnamed,
  hostDevicesReachHostPages,
  locksAreOrdered,
  newOwnersPagesAreOutOfReach,
  refsCountStreams,
  streamsAreTranslated,
  streamsHaveOneDomain,
  walkedTablesExist,
  wordsAreNeverMixed,
  type System,
} from '../src/invariants/index.js';
import {
  domainRefs,
  el2Attach,
  el2Driver,
  el2Stage1,
  ioPageTable,
  iommuCore,
  iommuDomains,
  pageOwnership,
  parts,
  smmuv3,
  streamTable,
  type DomainKind,
  type Parts,
  type StreamTable,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';
import { identity, identityDefects, identityFinalise, identityPgtLock, identityPublished } from './sc-04-identity.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs issuing hypercalls'),
  devices: int(1, 1, 2, 'devices, each with a StreamID of its own'),
  pasids: int(2, 1, 2, 'PASIDs of a device'),
  domains: int(3, 1, 4, 'domain ids: an S2 domain, an S1 domain, a BYPASS domain, a second S2 domain'),
  cdTables: int(2, 1, 2, 'pieces of EL2 memory for tables of CDs'),
  pages: int(1, 1, 2, 'RAM pages'),
};

type Scope = ScopeOf<typeof scope>;

const kinds: readonly DomainKind[] = ['S2', 'S1', 'BYPASS', 'S2'];

interface Design {
  /** Android's order in the detach of an S1 domain. */
  readonly freesFirst?: boolean;
  /** PASIDs that the host names and that a table of CDs has no room for. */
  readonly pasidsBeyond?: number;
}

/** Declares the whole scenario. */
function declare(m: Builder, sizes: Scope, { freesFirst = false, pasidsBeyond = 0 }: Design): void {
  const all = parts({ ...sizes, smmus: 1, iovas: 1, pasidsBeyond });
  const pages = pageOwnership(m, all, sizes.domains + sizes.cpus);
  const tables = ioPageTable(m, all);
  const streams = streamTable(m, all, () => undefined);
  const hw = smmuv3(m, all, tables, streams, 2);
  if (pasidsBeyond > 0) memoryBehindTables(m, all, streams);
  const driver = el2Driver(m, all, streams, hw);
  const stage1 = el2Stage1(all, streams, driver, (d) => kinds[d], freesFirst);
  const attach = el2Attach(m, all, streams, driver, stage1);
  const domains = domainRefs(m, all, pages, 0);
  const core = iommuCore(all, pages, tables, hw, driver, domains);
  const { allocDomain, freeDomain, attachDev, detachDev } = iommuDomains(all, pages, tables, hw, attach, domains);
  const hypercalls = [
    allocDomain,
    freeDomain,
    attachDev,
    detachDev,
    core.mapPages,
    core.unmapPages,
    pages.donateHyp,
    pages.hypDonateHost,
    stage1.reclaim,
    stage1.refill,
  ];
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, hypercalls);

  m.assume('B7', 'the SMMU may hold every combination of words that it may have fetched, and mix them');
  m.assume('IHI-0070-4.3', 'CFGI_STE also covers the CDs that were fetched through the STE');

  const system: System = { parts: all, pages, tables, streams, hw };
  hostDevicesReachHostPages(m, system); // I-1
  walkedTablesExist(m, system, domains); // I-3
  streamsAreTranslated(m, system); // I-4
  newOwnersPagesAreOutOfReach(m, system); // I-7
  refsCountStreams(m, system, domains); // L-1
  streamsHaveOneDomain(m, system, driver); // L-2
  freedTablesAreUnnamed(m, system); // L-3
  freedCdTablesAreUnnamed(m, system); // L-4
  if (pasidsBeyond > 0) cdsLieInTables(m, system); // I-3
  wordsAreNeverMixed(m, system); // P-2
  el2NeverPanics(m, system); // P-14
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
}

/** It is not EL2's to say what it holds: zeroes, or what would be a CD of a domain. */
function memoryBehindTables(
  m: Builder,
  { cdTable, pasid, pasidsInTable, domain }: Parts,
  { cd, Cd }: StreamTable,
): void {
  const behind = cdTable.values.flatMap((t) => pasid.values.slice(pasidsInTable.length).map((p) => cd(t, p)));
  m.start();
  for (const d of domain.values)
    if (kinds[d] === 'S1') m.start(...behind.map((own) => [own, Cd.make({ w0: d, ttb: d })] as const));
}

const sc04 = model({
  name: 'SC-04',
  title: 'STE ordering: no mixture of STE and CD words is a translation of nobody',
  scope,
  build: (m, sizes) => declare(m, sizes, {}),
});

const pasids = model({
  name: 'SC-04/pasids',
  title: 'the same, and the host names a PASID that the table of CDs has no room for',
  scope: {
    ...scope,
    pasids: int(1, 1, 2, scope.pasids.doc),
    domains: int(2, 1, 4, scope.domains.doc),
    cdTables: int(1, 1, 2, scope.cdTables.doc),
  },
  build: (m, sizes) => declare(m, sizes, { pasidsBeyond: 1 }),
});

const violated: Expected = 'violated';

const android = model({
  name: 'SC-04/android-s1-detach',
  title: 'the same, but the CD table is freed before the STE that names it is gone (W-04)',
  scope,
  build: (m, sizes) => declare(m, sizes, { freesFirst: true }),
  expected: ({ cpus }): Record<string, Expected> =>
    cpus === 1
      ? { 'I-3': violated, 'L-4': violated }
      : { 'I-1': violated, 'I-3': violated, 'I-7': violated, 'L-4': violated },
});

const small = { domains: 2, pasids: 1 };

export const defects: readonly Defect[] = [
  {
    id: 'D-10',
    what: 'attach writes STE word 0 before words 1..7',
    model: 'SC-04',
    scope: { domains: 1, pasids: 1 },
    edits: ['move attach_dev/write-STE-word-0 before attach_dev/write-STE-words-1..7'],
    violates: { 'I-1': 14, 'I-3': 11, 'P-2': 11 },
    brief: ['P-2', 'I-3'],
    macro: { here: 2, brief: 3 },
    note: 'The words are those of an STE that was never attached: zeroes, a table at address 0. The brief has the table of a freed domain there; but detach clears words 1..7, and its CFGI and CMD_SYNC take them out of caches.',
  },
  {
    id: 'D-10',
    what: 'attach does not make the SMMU forget words 1..7 before it writes word 0',
    model: 'SC-04',
    scope: { domains: 1, pasids: 1 },
    edits: ['drop attach_dev/smmu_attach_dev/sync-words-1..7'],
    violates: { 'I-1': 15, 'I-3': 12, 'P-2': 12 },
    brief: ['P-2', 'I-3'],
  },
  {
    id: 'D-10',
    what: 'the same for a CD of a live table: word 0 first',
    model: 'SC-04',
    scope: { domains: 2 },
    edits: ['move attach_dev/write-CD-word-0 before attach_dev/write-CD-words-1..3'],
    violates: { 'I-1': 47, 'I-3': 44, 'P-2': 44 },
    brief: ['P-2', 'I-3'],
    note: 'Not in the brief: it takes a second PASID, since the table of PASID 0 is not live yet.',
  },
  {
    id: 'D-11',
    what: 'no CFGI and CMD_SYNC before the CD table and the domain’s table are freed',
    model: 'SC-04',
    scope: small,
    edits: ['drop detach_dev/sync-word-0', 'drop detach_dev/sync-words-1..7'],
    violates: { 'I-1': 38, 'I-3': 35, 'I-7': 49, 'L-3': 48, 'L-4': 43, 'P-2': 35 },
    brief: ['I-3', 'L-4'],
    note: 'I-3 and P-2 come first through an S2 domain: its words are cleared while the cached word 0 is still valid.',
  },
  {
    id: 'D-11',
    what: 'the CD table is freed first, as an edit',
    model: 'SC-04',
    scope: small,
    edits: ['move detach_dev/hyp_free-CD-table before detach_dev/clear-STE-word-0'],
    violates: { 'I-3': 41, 'L-4': 41 },
    brief: ['I-3', 'L-4'],
    macro: { here: 7, brief: 4 },
    note: 'Three hypercalls (alloc_domain, attach_dev, detach_dev), and the four commands that the SMMU consumes for the attach, which the brief does not count.',
  },
  {
    id: 'D-11',
    what: 'the CD table is freed first, as Android has it (W-04)',
    model: 'SC-04/android-s1-detach',
    scope: small,
    edits: [],
    violates: { 'I-3': 41, 'L-4': 41 },
    brief: ['I-3', 'L-4'],
    macro: { here: 7, brief: 4 },
    note: 'With a second CPU the host takes the memory back meanwhile: I-1 and I-7 after 43 steps (cpus=2, cdTables=1, 467,135 states).',
  },
  {
    id: 'W-05',
    what: 'attach does not look whether PASID 0 of the stream is attached already, as upstream',
    model: 'SC-04',
    scope: { domains: 2 },
    edits: ['pass attach_dev/STE-is-not-S1'],
    violates: { 'I-1': 90, 'I-3': 87, 'L-1': 66, 'L-2': 66, 'P-2': 87 },
    brief: ['P-2'],
    note: 'With one PASID only L-1 and L-2: S1ContextPtr and V are one word, so the STE is either the old or the new one. With two, CDs of the old and the new table are mixed until the CFGI.',
  },
  {
    id: 'bypass',
    what: 'attach takes a BYPASS domain',
    model: 'SC-04',
    scope: { domains: 3, pasids: 1 },
    edits: ['pass attach_dev/domain-is-not-BYPASS'],
    violates: { 'I-1': 22, 'I-4': 19, 'I-7': 30, 'L-1': 27, 'L-2': 27 },
    brief: [],
  },
  {
    id: 'B8 bound',
    what: 'attach takes a PASID that the table of CDs has no room for',
    model: 'SC-04/pasids',
    edits: ['pass attach_dev/PASID-is-in-table'],
    violates: { 'I-3/CDs': 44, 'L-1': 63, 'L-2': 63 },
    brief: [],
    note: 'EL2 writes into the memory behind the table. The SMMU does not look there, so no device reaches more than before; what is overwritten is lost.',
  },
  {
    id: 'B8 bound',
    what: 'detach takes a PASID that the table of CDs has no room for',
    model: 'SC-04/pasids',
    edits: ['pass detach_dev/PASID-is-in-table'],
    violates: { 'I-1': 81, 'I-3': 69, 'I-3/CDs': 41, 'I-7': 81, 'L-1': 67, 'L-2': 67, 'L-3': 69 },
    brief: [],
    note: 'What lies behind the table looks like a CD of the domain: detach believes it, and puts a reference that is that of PASID 0. The domain is freed while the stream still walks its table.',
  },
  ...identityDefects,
];

export default [sc04, pasids, android, identity, identityPublished, identityFinalise, identityPgtLock];
