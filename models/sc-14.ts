/**
 * SC-14, driver registration: "Only one driver can be used and is registered with kvm_iommu_register_driver() by passing
 * pointers to both ops" (S2:22-23).
 *
 * Drivers register from their initcalls, each on a CPU of its own, with both pointers or with one of them NULL. Another
 * CPU sets up protected mode: init_driver at EL1, take-over of the SMMUs and the other steps at EL2, each of which may
 * fail; after a failure it may try again. The boot loader leaves any of the SMMUs in bypass. COMPLIANT mode: until
 * protected mode is on, EL1 is trusted (T4).
 * B1, and of B8 the take-over. Windows: W-35 (driver published … ops stored), W-36 (EL2 has the SMMUs … a later step
 * fails … remove_driver). Defects D-37, D-38 and SB-8 to SB-12: see docs/scenarios/sc-14.md.
 * Default: 2 drivers, 2 SMMUs. Nightly: 3 drivers, 3 SMMUs.
 *
 * - SC-14: one registrant at a time, ops stored before the driver is published; who fails undoes what he did, at EL2
 *   too; a driver that could not be used is unregistered. Expected: all hold.
 * - SC-14/upstream: the seed's code. Expected: P-7, SB-8, L-14, SB-10, I-3 and SB-12 are violated. `undoes=false`: so is
 *   the unwritten contract that init_driver and ops->init undo what they did where they fail (SB-9).
 */
import { flag, index, int, model, type Builder, type Expected } from '../src/index.js';
import {
  bothHalvesAreOfOneDriver,
  driverIsPublishedWithItsOps,
  everyCallReturns,
  everyDriverCanRegister,
  failedInitLeavesNothing,
  noBypassAfterTakeOver,
  noSmmuWalksFreedMemory,
  pointersBelongTogether,
  protectedModeCanBeOn,
  removeFollowsInit,
  removeHasTheSmmusBack,
  returnValuesTellTheTruth,
} from '../src/invariants/index.js';
import { iommuRegistration, smmuTakeOver, type Design, type Smmu } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  drivers: int(2, 1, 3, 'drivers that register, each on a CPU of its own'),
  smmus: int(2, 1, 3, 'SMMUs to be taken over'),
};

/** Every choice of some of them. */
const subsets = <T>(of: readonly T[]): T[][] =>
  of.reduce<T[][]>((some, one) => [...some, ...some.map((subset) => [...subset, one])], [[]]);

function declare(m: Builder, sizes: { readonly drivers: number; readonly smmus: number }, design: Design): void {
  const driver = index('driver', sizes.drivers);
  const smmu = index('smmu', sizes.smmus);
  const el2 = smmuTakeOver(m, { driver, smmu }, design);
  const registration = iommuRegistration(m, { driver }, el2, design);

  const drivers = driver.values.map((me) => ({ name: driver.print(me), register: registration.register(me) }));
  for (const { name, register } of drivers) m.process(name, [register]);
  m.process('kvm', [registration.hypInitProtection]);

  for (const machine of driver.values) {
    for (const inBypass of subsets<Smmu>(smmu.values)) m.start([registration.machine, machine], ...el2.left(inBypass));
  }

  m.assume(
    'T4',
    'until protected mode is on EL1 is trusted, and so is what devices do that the boot loader left running: before its take-over an SMMU may let them reach all memory, and nothing that they could write by then is relied on',
  );
  m.assume('one-init', 'one CPU sets up protected mode; at EL2 it runs to completion (rule 2)');

  const system = { driver, smmu, el2, registration };
  noSmmuWalksFreedMemory(m, system); // I-3
  noBypassAfterTakeOver(m, system); // I-4
  failedInitLeavesNothing(m, system); // L-14
  removeFollowsInit(m, system); // L-16
  driverIsPublishedWithItsOps(m, system); // P-7
  returnValuesTellTheTruth(m, system); // P-13
  bothHalvesAreOfOneDriver(m, system); // SB-8
  removeHasTheSmmusBack(m, system); // SB-10
  everyDriverCanRegister(
    m,
    system,
    drivers.map(({ name }) => name),
  ); // SB-12
  pointersBelongTogether(m, system);
  protectedModeCanBeOn(m, system);
  everyCallReturns(m); // V-1, wedge
}

const sc14 = model({
  name: 'SC-14',
  title: 'driver registration: a driver is seen with its ops, and a failed init leaves nothing behind',
  scope,
  build: (m, sizes) => declare(m, sizes, { code: 'repaired', undoes: true }),
});

const violated: Expected = 'violated';

const sc14Upstream = model({
  name: 'SC-14/upstream',
  title: 'the same with the code of the seed (W-35, W-36)',
  scope: {
    ...scope,
    undoes: flag(true, 'init_driver and ops->init undo what they did where they fail (SB-9)'),
  },
  build: (m, { undoes, ...sizes }) => declare(m, sizes, { code: 'seed', undoes }),
  // A single driver has nobody to keep out.
  expected: ({ drivers }): Record<string, Expected> => ({
    'I-3': violated,
    'L-14': violated,
    'P-7': violated,
    'SB-8': violated,
    'SB-10': violated,
    ...(drivers > 1 ? { 'SB-12': violated } : {}),
  }),
});

export default [sc14, sc14Upstream];

const repaired = { model: 'SC-14', scope: { smmus: 1 } };
const upstream = { model: 'SC-14/upstream', scope: { smmus: 1 } };

export const defects: readonly Defect[] = [
  {
    id: 'D-37',
    what: 'the driver is published before its ops are stored',
    ...repaired,
    edits: ['move publish-iommu_driver before store-kvm_iommu_ops'],
    violates: { 'P-7': 6, 'SB-8': 9 },
    brief: ['P-7'],
    macro: { here: 2, brief: 2 },
    note: 'SB-8 is what the brief’s trace goes on to: the hypervisor finds no ops, init fails, and the registration returns 0. The lock keeps a second registrant out, so only KVM sees the gap',
  },
  {
    id: 'D-38',
    what: 'remove_driver is not called where do_pkvm_init fails',
    ...repaired,
    edits: ['drop cleanup/kvm_iommu_remove_driver'],
    violates: { 'L-14': 16, 'SB-12': 16 },
    brief: ['L-14', 'L-16'],
    macro: { here: 2, brief: 1 },
    note: 'L-16 says when remove_driver may run, not that it must: a call that is missing can’t violate it. The brief takes the registration for granted',
  },
  {
    id: 'D-38',
    what: 'the same, but the driver is unregistered',
    ...repaired,
    edits: ['drop kvm_iommu_remove_driver/remove_driver'],
    violates: { 'L-14': 19 },
    brief: ['L-14', 'L-16'],
    note: 'as above',
  },
  {
    id: 'L-16',
    what: 'remove_driver is also called where init_driver failed',
    ...repaired,
    edits: ['move kvm_iommu_init_driver before __pkvm_init_finalise'],
    violates: { 'L-16': 9 },
    brief: [],
    note: 'the mistake that L-16 is there for: one error path for both calls',
  },
  {
    id: 'SB-8',
    what: 'the seed with the two stores turned round',
    ...upstream,
    edits: ['move store-kvm_iommu_ops before cmpxchg-iommu_driver'],
    violates: { 'I-3': 16, 'L-14': 18, 'P-13': 8, 'SB-8': 12, 'SB-10': 16, 'SB-12': 11, pair: 9 },
    brief: ['P-7'],
    note: 'no repair: P-7 holds now, but a registrant that is told -EBUSY has overwritten the ops of the other one',
  },
  {
    id: 'SB-8',
    what: 'the seed without an atomic cmpxchg: look, then store',
    ...upstream,
    edits: ['split cmpxchg-iommu_driver'],
    violates: {
      'I-3': 17,
      'L-14': 19,
      'L-16': 15,
      'P-7': 6,
      'P-13': 10,
      'SB-8': 9,
      'SB-10': 17,
      'SB-12': 12,
      pair: 12,
    },
    brief: ['P-7'],
    note: 'what the cmpxchg is there for: L-16, P-13 and pair are not violated with it',
  },
  {
    id: 'SB-8',
    what: 'registration without its lock',
    ...repaired,
    edits: ['unlock kvm_iommu_register_driver/iommu_register_lock'],
    violates: { 'I-3': 18, 'L-14': 26, 'L-16': 21, 'P-7': 20, 'P-13': 10, 'SB-8': 14, pair: 12 },
    brief: ['P-7'],
    macro: { here: 4, brief: 2 },
    note: 'two registrants mix their halves, and one overwrites what the other was told 0 for. P-7 needs one more thing: a registration in the middle of an unregistration',
  },
  {
    id: 'SB-8',
    what: 'a registrant does not look whether there is a driver',
    ...repaired,
    edits: ['pass iommu_driver-is-NULL'],
    violates: { 'I-3': 19, 'L-14': 26, 'L-16': 22, 'SB-8': 15 },
    brief: ['P-7'],
    note: 'ops are never NULL where a driver is seen, they are those of another one',
  },
  {
    id: 'SB-8',
    what: 'a registrant that forgets one half is not refused',
    ...repaired,
    edits: ['pass pointers-are-set'],
    violates: { 'P-7': 7, 'P-13': 6, 'SB-8': 10, pair: 6 },
    brief: ['P-7'],
  },
  {
    id: 'SB-12',
    what: 'the driver is unregistered before remove_driver is looked for',
    ...repaired,
    edits: [
      'move kvm_iommu_remove_driver/kvm_iommu_unregister_driver before kvm_iommu_remove_driver/load-iommu_driver',
    ],
    violates: { 'L-14': 19, 'L-16': 24 },
    brief: [],
    note: 'a wrong repair: kvm_iommu_remove_driver finds no driver then, or one that registered in between',
  },
  {
    id: 'SB-9',
    what: 'an init_driver that fails late keeps what it took',
    ...repaired,
    edits: ['drop init_driver/undo/cleanup/free'],
    violates: { 'L-14': 13 },
    brief: ['L-14'],
  },
  {
    id: 'SB-9',
    what: 'an ops->init that fails keeps the SMMUs that it took: the same contract at EL2',
    model: 'SC-14',
    edits: ['drop kvm_iommu_init/ops.init/undo/cleanup/ops.remove'],
    violates: { 'I-3': 18, 'L-14': 18, 'SB-10': 14 },
    brief: ['L-14'],
    note: 'with two SMMUs: the second one fails when the first one is enabled',
  },
  {
    id: 'SB-9',
    what: 'the seed, with drivers that do not keep the contract',
    model: 'SC-14/upstream',
    scope: { smmus: 1, undoes: false },
    edits: [],
    violates: { 'I-3': 16, 'L-14': 10, 'P-7': 5, 'SB-8': 8, 'SB-10': 13, 'SB-12': 10 },
    brief: ['L-14'],
  },
  {
    id: 'SB-10',
    what: 'EL2 does not give the SMMUs back where a later step fails',
    ...repaired,
    edits: ['drop finalise-failed/cleanup/ops.remove'],
    violates: { 'I-3': 17, 'L-14': 21, 'SB-10': 17 },
    brief: ['L-14', 'I-3'],
    macro: { here: 2, brief: 1 },
  },
  {
    id: 'SB-11',
    what: 'no driver: what the message says, and not what the code does',
    ...repaired,
    edits: ['pass iommu_driver-is-set', 'pass kvm_iommu_ops-is-set'],
    violates: { 'I-3': 11, 'L-16': 13, 'P-13': 6, 'SB-8': 27 },
    brief: ['P-13'],
    note: 'protected mode without DMA isolation: the code is right, the message is wrong',
  },
  {
    id: 'SB-11',
    what: 'the same at EL1 only',
    ...repaired,
    edits: ['pass iommu_driver-is-set'],
    violates: { 'I-3': 11, 'L-16': 10, 'SB-8': 23 },
    brief: ['P-13'],
    note: 'EL2 refuses, unless a driver registers in between: then its ops take the SMMUs over and its init_driver never ran',
  },
  {
    id: 'SB-12',
    what: 'a driver that could not be used stays registered: after init_driver failed',
    ...repaired,
    edits: ['drop init_driver-failed/cleanup/kvm_iommu_unregister_driver'],
    violates: { 'SB-12': 12 },
    brief: [],
    note: 'the brief names V-1: property SB-12 is what it means here',
  },
  {
    id: 'SB-12',
    what: 'the same: after do_pkvm_init failed (the brief’s case, after SB-10)',
    ...repaired,
    edits: ['drop kvm_iommu_remove_driver/kvm_iommu_unregister_driver'],
    violates: { 'SB-12': 18 },
    brief: [],
    note: 'as above',
  },
  {
    id: 'SB-12',
    what: 'the ops of a driver that is gone stay',
    ...repaired,
    edits: ['drop kvm_iommu_remove_driver/clear-kvm_iommu_ops'],
    violates: { pair: 19 },
    brief: [],
    note: 'as above',
  },
  {
    id: 'B1',
    what: 'boot-time gap: EL2 does not look at GBPA (compare D-22)',
    ...repaired,
    edits: ['pass GBPA.ABORT-is-1'],
    violates: { 'I-4': 16 },
    brief: ['I-4'],
    note: 'D-22 shows it by a power cycle (SC-06); here it is the way back from a failed init that clears SMMUEN',
  },
];
