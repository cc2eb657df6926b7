/** Boot (domain brief, section d): registration of the IOMMU driver, take-over of the SMMUs, and the way back. */
import { bool, optional, type Builder, type IndexSort, type Seen } from '../language/index.js';
import { aborts, bypasses, type Driver, type Registration, type Smmu, type TakeOver } from '../spec/index.js';

/** The components that these properties look at. */
export interface BootSystem {
  readonly driver: IndexSort<'driver'>;
  readonly smmu: IndexSort<'smmu'>;
  readonly el2: TakeOver;
  readonly registration: Registration;
}

interface OfDriver {
  readonly driver: Driver;
}

/** P-7, at each place that looks at iommu_driver from another CPU. */
export function driverIsPublishedWithItsOps(m: Builder, { registration: { ops } }: BootSystem): void {
  m.transition('P-7', {
    text: 'iommu_driver≠NULL observed by another CPU ⇒ kvm_iommu_ops≠NULL.',
    source: 'S2:206-215',
    on: ['iommu_driver seen'],
    reads: () => ({ ops }),
    holds: (_, after) => after.ops !== null,
    because: (_before, _after, _, step) =>
      `${String(step.emitted('iommu_driver seen')?.by)} sees a driver, and kvm_iommu_ops is still NULL`,
  });
}

/** SB-8, what comes of it: the two halves that are initialised belong to each other. */
export function bothHalvesAreOfOneDriver(m: Builder, { driver, registration: { ops } }: BootSystem): void {
  const initialised = m.variable('init_driver succeeded', optional(driver), null);
  m.explain(initialised, 'no variable of the kernel: the driver whose init_driver succeeded last, for SB-8');
  const monitor = m.monitor('which init_driver succeeded last', { initialised }, {
    'init_driver succeeded': (args: OfDriver) => ({ initialised: args.driver }),
  }); // prettier-ignore
  m.transition('SB-8', {
    text: 'Where the hypervisor looks for its ops, they are those of the driver that EL1 has initialised.',
    source: 'S2:206-216, 222-227, 153-156',
    monitors: [monitor],
    on: ['kvm_iommu_ops loaded'],
    reads: () => ({ initialised, ops }),
    when: (s) => s.initialised !== null,
    holds: (s) => s.ops === s.initialised,
    because: (s) =>
      `${s.initialised === null ? 'no driver' : driver.print(s.initialised)} is initialised at EL1, and kvm_iommu_ops is ${s.ops === null ? 'NULL' : `that of ${driver.print(s.ops)}`}`,
  });
}

/** P-13, as far as it concerns this scenario: registration, and protected mode as a whole. */
export function returnValuesTellTheTruth(
  m: Builder,
  { driver, smmu, el2, registration: { iommuDriver, ops } }: BootSystem,
): void {
  const stored = m.family('stored', [driver], bool, false);
  m.explain(
    stored,
    'no variable of the kernel: the registration of this driver that is under way has stored a pointer, for P-13',
  );
  type Stored = Seen<{ stored: typeof stored }>;
  const set = (value: boolean) => (args: OfDriver, s: Stored) => ({ stored: s.stored.set(args.driver, value) });
  const monitor = m.monitor('registrations that have stored a pointer', { stored }, {
    'pointer stored': set(true),
    registered: set(false),
    'registration failed': set(false),
  }); // prettier-ignore

  m.transition('P-13', {
    text: 'Return 0 ⇒ effect done; non-zero ⇒ no effect (unless partial progress is part of the interface).',
    source: 'S2:203-216, 87-100',
    monitors: [monitor],
    on: ['registered', 'registration failed', 'protected mode on'],
    reads: () => ({ stored, iommuDriver, ops, mmio: el2.mmio, registers: el2.registers }),
    holds: (before, after, _, step) => {
      const registered = step.emitted('registered') as OfDriver | undefined;
      if (registered) return after.iommuDriver === registered.driver && after.ops === registered.driver;
      const failed = step.emitted('registration failed') as OfDriver | undefined;
      if (failed) return !before.stored.at(failed.driver);
      return smmu.values.every((k) => after.mmio.at(k) === 'HYP' && after.registers.at(k).smmuen !== null);
    },
    because: (_before, _after, _, step) => {
      const registered = step.emitted('registered') as OfDriver | undefined;
      if (registered) return `${driver.print(registered.driver)} is told 0, and is not what is registered`;
      const failed = step.emitted('registration failed') as OfDriver | undefined;
      if (failed) return `${driver.print(failed.driver)} is told an error, and has overwritten a pointer`;
      return 'protected mode is on, and not every SMMU is under EL2’s control';
    },
  });
}

/**
 * L-14. Its first half is read as: the driver is removed, and each SMMU is the host's again or aborts. (If a removed
 * driver were part of the alternative only, aborting SMMUs would excuse D-38.)
 */
export function failedInitLeavesNothing(m: Builder, { driver, smmu, el2, registration }: BootSystem): void {
  m.quiescent('L-14', {
    text: 'After a failed protected-mode init: smmuOwner[k]=HOST for all k and driver removed, or every SMMU aborts; after init_driver failure no driver resource is left.',
    source: 'S2:87-96',
    reads: () => ({
      protectedMode: registration.protectedMode,
      resources: registration.resources,
      mmio: el2.mmio,
      registers: el2.registers,
    }),
    when: (s) => s.protectedMode === 'FAILED',
    holds: (s) =>
      driver.values.every((d) => !s.resources.at(d)) &&
      smmu.values.every((k) => s.mmio.at(k) === 'HOST' || aborts(s.registers.at(k))),
    because: (s) => {
      const kept = smmu.values.find((k) => s.mmio.at(k) === 'HYP' && !aborts(s.registers.at(k)));
      if (kept !== undefined) {
        const does = s.registers.at(kept).smmuen === null ? 'lets everything pass' : 'walks EL2’s tables';
        return `protected mode failed, and ${smmu.print(kept)} is EL2’s for ever and ${does}`;
      }
      return `protected mode failed, and ${driver.values
        .filter((d) => s.resources.at(d))
        .map(driver.print)
        .join(', ')} still holds resources`;
    },
  });
}

/** L-16. With retries, "once" means once for each init_driver that succeeded. */
export function removeFollowsInit(m: Builder, { driver }: BootSystem): void {
  const ready = m.family('ready', [driver], bool, false);
  m.explain(
    ready,
    'no variable of the kernel: init_driver of this driver succeeded, and remove_driver has not come since, for L-16',
  );
  type Ready = Seen<{ ready: typeof ready }>;
  const monitor = m.monitor('drivers that are initialised and not removed', { ready }, {
    'init_driver succeeded': (args: OfDriver, s: Ready) => ({ ready: s.ready.set(args.driver, true) }),
    remove_driver: (args: OfDriver, s: Ready) => ({ ready: s.ready.set(args.driver, false) }),
  }); // prettier-ignore
  m.transition('L-16', {
    text: 'remove_driver runs at most once and only after init_driver succeeded.',
    source: 'S2:92-96',
    monitors: [monitor],
    on: ['remove_driver'],
    reads: () => ({ ready }),
    holds: (before, _after, _, step) => before.ready.at((step.emitted('remove_driver') as unknown as OfDriver).driver),
    because: (_before, _after, _, step) =>
      `${driver.print((step.emitted('remove_driver') as unknown as OfDriver).driver)} is removed, and was not initialised`,
  });
}

/** SB-10: by then EL1 has its registers back, so that remove_driver can reset the hardware that its memory is given to. */
export function removeHasTheSmmusBack(m: Builder, { smmu, el2 }: BootSystem): void {
  m.transition('SB-10', {
    text: 'remove_driver runs only while EL1 owns the MMIO of every SMMU.',
    source: 'S2:92-96, 113-115, 174-180',
    on: ['remove_driver'],
    forall: { k: smmu },
    reads: ({ k }) => ({ mmio: el2.mmio(k) }),
    holds: (before) => before.mmio === 'HOST',
    because: (_before, _after, { k }) => `remove_driver runs, and EL2 still owns ${smmu.print(k)}`,
  });
}

/** I-3, for memory that is freed: the stream table of an SMMU is in memory that the driver allocated. */
export function noSmmuWalksFreedMemory(
  m: Builder,
  { driver, smmu, el2, registration: { resources } }: BootSystem,
): void {
  m.invariant('I-3', {
    text: 'Every structure that a live SMMU walks is in memory that its driver has allocated and not freed.',
    source: 'IHI 0070 §3.21; SB-10',
    forall: { k: smmu, d: driver },
    reads: ({ k, d }) => ({ registers: el2.registers(k), allocated: resources(d) }),
    when: (s, { d }) => s.registers.smmuen === d,
    holds: (s) => s.allocated,
    because: (_, { k, d }) => `${smmu.print(k)} walks tables in memory that ${driver.print(d)} has freed or never had`,
  });
}

/** I-4. Before its take-over an SMMU may be in bypass (T4); a monitor knows when the take-over was done. */
export function noBypassAfterTakeOver(m: Builder, { smmu, el2 }: BootSystem): void {
  const taken = m.family('taken over', [smmu], bool, false);
  m.explain(taken, 'no variable of the kernel: EL2 has taken this SMMU over, and not given it back, for I-4');
  type Taken = Seen<{ taken: typeof taken }>;
  const set = (value: boolean) => (args: { smmu: Smmu }, s: Taken) => ({ taken: s.taken.set(args.smmu, value) });
  const monitor = m.monitor('SMMUs that EL2 has taken over', { taken }, {
    'SMMU taken over': set(true),
    'SMMU given back': set(false),
  }); // prettier-ignore
  m.invariant('I-4', {
    text: 'After take-over no transaction passes untranslated.',
    source: 'S3:75; §6.3',
    monitors: [monitor],
    forall: { k: smmu },
    reads: ({ k }) => ({ taken: taken(k), registers: el2.registers(k) }),
    when: (s) => s.taken,
    holds: (s) => !bypasses(s.registers),
    because: (_, { k }) => `EL2 has taken over ${smmu.print(k)}, and SMMUEN=0 with GBPA.ABORT=0`,
  });
}

/**
 * SB-12, in the style of V-1. It is asked between two tries: when one with a driver has failed and no driver has
 * registered since. KVM’s help does not count: in a kernel that tries once, nothing of KVM runs again.
 */
export function everyDriverCanRegister(
  m: Builder,
  { driver, registration: { iommuDriver, ops, protectedMode } }: BootSystem,
  drivers: readonly string[],
): void {
  const tried = m.variable('a driver was tried', bool, false);
  m.explain(
    tried,
    'no variable of the kernel: KVM has tried to initialise a driver, and none has registered since, for SB-12',
  );
  const monitor = m.monitor('a driver was tried, and none registered since', { tried }, {
    'init_driver called': () => ({ tried: true }),
    registered: () => ({ tried: false }),
  }); // prettier-ignore
  m.alwaysPossible('SB-12', {
    text: 'After a failed init each driver can come to be the registered one.',
    source: 'S2:196, 211; V-1',
    monitors: [monitor],
    forall: { d: driver },
    by: drivers,
    reads: () => ({ iommuDriver, ops, protectedMode, tried }),
    holds: (s, { d }) => s.protectedMode !== 'FAILED' || !s.tried || (s.iommuDriver === d && s.ops === d),
    because: (_, { d }) => `${driver.print(d)} can register no more`,
  });
}

/** What is left of a driver that is gone must not be called, nor be taken for the half of another one. */
export function pointersBelongTogether(m: Builder, { driver, registration: { iommuDriver, ops } }: BootSystem): void {
  const name = (pointer: Driver | null): string => (pointer === null ? 'NULL' : `that of ${driver.print(pointer)}`);
  m.quiescent('pair', {
    text: 'iommu_driver and kvm_iommu_ops are both NULL, or the two halves of one driver.',
    source: 'S2:196-197, 15-23',
    reads: () => ({ iommuDriver, ops }),
    holds: (s) => s.iommuDriver === s.ops,
    because: (s) => `iommu_driver is ${name(s.iommuDriver)}, kvm_iommu_ops is ${name(s.ops)}`,
  });
}

/** Without this, a model in which every init fails would hold. */
export function protectedModeCanBeOn(m: Builder, { registration: { protectedMode } }: BootSystem): void {
  m.reachable('protected', {
    text: 'Protected mode can come up.',
    source: 'S2:15-28',
    reads: () => ({ protectedMode }),
    holds: (s) => s.protectedMode === 'ON',
  });
}

/** V-1, and what is left of it without fairness. */
export function everyCallReturns(m: Builder): void {
  m.returns('V-1', {
    text: 'Every started hypercall eventually returns if SMMUs are powered and the host does not stop scheduling.',
    source: 'rule 2',
  });
  m.wedgeFree('wedge', { text: 'From every reachable state each CPU can return to idle.', source: 'V-1' });
}
