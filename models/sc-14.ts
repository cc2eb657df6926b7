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
  everyCallCanReturn,
  everyDriverCanRegister,
  failedInitLeavesNothing,
  noBypassAfterTakeOver,
  noSmmuWalksFreedMemory,
  protectedModeCanBeOn,
  removeFollowsInit,
  removeHasTheSmmusBack,
  returnValuesTellTheTruth,
} from '../src/invariants/index.js';
import { iommuRegistration, smmuTakeOver, type Design, type Smmu } from '../src/spec/index.js';

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
  everyDriverCanRegister(m, system, [...drivers.map(({ name }) => name), 'kvm']); // SB-12
  protectedModeCanBeOn(m, system);
  everyCallCanReturn(m); // wedge
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
  expected: (): Record<string, Expected> => ({
    'I-3': violated,
    'L-14': violated,
    'P-7': violated,
    'SB-8': violated,
    'SB-10': violated,
    'SB-12': violated,
  }),
});

export default [sc14, sc14Upstream];
