/**
 * The IOMMU driver infrastructure (B1): how a driver registers with KVM (R1 to R3), and how KVM initialises it while it
 * sets up protected mode (N1 to N7). Two designs: the seed's, and a repaired one.
 *
 * Memory order is the order of the steps: a store-release orders what stands before it, a load-acquire what stands
 * after it. The seed's registration stores the ops after its release, so nothing orders that store (W-35).
 */
import {
  block,
  bool,
  done,
  enumOf,
  fail,
  fragment,
  handler,
  next,
  optional,
  type Builder,
  type Handler,
  type IndexSort,
  type Locals,
  type Node,
  type ValueOf,
} from '../language/index.js';
import type { Driver, TakeOver } from './smmu-take-over.js';

const host = 'arch/arm64/kvm/iommu.c';
const arm = 'arch/arm64/kvm/arm.c';
const hyp = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (S2:151-157)';
const setup = 'arch/arm64/kvm/hyp/nvhe/setup.c (S2:174-180)';

/** What KVM and the drivers do where something fails. */
export interface Design {
  /** The code of the seed, or the repaired one. */
  readonly code: 'seed' | 'repaired';
  /** An init_driver that fails frees what it took: a contract that the seed relies on and does not state (SB-9). */
  readonly undoes: boolean;
}

export type Registration = ReturnType<typeof iommuRegistration>;

/** Declares the two pointers, and what hangs on them. */
export function iommuRegistration(
  m: Builder,
  { driver }: { driver: IndexSort<'driver'> },
  el2: TakeOver,
  { code, undoes }: Design,
) {
  const repaired = code === 'repaired';
  for (const event of ['init_driver succeeded', 'remove_driver', 'pointer stored', 'registered', 'registration failed'])
    m.event(event, { driver });
  const Pointer = optional(driver);
  type Pointer = ValueOf<typeof Pointer>;
  /** What EL1 has published, and what EL2 will call. Both are read without a lock. */
  const iommuDriver = m.variable('iommu_driver', Pointer, null);
  const ops = m.variable('kvm_iommu_ops', Pointer, null);
  const registerLock = m.lock('iommu_register_lock', { kind: 'mutex' });
  const resources = m.family('resources', [driver], bool, false);
  /** The driver whose IOMMU this machine has: the init_driver of any other one fails. Never written. */
  const machine = m.variable('machine has IOMMU of', driver, driver.of(0));
  const protectedMode = m.variable('protected mode', enumOf('OFF', 'FAILED', 'ON'), 'OFF');
  m.explain(iommuDriver, 'the driver that EL1 has published for KVM to call; null: none yet');
  m.explain(ops, 'the driver whose functions EL2 calls; null: none yet');
  m.explain(registerLock, 'serialises registrations');
  m.explain(
    resources,
    'the driver has what init_driver takes and remove_driver frees: the memory that EL2 builds its tables in, and the rest',
  );
  m.explain(machine, 'whose IOMMU this machine has: the init_driver of any other driver fails. It never changes');
  m.explain(protectedMode, 'protected KVM as a whole: not yet set up, failed for good, or on');

  /** R1 to R3. Each driver gets its own, since a guard that fails must say whose registration it ends. */
  const register = (me: Driver): Handler => {
    const locals = { kernOps: Pointer, el2Ops: Pointer };
    const refuse = (errno: string) => fail(errno).emit('registration failed', { driver: me });
    const noDriverYet = {
      id: 'iommu_driver-is-NULL',
      doc: 'only one driver; -EBUSY tells the caller that there is one',
      source: `${host} (S2:211-213)`,
      test: (s: { iommuDriver: Pointer }) => s.iommuDriver === null,
      else: refuse('EBUSY').emit('iommu_driver seen', { by: 'a second registrant' }),
    };
    const publish = (_: unknown, f: Locals<typeof locals>) =>
      next({ iommuDriver: f.kernOps }).emit('pointer stored', { driver: me });

    return handler('kvm_iommu_register_driver', locals, (h) => {
      const storeOps = h.step('store kvm_iommu_ops', {
        doc: 'a plain store to a variable of the hypervisor',
        fn: 'kvm_iommu_register_driver',
        source: `${host} (S2:215)`,
        writes: () => ({ ops }),
        run: (_, f) => next({ ops: f.el2Ops }).emit('pointer stored', { driver: me }),
      });
      const returnZero = h.step('return 0', {
        fn: 'kvm_iommu_register_driver',
        source: `${host} (S2:216)`,
        run: () => done().emit('registered', { driver: me }),
      });
      // Published first, completed afterwards: W-35.
      const seed = [
        h.step('cmpxchg iommu_driver', {
          doc: 'the release orders the stores before it, not the one after it',
          fn: 'kvm_iommu_register_driver: cmpxchg_release',
          source: `${host} (S2:211)`,
          writes: () => ({ iommuDriver }),
          guards: [noDriverYet],
          run: publish,
        }),
        storeOps,
        returnZero,
      ];
      // One registrant at a time, and the release comes last.
      const repair = h.locked('iommu_register_lock', () => registerLock, [
        h.step('read iommu_driver', {
          fn: 'kvm_iommu_register_driver',
          source: 'not upstream: SB-8',
          reads: () => ({ iommuDriver }),
          guards: [noDriverYet],
        }),
        storeOps,
        h.step('publish iommu_driver', {
          doc: 'whoever sees the driver sees its ops',
          fn: 'kvm_iommu_register_driver: smp_store_release',
          source: 'not upstream: SB-8',
          writes: () => ({ iommuDriver }),
          run: publish,
        }),
        returnZero,
      ]);
      return [
        h.step('initcall', {
          doc: 'passes both halves, or forgets one',
          run: () => [
            next().local({ kernOps: me, el2Ops: me }),
            next().local({ kernOps: null, el2Ops: me }),
            next().local({ kernOps: me, el2Ops: null }),
          ],
        }),
        h.step('check pointers', {
          fn: 'kvm_iommu_register_driver',
          source: `${host} (S2:203-204)`,
          guards: [
            {
              id: 'pointers-are-set',
              doc: 'a driver has both halves: WARN_ON(!kern_ops || !el2_ops)',
              source: `${host} (S2:203-204)`,
              test: (_, f) => f.kernOps !== null && f.el2Ops !== null,
              else: refuse('EINVAL'),
            },
          ],
        }),
        ...(repaired ? [repair] : seed),
      ];
    }, { fn: 'kvm_iommu_register_driver', source: `${host} (S2:199-217)` }); // prettier-ignore
  };

  /** The seed has none (SB-12). Driver first: whoever sees the driver still sees its ops. */
  const unregister = fragment('kvm_iommu_unregister_driver', {}, (h) => [
    h.locked('iommu_register_lock', () => registerLock, [
      h.step('clear iommu_driver', {
        fn: 'kvm_iommu_unregister_driver',
        source: 'not upstream: SB-12',
        writes: () => ({ iommuDriver }),
        run: () => next({ iommuDriver: null }),
      }),
      h.step('clear kvm_iommu_ops', {
        fn: 'kvm_iommu_unregister_driver',
        source: 'not upstream: SB-12',
        writes: () => ({ ops }),
        run: () => next({ ops: null }),
      }),
    ]),
  ]);
  /** Wherever KVM is done with a driver that it could not use, the repaired design unregisters it. */
  const onlyRepaired = (call: Node): Node[] => (repaired ? [call] : []);

  const initDriver = fragment('init_driver', { driver }, (h) => {
    const probe = [
      h.step('allocate', {
        doc: 'memory for EL2’s tables, clocks, power',
        fn: 'iommu_driver->init_driver',
        source: `${host} (S2:227)`,
        writes: (f) => ({ resources: resources(f.driver) }),
        run: () => next({ resources: true }).emit('init_driver called'),
      }),
      h.step('probe the IOMMUs', {
        doc: 'parses firmware tables; may fail late',
        fn: 'iommu_driver->init_driver',
        source: `${host} (S2:24-26, 227)`,
        reads: () => ({ machine }),
        run: (s, f) =>
          s.machine === f.driver
            ? [next().emit('init_driver succeeded', { driver: f.driver }), fail('ENOMEM')]
            : fail('ENODEV'),
      }),
    ];
    const free = h.step('free', {
      doc: 'the driver’s own way back: remove_driver is not called for it',
      fn: 'iommu_driver->init_driver',
      source: 'the contract of S2:87-90 (SB-9)',
      writes: (f) => ({ resources: resources(f.driver) }),
      run: () => next({ resources: false }),
    });
    return undoes ? [h.onFail('undo', probe, [free])] : probe;
  });

  /** N1, N2. */
  const kvmIommuInitDriver = fragment('kvm_iommu_init_driver', { driver }, (h) => [
    h.step('load iommu_driver', {
      fn: 'kvm_iommu_init_driver: smp_load_acquire',
      source: `${host} (S2:219-225)`,
      reads: () => ({ iommuDriver }),
      guards: [
        {
          id: 'iommu_driver-is-set',
          doc: 'no driver, no protected mode; the message it logs sounds as if it went on without one (SB-11)',
          source: `${host} (S2:222-225)`,
          test: (s) => s.iommuDriver !== null,
          else: fail('ENODEV'),
        },
      ],
      // Without the guard, the message is true: nothing to initialise.
      run: (s) =>
        s.iommuDriver === null
          ? done()
          : next().local({ driver: s.iommuDriver }).emit('iommu_driver seen', { by: 'kvm_iommu_init_driver' }),
    }),
    h.onFail('init_driver failed', [
      h.call(initDriver, (f) => ({ driver: f.driver })),
    ], onlyRepaired(h.call(unregister))),
  ]); // prettier-ignore

  /** N3, N4, at EL2: so on this CPU nothing else runs until it returns. */
  const kvmIommuInit = fragment('kvm_iommu_init', { driver }, (h) => [
    h.step('load kvm_iommu_ops', {
      fn: 'kvm_iommu_init',
      source: hyp,
      reads: () => ({ ops }),
      guards: [
        {
          id: 'kvm_iommu_ops-is-set',
          doc: 'EL2 does not call through a NULL pointer',
          source: hyp,
          test: (s) => s.ops !== null,
          else: fail('ENODEV').emit('kvm_iommu_ops loaded'),
        },
      ],
      run: (s) => (s.ops === null ? done() : next().local({ driver: s.ops }).emit('kvm_iommu_ops loaded')),
    }),
    h.call(el2.init, (f) => ({ driver: f.driver })),
  ]);

  /** N3 to N5. The rest of it can fail when the SMMUs have been taken over already (W-36). */
  const initFinalise = fragment('__pkvm_init_finalise', {}, (h) => {
    const rest = [
      h.step('hyp_ffa_init', { fn: 'hyp_ffa_init', source: setup, run: () => [next(), fail('EOPNOTSUPP')] }),
      h.step('later steps', {
        fn: '__pkvm_init_finalise',
        source: setup,
        run: () => [next(), fail('ENOMEM')],
      }),
    ];
    return [
      h.call(kvmIommuInit),
      ...(repaired ? [h.onFail('finalise failed', rest, [h.call(el2.remove)])] : rest),
    ]; // prettier-ignore
  });

  /** N6. */
  const kvmIommuRemoveDriver = fragment('kvm_iommu_remove_driver', { driver }, (h) => [
    h.step('load iommu_driver', {
      fn: 'kvm_iommu_remove_driver: smp_load_acquire',
      source: `${host} (S2:230-235)`,
      reads: () => ({ iommuDriver }),
      run: (s) =>
        s.iommuDriver === null
          ? done()
          : next().local({ driver: s.iommuDriver }).emit('iommu_driver seen', { by: 'kvm_iommu_remove_driver' }),
    }),
    h.step('remove_driver', {
      doc: 'resets what it can reach and frees everything',
      fn: 'iommu_driver->remove_driver',
      source: `${host} (S2:234)`,
      writes: (f) => ({ resources: resources(f.driver) }),
      run: (_, f) => next({ resources: false }).emit('remove_driver', { driver: f.driver }),
    }),
    ...onlyRepaired(h.call(unregister)),
  ]);

  /** N1 to N7. */
  const hypInitProtection = handler('kvm_hyp_init_protection', {}, (h) => [
    h.step('kvm_arm_init', {
      doc: 'not again once protected mode is on; a failed try may be repeated, which is harsher than the kernel',
      waits: true,
      fn: 'kvm_arm_init: init_hyp_mode',
      source: arm,
      writes: () => ({ protectedMode }),
      run: (s) => (s.protectedMode === 'ON' ? block : next({ protectedMode: 'OFF' as const })),
    }),
    h.onFail('init_hyp_mode', [
      h.call(kvmIommuInitDriver),
      h.onFail('do_pkvm_init', [h.call(initFinalise)], [h.call(kvmIommuRemoveDriver)]),
      h.step('free_hyp_pgds', {
        doc: 'and from here on EL1 is deprivileged',
        fn: 'kvm_hyp_init_protection: free_hyp_pgds',
        source: `${arm} (S2:98-100)`,
        writes: () => ({ protectedMode }),
        run: () => done('', { protectedMode: 'ON' as const }).emit('protected mode on'),
      }),
    ], [
      h.step('error initializing Hyp mode', {
        doc: 'the kernel goes on at EL1, without KVM',
        fn: 'kvm_arm_init',
        source: arm,
        writes: () => ({ protectedMode }),
        run: () => next({ protectedMode: 'FAILED' as const }),
      }),
    ]),
  ], { fn: 'kvm_hyp_init_protection', source: `${arm} (S2:81-101)` }); // prettier-ignore

  return { iommuDriver, ops, resources, machine, protectedMode, register, hypInitProtection };
}
