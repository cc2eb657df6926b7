/**
 * SC-10, MC register attack: "The MC's SID override registers are as security-critical as the SMMU page tables. If EL1
 * can twiddle MC client→SID mappings, it can bypass whatever immutable fwspec you thought you had" (S3:74-75).
 *
 * One host CPU stores any value to any SID register of the memory controller. While its stage-2 maps the page the store
 * goes to the register; once the page is EL2's it traps, and EL2 checks and forwards it. device0 is the host's, with
 * SID 1; device1 is a guest's, with SIDs 0 and 9, and its engine picks between them (host1x, OVERRIDE off). 0x7F passes
 * through the SMMU. The SMMU and the devices are registered already; taking the MC and freezing is part of the scenario.
 * Also a system suspend, which loses the registers. B11 and the end of B10.
 * Tegra186, 194 and 234 have SMMUv2: the memory controller in front of an SMMUv3 is a synthesis.
 * Windows: W-15 (register write … next transaction), W-38 (check … forward; it takes a second CPU). Defects D-16, D-18,
 * D-19, D-20, and D-41 as far as the MC goes. Nightly: clientsPerDevice=2, and cpus=2.
 *
 * - SC-10: a filter over what the client can present afterwards, under a lock. Expected: all hold.
 * - SC-10/published: the published trap filter with its sid_map. Expected: I-4 and I-5 are violated.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  clientsPresentTheirSids,
  everyHandlerReturns,
  frozenMmioIsEl2s,
  locksAreOrdered,
  nothingPassesUntranslated,
  type Frontend,
} from '../src/invariants/index.js';
import { frontEnd, parts, platform, publishedTrap, type McTrap } from '../src/spec/index.js';
import type { Builder, Handler } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs'),
  clientsPerDevice: int(1, 1, 2, 'memory clients of each device'),
  locked: flag(false, 'boot firmware sets WRITE_ACCESS_DISABLED for every client'),
};

type Scope = ScopeOf<typeof scope>;

/** Declares the whole scenario; `stores` picks the trap filter. */
function declare(
  m: Builder,
  { cpus, clientsPerDevice, locked }: Scope,
  stores: (f: Frontend, trap: McTrap) => readonly Handler[],
): void {
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
  const { freeze, trap } = frontend;

  const handlers = [freeze.registerMc, freeze.freeze, ...stores(frontend, trap), trap.systemSuspend];
  for (let cpu = 0; cpu < cpus; cpu++) m.process(`cpu${cpu}`, handlers);

  m.assume('MC-0x7F', 'boot code lets StreamID 0x7F bypass the SMMU (B11)');
  m.assume(
    'MC-WAD',
    'a non-secure store may set WRITE_ACCESS_DISABLED; from then on both registers of the client drop non-secure stores, until power is lost',
  );

  nothingPassesUntranslated(m, frontend); // I-4
  clientsPresentTheirSids(m, frontend); // I-5
  frozenMmioIsEl2s(m, frontend); // I-8
  locksAreOrdered(m); // P-6
  everyHandlerReturns(m); // V-1, wedge
}

const sc10 = model({
  name: 'SC-10',
  title: 'MC register attack: no store of EL1 gives a client another device’s StreamID',
  scope,
  build: (m, sizes) => declare(m, sizes, (_, trap) => [trap.el1Store]),
});

const violated: Expected = 'violated';

const sc10Published = model({
  name: 'SC-10/published',
  title: 'the same with the published trap filter (D-18, D-19)',
  scope,
  build: (m, sizes) =>
    declare(m, sizes, ({ soc }, trap) => {
      const { el1StorePublished, registerSidMapping } = publishedTrap(m, soc, trap);
      return [el1StorePublished, registerSidMapping];
    }),
  // Where firmware has locked the registers, no store of EL1 or EL2 does anything.
  expected: ({ locked }): Record<string, Expected> => (locked ? {} : { 'I-4': violated, 'I-5': violated }),
});

export default [sc10, sc10Published];

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
    model: 'SC-10/published',
    edits: [],
    violates: { 'I-4': 15, 'I-5': 15 },
    brief: ['I-5'],
    macro: { here: 3, brief: 2 },
    note: 'D-19 is there too, at the same length.',
  },
];
