/**
 * SC-09, the handshake and the freeze: "EL2 validates this against its own DT / vendor module, and then locks down
 * SMMU + MC MMIO from EL1. From then on, all IOMMU ops happen via hypercalls" (S3:130-131), and "EL2 then refuses any
 * later EL1 request that tries to change those per-device SID associations" (S3:216).
 *
 * Two host CPUs register SMMUs, the memory controller and devices, with any lies, attach, undo and freeze, in any order,
 * and store to the registers of every MMIO page that their stage-2 still maps. device0 sits behind smmu0 and has SID 1,
 * device1 sits behind smmu1 and has SID 9. B10, B11 and the register side of B7 and B8.
 * Tegra186, 194 and 234 have SMMUv2: the memory controller in front of an SMMUv3 is a synthesis.
 * Windows: W-15, W-37 (register … freeze: MMIO still host-writable), W-38 (check … forward). Defects D-15, D-16, D-17,
 * D-18, D-41; SB-13, SB-14. Nightly: passThrough=true; wad=true with one SMMU.
 *
 * - SC-09: MMIO is taken first, then what the registers hold is reset and read back, then FROZEN. Expected: all hold.
 * - SC-09/validate-then-lock: the order as worded (SB-13). Expected with two CPUs: I-4 and I-5 are violated in the
 *   window between validating and locking; with one CPU there is nobody to use it, and all hold.
 */
import { flag, int, model, type Expected, type ScopeOf } from '../src/index.js';
import {
  associationsAreFrozen,
  clientsPresentTheirSids,
  everyHandlerReturns,
  freezeIsForGood,
  frozenMmioIsEl2s,
  locksAreOrdered,
  nothingPassesUntranslated,
} from '../src/invariants/index.js';
import { frontEnd, parts, platform, type DevicePolicy, type Freeze } from '../src/spec/index.js';
import type { Builder, Handler } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(2, 1, 2, 'host CPUs'),
  smmus: int(2, 1, 2, 'SMMUs; devices sit behind them in turn'),
  passThrough: flag(false, 'StreamID 0x7F is among those that are tried'),
  wad: flag(false, 'EL1 may set WRITE_ACCESS_DISABLED'),
};

type Scope = ScopeOf<typeof scope>;

/** Declares the whole scenario; `handshake` picks the design. */
function declare(
  m: Builder,
  { cpus, smmus: count, passThrough, wad }: Scope,
  handshake: (policy: DevicePolicy, freeze: Freeze) => readonly Handler[],
): void {
  const all = parts({ cpus, devices: 2, smmus: count, domains: 0, iovas: 0, pages: 0 });
  const soc = platform(
    all,
    passThrough ? ['0x01', '0x09', '0x7F'] : ['0x01', '0x09'],
    [
      { sids: ['0x01'], picksOwnSids: false },
      { sids: ['0x09'], picksOwnSids: true },
    ],
    1,
  );
  const frontend = frontEnd(m, all, soc, { registered: false, wad: wad ? 'EL1 may set' : 'clear', clientsSleep: true });
  const { smmus, policy, freeze, trap } = frontend;

  const hypercalls = [...handshake(policy, freeze), policy.registerDev, policy.unregisterDev, policy.attachDev];
  for (let cpu = 0; cpu < cpus; cpu++) m.process(`cpu${cpu}`, [...hypercalls, smmus.el1Store, trap.el1Store]);

  m.assume('T4', 'nobody else writes the registers: firmware and EL2 are trusted, and DMA reaches no MMIO');
  m.assume(
    'MC-WAD',
    wad
      ? 'a non-secure store may set WRITE_ACCESS_DISABLED; from then on both registers of the client drop non-secure stores'
      : 'nobody sets WRITE_ACCESS_DISABLED: EL2’s writes reach the registers',
  );
  m.assume(
    'CR0ACK',
    'CR0 and GBPA take effect with the write: the wait for their acknowledgement is another scenario (D-32)',
  );

  nothingPassesUntranslated(m, frontend); // I-4
  clientsPresentTheirSids(m, frontend); // I-5
  frozenMmioIsEl2s(m, frontend); // I-8
  associationsAreFrozen(m, frontend); // I-17
  freezeIsForGood(m, frontend); // P-8
  everyHandlerReturns(m); // V-1, wedge
}

const sc09 = model({
  name: 'SC-09',
  title: 'handshake and freeze: nothing changes between what EL2 checked and what it froze',
  scope,
  build(m, sizes) {
    declare(m, sizes, ({ registerSmmu, unregisterSmmu }, { registerMc, freeze }) => [
      registerSmmu,
      unregisterSmmu,
      registerMc,
      freeze,
    ]);
    locksAreOrdered(m); // P-6: only here are two locks held at once
  },
});

const violated: Expected = 'violated';

const sc09ValidateThenLock = model({
  name: 'SC-09/validate-then-lock',
  title: 'the same in the order as worded: validate, then lock down (SB-13)',
  scope,
  build: (m, sizes) => declare(m, sizes, (_, { freezeAsWorded }) => [freezeAsWorded]),
  expected: ({ cpus }): Record<string, Expected> => (cpus === 1 ? {} : { 'I-4': violated, 'I-5': violated }),
});

export default [sc09, sc09ValidateThenLock];

/** One CPU and one SMMU are enough for all but the races. */
const small = { cpus: 1, smmus: 1 };

export const defects: readonly Defect[] = [
  {
    id: 'D-15',
    what: 'register_dev does not compare the request with truth',
    model: 'SC-09',
    scope: small,
    edits: ['pass register_dev/request-equals-truth'],
    violates: { 'I-5': 24, 'I-17': 26 },
    brief: ['I-5', 'I-17'],
    macro: { here: 5, brief: 3 },
    note: 'EL2 programs the memory controller from what was registered, so the lie is in force with the freeze. The brief leaves out the second register_dev, register_smmu and register_mc; its attach is needed for I-17 only.',
  },
  {
    id: 'D-16',
    what: 'freeze does not look whether the memory controller was taken',
    model: 'SC-09',
    scope: small,
    edits: ['pass freeze/MC-MMIO-belongs-to-EL2'],
    violates: { 'I-5': 16, 'I-8': 15 },
    brief: ['I-5'],
    macro: { here: 5, brief: 2 },
    note: 'The brief starts behind the registrations. I-8 says the same before anybody stores.',
  },
  {
    id: 'D-17',
    what: 'freeze does not look whether the SMMUs were taken',
    model: 'SC-09',
    scope: small,
    edits: ['pass freeze/SMMU-MMIO-belongs-to-EL2'],
    violates: { 'I-4': 18, 'I-8': 17 },
    brief: ['I-4', 'I-8'],
    macro: { here: 5, brief: 2 },
    note: 'The brief starts behind the registrations.',
  },
  {
    id: 'D-18',
    what: 'the security register is not checked',
    model: 'SC-09',
    scope: small,
    edits: ['pass EL1-store-to-MC/engine-is-confined'],
    violates: { 'I-5': 28 },
    brief: ['I-5'],
    macro: { here: 6, brief: 2 },
    note: 'The brief starts behind the registrations.',
  },
  {
    id: 'D-41',
    what: 'the registers are neither reset nor read back once they are out of the host’s reach',
    model: 'SC-09',
    scope: small,
    edits: ['drop register_mc/program-client', 'pass register_mc/client-presents-its-SIDs'],
    violates: { 'I-5': 21 },
    brief: ['I-8', 'I-5'],
    macro: { here: 6, brief: 3 },
    note: 'I-8 is about who has the page, not about what is in it: it holds. Either of the two steps alone is enough where EL1 can’t set WRITE_ACCESS_DISABLED.',
  },
  {
    id: 'D-41',
    what: 'the registers are reset, but not read back, and EL1 may set WRITE_ACCESS_DISABLED',
    model: 'SC-09',
    scope: { ...small, wad: true },
    edits: ['pass register_mc/client-presents-its-SIDs'],
    violates: { 'I-5': 25 },
    brief: ['I-8', 'I-5'],
    macro: { here: 6, brief: 3 },
    note: 'EL1 sets the bit together with a foreign SID before the take-over, and EL2’s own writes are dropped. I-8 holds, as above.',
  },
  {
    id: 'W-38',
    what: 'check and forward of a trapped store are not one critical section',
    model: 'SC-09',
    scope: { smmus: 1 },
    edits: ['unlock EL1-store-to-MC/mc_lock'],
    violates: { 'I-5': 32 },
    brief: [],
    note: 'One CPU’s foreign SID is let through while OVERRIDE is off, the other CPU’s OVERRIDE=1 while the SID is right; together they are wrong.',
  },
  {
    id: 'SB-13',
    what: 'validate, then lock down, as worded',
    model: 'SC-09/validate-then-lock',
    scope: { smmus: 1 },
    edits: [],
    violates: { 'I-4': 16, 'I-5': 16 },
    brief: ['I-5', 'I-8'],
    macro: { here: 4, brief: 3 },
    note: 'I-8 holds: every page is taken before FROZEN. It takes a second CPU.',
  },
  {
    id: 'SB-14',
    what: 'attach_dev is not checked against EL2’s own list',
    model: 'SC-09',
    scope: small,
    edits: ['pass attach_dev/stream-belongs-to-device'],
    violates: { 'I-17': 26 },
    brief: ['I-17'],
    note: 'As the seed has it (each hypercall is checked, whatever fwspec says meanwhile) I-17 holds. The brief gives no trace.',
  },
  {
    id: 'MC-engine',
    what: 'a host1x engine presents any SID',
    model: 'SC-09',
    scope: small,
    edits: [],
    deny: ['MC-engine'],
    violates: { 'I-5': 24 },
    brief: [],
  },
];
