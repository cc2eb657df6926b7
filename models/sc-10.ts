/**
 * SC-10, MC register attack: "The MC's SID override registers are as security-critical as the SMMU page tables. If EL1
 * can twiddle MC client→SID mappings, it can bypass whatever immutable fwspec you thought you had" (S3:74-75).
 *
 * One host CPU stores any value to any SID register of the memory controller. While its stage-2 maps the page the store
 * goes to the register; once it does not, the store traps, and EL2 checks and forwards it. device0 is the host's, with
 * SID 1; device1 is a guest's, with SIDs 0 and 9, and its engine picks between them (host1x, OVERRIDE off). 0x7F passes
 * through the SMMU. The SMMU and the devices are registered already; taking the MC and freezing is part of the scenario.
 * Also a system suspend, which loses the registers. B11 and the end of B10.
 * Tegra186, 194 and 234 have SMMUv2: the memory controller in front of an SMMUv3 is a synthesis.
 * Windows: W-15 (register write … next transaction), W-38 (check … forward; it takes a second CPU). Defects D-16, D-18,
 * D-19, D-20, and D-41 as far as the MC goes. Nightly: clientsPerDevice=2, and cpus=2.
 *
 * - SC-10: the page is donated, the registers are programmed and read back, now and after a suspend; a filter over what
 *   the client can present afterwards, under a lock. Expected: all hold.
 * - SC-10/published: the published driver: the page is shared, nobody looks at the registers, its trap filter with its
 *   sid_map, EL1's own resume. Expected: I-4, I-5 and I-8 are violated; where firmware locks the registers, I-8 only.
 * - SC-10/published-filter: its trap filter, the rest as in SC-10. Expected: I-4 and I-5; with releases=true and two
 *   CPUs, W-38.
 * - SC-10/published-resume: EL1's own resume, the rest as in SC-10. Expected: I-4 and I-5.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  clientsPresentTheirSids,
  everyHandlerReturns,
  forwardedSidsAreActive,
  frozenMmioIsEl2s,
  locksAreOrdered,
  nothingPassesUntranslated,
} from '../src/invariants/index.js';
import {
  frontEnd,
  mcResume,
  parts,
  platform,
  publishedMcInit,
  publishedResume,
  publishedTrap,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs'),
  clientsPerDevice: int(1, 1, 2, 'memory clients of each device'),
  locked: flag(false, 'boot firmware sets WRITE_ACCESS_DISABLED for every client'),
};

type Scope = ScopeOf<typeof scope>;

/** Which parts are as published; the others are as they must be. */
interface Published {
  /** The take-over; `staysMapped`: a page that is shared stays in the host's stage-2, so that no store traps. */
  readonly takeOver?: { readonly staysMapped: boolean };
  /** The trap filter; `releases`: SIDs are taken out of sid_map, instead of put into it. */
  readonly filter?: { readonly releases: boolean };
  readonly resume?: true;
}

/** Declares the whole scenario. */
function declare(m: Builder, { cpus, clientsPerDevice, locked }: Scope, published: Published): void {
  const all = parts({ cpus, devices: 2, smmus: 1, domains: 0, iovas: 0, pages: 0 });
  const soc = platform(
    all,
    ['0x00', '0x01', '0x09', '0x7F'],
    [
      { sids: ['0x01'], picksOwnSids: false },
      { sids: ['0x00', '0x09'], picksOwnSids: true },
    ],
    clientsPerDevice,
  );
  const clientsSleep = m.assumed(
    'MC-resume',
    'no client accesses memory between the loss of the registers and the end of resume (D-20)',
  );
  const wad = locked ? 'set' : 'EL1 may set';
  const frontend = frontEnd(m, all, soc, { registered: true, wad, clientsSleep });
  const { freeze, trap, mc, pages, policy } = frontend;

  const handlers = published.takeOver
    ? [publishedMcInit(pages, policy, published.takeOver.staysMapped)]
    : [freeze.registerMc, freeze.freeze];
  const filter = published.filter ? publishedTrap(m, soc, trap) : undefined;
  if (filter) {
    handlers.push(filter.el1Store, published.filter?.releases ? filter.releaseSid : filter.registerSidMapping);
  } else handlers.push(trap.el1Store);
  handlers.push(
    published.resume
      ? publishedResume(soc, mc, policy, trap, (filter ?? trap).trapped)
      : mcResume(m, soc, mc, policy).systemSuspend,
  );
  for (let cpu = 0; cpu < cpus; cpu++) m.process(`cpu${cpu}`, handlers);

  m.assume('MC-0x7F', 'boot code lets StreamID 0x7F bypass the SMMU (B11)');
  m.assume(
    'MC-WAD',
    'a non-secure store may set WRITE_ACCESS_DISABLED; from then on both registers of the client drop non-secure stores, until power is lost',
  );

  nothingPassesUntranslated(m, frontend); // I-4
  clientsPresentTheirSids(m, frontend); // I-5
  frozenMmioIsEl2s(m, frontend); // I-8
  if (filter) forwardedSidsAreActive(m, frontend, filter); // W-38
  locksAreOrdered(m); // P-6
  everyHandlerReturns(m); // V-1, wedge
}

const sc10 = model({
  name: 'SC-10',
  title: 'MC register attack: no store of EL1 gives a client another device’s StreamID',
  scope,
  build: (m, sizes) => declare(m, sizes, {}),
});

const violated: Expected = 'violated';
const wrongSids = { 'I-4': violated, 'I-5': violated };

const sc10Published = model({
  name: 'SC-10/published',
  title: 'the same with the published driver (D-18, D-19, D-20, D-41)',
  scope: { ...scope, staysMapped: flag(false, 'a page that is shared stays in the host’s stage-2: no store traps') },
  build: (m, { staysMapped, ...sizes }) =>
    declare(m, sizes, { takeOver: { staysMapped }, filter: { releases: false }, resume: true }),
  // Where firmware locks the registers, and restores them so, no store of EL1 or EL2 does anything.
  expected: ({ locked }): Record<string, Expected> => ({ 'I-8': violated, ...(locked ? {} : wrongSids) }),
});

const sc10PublishedFilter = model({
  name: 'SC-10/published-filter',
  title: 'the same with the published trap filter alone (D-18, D-19)',
  scope: { ...scope, releases: flag(false, 'SIDs are released, instead of claimed: sid_map shrinks (W-38)') },
  build: (m, { releases, ...sizes }) => declare(m, sizes, { filter: { releases } }),
  expected: ({ cpus, locked, releases }): Record<string, Expected> => ({
    ...(locked ? {} : wrongSids),
    ...(cpus > 1 && releases ? { 'W-38': violated } : {}),
  }),
});

const sc10PublishedResume = model({
  name: 'SC-10/published-resume',
  title: 'the same with EL1’s own resume alone (D-20)',
  scope,
  build: (m, sizes) => declare(m, sizes, { resume: true }),
  expected: ({ locked }): Record<string, Expected> => (locked ? {} : wrongSids),
});

export default [sc10, sc10Published, sc10PublishedFilter, sc10PublishedResume];

export const defects: readonly Defect[] = [
  {
    id: 'D-16',
    what: 'freeze does not look whether the memory controller was taken',
    model: 'SC-10',
    edits: ['pass freeze/MC-MMIO-belongs-to-EL2'],
    violates: { 'I-4': 3, 'I-5': 3, 'I-8': 2 },
    brief: ['I-5'],
    macro: { here: 2, brief: 2 },
    note: 'I-4 because one of the SIDs is the pass-through SID.',
  },
  {
    id: 'D-18',
    what: 'the security register is not checked',
    model: 'SC-10',
    edits: ['pass EL1-store-to-MC/engine-is-confined'],
    violates: { 'I-4': 15, 'I-5': 15 },
    brief: ['I-5'],
    macro: { here: 3, brief: 2 },
  },
  {
    id: 'D-19',
    what: 'SID 0 is let through unchecked',
    model: 'SC-10',
    edits: ['pass EL1-store-to-MC/SID-0-is-checked'],
    violates: { 'I-5': 15 },
    brief: ['I-5', 'I-16'],
    macro: { here: 3, brief: 1 },
    note: 'I-16 is about page tables, which are not in this scenario.',
  },
  {
    id: 'D-20',
    what: 'resume does not program the memory controller',
    model: 'SC-10',
    edits: ['drop system_suspend/program-client', 'pass system_suspend/client-presents-its-SIDs'],
    violates: { 'I-4': 16, 'I-5': 16 },
    brief: ['I-5'],
    macro: { here: 3, brief: 3 },
  },
  {
    id: 'D-20',
    what: 'clients run before resume has programmed the memory controller',
    model: 'SC-10',
    edits: ['move system_suspend/let-clients-run before system_suspend/resume'],
    violates: { 'I-4': 14, 'I-5': 14 },
    brief: ['I-5'],
    macro: { here: 3, brief: 3 },
  },
  {
    id: 'D-41',
    what: 'the registers are neither reset nor read back once they are out of the host’s reach',
    model: 'SC-10',
    edits: ['drop register_mc/program-client', 'pass register_mc/client-presents-its-SIDs'],
    violates: { 'I-4': 8, 'I-5': 8 },
    brief: ['I-8', 'I-5'],
    macro: { here: 3, brief: 3 },
    note: 'I-8 is about who has the page, not about what is in it: it holds.',
  },
  {
    id: 'D-41',
    what: 'the registers are reset, but not read back',
    model: 'SC-10',
    edits: ['pass register_mc/client-presents-its-SIDs'],
    violates: { 'I-4': 12, 'I-5': 12 },
    brief: ['I-8', 'I-5'],
    note: 'Beyond the brief: EL1 sets WRITE_ACCESS_DISABLED together with a foreign SID before the take-over, and EL2’s own writes are dropped.',
  },
  {
    id: 'MC-engine',
    what: 'a host1x engine presents any SID',
    model: 'SC-10',
    edits: [],
    deny: ['MC-engine'],
    violates: { 'I-4': 11, 'I-5': 11 },
    brief: [],
    note: 'no store of EL1 is needed: OVERRIDE is off for such an engine, so the freeze itself is enough',
  },
  {
    id: 'MC-firmware',
    what: 'firmware programs and locks the registers at resume, and EL2 does not read them back',
    model: 'SC-10',
    edits: ['pass system_suspend/client-presents-its-SIDs'],
    deny: ['MC-firmware'],
    violates: { 'I-4': 22, 'I-5': 22 },
    brief: [],
    note: 'With the read-back SC-10 holds without the assumption: such a client stays off.',
  },
  {
    id: 'MC-resume',
    what: 'clients access memory before resume has programmed the memory controller',
    model: 'SC-10',
    edits: [],
    deny: ['MC-resume'],
    violates: { 'I-4': 13, 'I-5': 13 },
    brief: [],
    note: 'D-20, by the hardware alone',
  },
  {
    id: 'W-38',
    what: 'check and forward of a trapped store are not one critical section',
    model: 'SC-10',
    scope: { cpus: 2 },
    edits: ['unlock EL1-store-to-MC/mc_lock'],
    violates: { 'I-4': 19, 'I-5': 19 },
    brief: [],
  },
  {
    id: 'D-18',
    what: 'the published trap filter',
    model: 'SC-10/published-filter',
    edits: [],
    violates: { 'I-4': 15, 'I-5': 15 },
    brief: ['I-5'],
    macro: { here: 3, brief: 2 },
    note: 'D-19 is there too, at the same length.',
  },
  {
    id: 'D-20',
    what: 'the published resume: clients run before EL1 has stored their SIDs',
    model: 'SC-10/published-resume',
    edits: [],
    violates: { 'I-4': 16, 'I-5': 16 },
    brief: ['I-5'],
    macro: { here: 3, brief: 3 },
    note: 'EL2’s filter is the repaired one: it can’t help, since nothing is stored in the window.',
  },
  {
    id: 'D-41',
    what: 'the published take-over: the page is shared, and nobody looks at the registers',
    model: 'SC-10/published',
    edits: [],
    violates: { 'I-4': 4, 'I-5': 4, 'I-8': 3 },
    brief: ['I-8', 'I-5'],
    macro: { here: 1, brief: 3, of: 'I-8' },
    note: 'I-8 takes the share alone: the owner is still the host. I-5 takes a store before it (2 macro steps). The brief counts the registration, which is over here.',
  },
  {
    id: 'D-16',
    what: 'as published, and a page that is shared stays in the host’s stage-2',
    model: 'SC-10/published',
    scope: { staysMapped: true },
    edits: [],
    violates: { 'I-4': 4, 'I-5': 4, 'I-8': 3 },
    brief: ['I-5'],
    macro: { here: 2, brief: 2 },
    note: 'No store ever traps: the filter is never reached.',
  },
  {
    id: 'W-38',
    what: 'the published filter does not look at sid_map at all',
    model: 'SC-10/published-filter',
    edits: ['pass EL1-store-to-MC/SID-is-mapped-to-client'],
    violates: { 'I-4': 15, 'I-5': 15, 'W-38': 13 },
    brief: [],
    note: 'W-38 itself takes a second CPU and releases=true: 15 steps (test/spec/sc-10.test.ts).',
  },
];
