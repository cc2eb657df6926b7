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
 * D-18, D-41; SB-13, SB-14. Nightly: passThrough=true.
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
  nothingPassesUntranslated,
} from '../src/invariants/index.js';
import {
  devicePolicy,
  freezing,
  mcTrap,
  memoryController,
  mmio,
  parts,
  platform,
  smmuRegisters,
  type DevicePolicy,
  type Freeze,
} from '../src/spec/index.js';
import type { Builder, Handler } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = {
  cpus: int(2, 1, 2, 'host CPUs'),
  smmus: int(2, 1, 2, 'SMMUs; devices sit behind them in turn'),
  passThrough: flag(false, 'StreamID 0x7F is among those that are tried'),
};

type Scope = ScopeOf<typeof scope>;

/** Declares the whole scenario; `handshake` picks the design. */
function declare(
  m: Builder,
  { cpus, smmus: count, passThrough }: Scope,
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
  const pages = mmio(m, all, false);
  const smmus = smmuRegisters(m, all, pages, false);
  const mc = memoryController(m, soc, 'clear');
  const policy = devicePolicy(m, all, soc, pages, smmus, false);
  const freeze = freezing(all, soc, pages, smmus, mc, policy);
  const trap = mcTrap(soc, pages, mc, policy);
  const frontend = { parts: all, soc, pages, smmus, mc, policy };

  const hypercalls = [...handshake(policy, freeze), policy.registerDev, policy.unregisterDev, policy.attachDev];
  for (let cpu = 0; cpu < cpus; cpu++) m.process(`cpu${cpu}`, [...hypercalls, smmus.el1Store, trap.el1Store]);

  m.assume('T4', 'nobody else writes the registers: firmware and EL2 are trusted, and DMA reaches no MMIO');
  m.assume('MC-engine', 'a host1x engine presents only its own SIDs: hardware holds it to them (B11)');
  m.assume(
    'MC-WAD',
    'a non-secure store may set WRITE_ACCESS_DISABLED; from then on both registers of the client drop non-secure stores',
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
  everyHandlerReturns(m); // wedge
}

const sc09 = model({
  name: 'SC-09',
  title: 'handshake and freeze: nothing changes between what EL2 checked and what it froze',
  scope,
  build: (m, sizes) =>
    declare(m, sizes, ({ registerSmmu, unregisterSmmu }, { registerMc, freeze }) => [
      registerSmmu,
      unregisterSmmu,
      registerMc,
      freeze,
    ]),
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

export const defects: readonly Defect[] = [];
