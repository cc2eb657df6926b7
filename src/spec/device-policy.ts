/**
 * Device policy (B10): the handshake in which the host tells EL2 which SMMUs and devices there are, and the freeze that
 * ends it (S3:124-131). The host's word is a request: EL2 checks it against its own truth table (S3:215). The seeds
 * require all this; there is no published code, so hypercalls have the names of the brief.
 *
 * The order that holds: MMIO is taken away first, then what the registers hold is checked or reset, then FROZEN. An
 * SMMU goes through the first two here, the memory controller in freeze.ts.
 */
import {
  bool,
  enumOf,
  fail,
  handler,
  map,
  next,
  optional,
  type Builder,
  type Handler,
  type Seen,
} from '../language/index.js';
import type { Mmio } from './mmio.js';
import type { Parts } from './parts.js';
import type { Platform } from './platform.js';
import { disabled, enabled, type SmmuRegisterFile } from './smmu-mmio.js';

const source = 'required by S3:124-131, S3:212-216 (B10)';
const smmuInit = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

export type DevicePolicy = ReturnType<typeof devicePolicy>;

/**
 * Declares what EL2 keeps of the handshake, and the hypercalls that change it.
 * @param registered the handshake is over but for the memory controller and the freeze
 */
export function devicePolicy(
  m: Builder,
  { smmu, device }: Parts,
  soc: Platform,
  pages: Mmio,
  smmus: SmmuRegisterFile,
  registered: boolean,
) {
  const { client, Sid, Sids, Description, truth, descriptions, deviceOf } = soc;
  m.event('attached', { device, smmu, sid: Sid });
  const phase = m.variable('phase', enumOf('OPEN', 'FROZEN'), 'OPEN');
  const known = m.family('known', [smmu], bool, registered);
  /** EL2's sanitised copy of what the host said of a device. Everything EL2 programs comes from here. */
  const reg = m.family('reg', [device], optional(Description), (d) => (registered ? truth(d) : null));
  const lock = m.lock('policy_lock', { protects: [phase, ...known.all, ...reg.all, ...pages.pages] });
  m.explain(
    phase,
    'OPEN: the host may still register SMMUs and devices. FROZEN: its devices, StreamIDs and MMIO are settled for good',
  );
  m.explain(known, 'EL2 has taken this SMMU over');
  m.explain(
    reg,
    'EL2’s own copy of what the host said of the device, checked: its SMMU and its StreamIDs; null before it is registered',
  );
  m.explain(lock, 'protects the phase, the registrations, and the MMIO pages that go to EL2');

  /** The SIDs to program for each client whose device is registered: a snapshot, taken under the lock. */
  const Plan = map(client, Sids);
  const plan = (s: Seen<{ reg: typeof reg }>) =>
    Plan.make(
      client.values.flatMap((c) => {
        const own = s.reg.at(deviceOf(c));
        return own === null ? [] : [[c, own.sids]];
      }),
    );

  const isOpen = {
    id: 'phase-is-OPEN',
    doc: 'nothing changes once it is frozen (S3:216)',
    source,
    test: (s: { phase: 'OPEN' | 'FROZEN' }) => s.phase === 'OPEN',
    else: fail('EPERM'),
  };
  const registerSmmu: Handler = handler('register_smmu', { smmu, base: smmu }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('read request', {
        doc: 'any SMMU, and any base: both are the host’s to name',
        fn: 'register_smmu',
        source,
        run: () => smmu.values.flatMap((k) => smmu.values.map((b) => next().local({ smmu: k, base: b }))),
      }),
      h.step('check request', {
        fn: 'register_smmu',
        source,
        reads: (f) => ({ phase, known: known(f.smmu) }),
        guards: [
          isOpen,
          {
            id: 'base-equals-truth',
            doc: 'the base is the one in EL2’s device tree',
            source,
            test: (_, f) => f.base === f.smmu,
            else: fail('EINVAL'),
          },
          {
            id: 'SMMU-is-new',
            doc: 'an SMMU is registered once',
            source,
            test: (s) => !s.known,
            else: fail('EBUSY'),
          },
        ],
      }),
      h.call(pages.takeSmmu, (f) => ({ smmu: f.base })),
      h.onFail('init', [
        h.step('check GBPA', {
          doc: 'while the SMMU is off, it must abort',
          fn: 'smmu_init_device',
          source: smmuInit,
          reads: (f) => ({ registers: smmus.registers(f.base) }),
          guards: [
            {
              id: 'GBPA.ABORT-is-1',
              doc: 'no transaction passes before the SMMU is enabled',
              source: smmuInit,
              test: (s) => s.registers.ABORT,
              else: fail('EINVAL'),
            },
          ],
        }),
      ], [h.call(pages.giveSmmuBack, (f) => ({ smmu: f.base }))]), // prettier-ignore
      h.step('enable', {
        doc: 'with EL2’s stream table; it may be changed while SMMUEN=0 only, and the driver clears that first',
        fn: 'smmu_reset_device: STRTAB_BASE, CR0.SMMUEN=1',
        source: smmuInit,
        writes: (f) => ({ registers: smmus.registers(f.base) }),
        run: (s) => next({ registers: s.registers.merge(enabled) }),
      }),
      h.step('mark', {
        fn: 'register_smmu',
        source,
        writes: (f) => ({ known: known(f.smmu) }),
        run: () => next({ known: true }),
      }),
    ]),
  ], { fn: 'register_smmu', source }); // prettier-ignore

  const unregisterSmmu: Handler = handler('unregister_smmu', { smmu }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('read request', {
        fn: 'unregister_smmu',
        source,
        run: () => smmu.values.map((k) => next().local({ smmu: k })),
      }),
      h.step('check request', {
        fn: 'unregister_smmu',
        source,
        reads: (f) => ({ phase, known: known(f.smmu) }),
        guards: [
          isOpen,
          {
            id: 'SMMU-is-registered',
            doc: 'only what was taken is given back',
            source,
            test: (s) => s.known,
            else: fail('ENOENT'),
          },
        ],
      }),
      h.step('disable', {
        doc: 'GBPA.ABORT is still 1',
        fn: 'smmu_deinit_device: CR0.SMMUEN=0',
        source: smmuInit,
        writes: (f) => ({ registers: smmus.registers(f.smmu) }),
        run: (s) => next({ registers: s.registers.merge(disabled) }),
      }),
      h.step('unmark', {
        fn: 'unregister_smmu',
        source,
        writes: (f) => ({ known: known(f.smmu) }),
        run: () => next({ known: false }),
      }),
      h.call(pages.giveSmmuBack, (f) => ({ smmu: f.smmu })),
    ]),
  ], { fn: 'unregister_smmu', source }); // prettier-ignore

  const registerDev: Handler = handler('register_dev', { device, request: Description }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('read request', {
        doc: 'what fwspec says at EL1, or any lie',
        fn: 'register_dev',
        source,
        run: () => device.values.flatMap((d) => descriptions.map((r) => next().local({ device: d, request: r }))),
      }),
      h.step('check request', {
        fn: 'register_dev',
        source,
        reads: (f) => ({ phase, reg: reg(f.device) }),
        guards: [
          isOpen,
          {
            id: 'request-equals-truth',
            doc: 'the host’s word is a request: EL2 compares it with its own device tree (S3:215)',
            source,
            test: (_, f) => f.request.equals(truth(f.device)),
            else: fail('EPERM'),
          },
          {
            id: 'device-is-new',
            doc: 'a device is registered once',
            source,
            test: (s) => s.reg === null,
            else: fail('EBUSY'),
          },
        ],
      }),
      h.step('store', {
        fn: 'register_dev',
        source,
        writes: (f) => ({ reg: reg(f.device) }),
        run: (_, f) => next({ reg: f.request }),
      }),
    ]),
  ], { fn: 'register_dev', source }); // prettier-ignore

  const unregisterDev: Handler = handler('unregister_dev', { device }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('read request', {
        fn: 'unregister_dev',
        source,
        run: () => device.values.map((d) => next().local({ device: d })),
      }),
      h.step('forget', {
        fn: 'unregister_dev',
        source,
        reads: () => ({ phase }),
        writes: (f) => ({ reg: reg(f.device) }),
        guards: [
          isOpen,
          {
            id: 'device-is-registered',
            doc: 'there is something to forget',
            source,
            test: (s) => s.reg !== null,
            else: fail('ENOENT'),
          },
        ],
        run: () => next({ reg: null }),
      }),
    ]),
  ], { fn: 'unregister_dev', source }); // prettier-ignore

  /** As far as this component decides: may this device be attached through this stream? What the STE then says is B8. */
  const attachDev: Handler = handler('attach_dev', { device, smmu, sid: Sid }, (h) => [
    h.locked('policy_lock', () => lock, [
      h.step('read request', {
        doc: 'each call brings its own SMMU and SID: fwspec may have changed since the last one (S3:184)',
        fn: 'attach_dev',
        source,
        run: () =>
          device.values.flatMap((d) =>
            smmu.values.flatMap((k) => Sid.values.map((sid) => next().local({ device: d, smmu: k, sid }))),
          ),
      }),
      h.step('check request', {
        fn: 'attach_dev',
        source,
        reads: (f) => ({ reg: reg(f.device) }),
        guards: [
          {
            id: 'stream-belongs-to-device',
            doc: 'every call is checked against EL2’s own list (S3:189)',
            source,
            test: ({ reg: own }, f) => own !== null && own.smmu === f.smmu && own.sids.has(f.sid),
            else: fail('EPERM'),
          },
        ],
        run: (_, f) => next().emit('attached', { device: f.device, smmu: f.smmu, sid: f.sid }),
      }),
    ]),
  ], { fn: 'attach_dev', source }); // prettier-ignore

  return {
    phase,
    known,
    reg,
    lock,
    Plan,
    plan,
    isOpen,
    registerSmmu,
    unregisterSmmu,
    registerDev,
    unregisterDev,
    attachDev,
  };
}
