/**
 * The power domain of an SMMU (B9): the hypercall with which the host says that it will cut power, or has switched it on.
 * While the SMMU is off, EL2 sends it no command and calls that success. So resume has to invalidate everything; and since
 * registers are lost with the power, it has to program them first.
 */
import { block, bool, fail, fragment, handler, next, type Body, type Builder, type Family } from '../language/index.js';
import type { Parts, Smmu } from './parts.js';
import type { RegisterHardware, SmmuRegisters } from './smmuv3-registers.js';
import type { El2Driver } from './smmuv3-el2-driver.js';

const core = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B9)';
const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8, B9)';

export type PowerIsOff = Family<readonly [Smmu] & readonly number[], boolean>;

export function powerIsOff(m: Builder, { smmu }: Parts): PowerIsOff {
  const off = m.family('power_is_off', [smmu], bool, false);
  m.explain(off, 'EL2 believes that the SMMU is off: it sends it no command, and calls that success');
  return off;
}

/** The order of the flag and the driver's work: the brief's variants. */
export type PowerOrder = 'A' | 'B';

export interface PowerOptions {
  /** A: the flag first. B: the driver first, and the flag only if it succeeds. */
  readonly order: PowerOrder;
  /** EL2 gives up waiting for CR0ACK. */
  readonly timeouts: boolean;
  /** There are event queues. */
  readonly events?: boolean;
}

/** The hypercalls pd_on and pd_off. */
export function powerDomain(
  { smmu }: Parts,
  { registers }: SmmuRegisters,
  { writeCr0, writeBase }: RegisterHardware,
  driver: El2Driver,
  off: PowerIsOff,
  { order, timeouts, events = false }: PowerOptions,
) {
  const { smmuLock, cfgiAll, tlbInvAll, cmdSync } = driver;

  const waitForAck = (mayTimeOut: boolean) =>
    fragment('smmu_wait', { smmu }, (h) => [
      h.step('wait for CR0ACK', {
        doc: 'only now the change has happened (W-08)',
        fn: 'smmu_write_cr0: smmu_wait(CR0ACK)',
        source,
        waits: true,
        reads: (f) => ({ registers: registers(f.smmu) }),
        run: ({ registers: { cr0, ack, powered } }) =>
          powered && cr0 === ack ? next() : mayTimeOut ? fail('ETIMEDOUT') : block,
      }),
    ]);
  const wait = waitForAck(timeouts);
  const same = (f: { smmu: Smmu }) => ({ smmu: f.smmu });

  const disable = writeCr0('0', 'no translation, no queue: GBPA decides');
  const suspend = fragment('smmu_suspend', { smmu }, (h) => [h.call(disable, same), h.call(wait, same)]);

  const resume = fragment('smmu_resume', { smmu }, (h) => [
    h.onFail(
      'reset_device',
      [
        h.call(writeBase('STRTAB_BASE', 'the stream table is EL2’s again, whatever was lost with the power'), same),
        h.call(writeBase('CMDQ_BASE', 'and so is the command queue, with PROD and CONS at its start'), same),
        ...(events
          ? [h.call(writeBase('EVTQ_BASE', 'events go to the pinned page again, not to anybody’s'), same)]
          : []),
        h.call(writeCr0('CMDQEN', 'the queue only'), same, { as: 'enable queue' }),
        h.call(wait, same, { as: 'wait for queue' }),
        h.call(cfgiAll, same),
        h.call(tlbInvAll, same),
        h.call(cmdSync, same),
        h.call(writeCr0('SMMUEN|CMDQEN', 'transactions are translated again'), same, { as: 'enable SMMU' }),
        h.call(wait, same, { as: 'wait for SMMU' }),
      ],
      [h.call(disable, same), h.call(waitForAck(false), same)],
    ),
  ]);
  const flag = (h: Body<{ smmu: typeof smmu }>, to: boolean) =>
    h.step(`power_is_off := ${to}`, {
      fn: to ? 'iommu_power_off' : 'iommu_power_on',
      source: core,
      writes: (f) => ({ off: off(f.smmu) }),
      run: () => next({ off: to }),
    });
  const hypercall = (name: string, to: boolean, work: typeof suspend) =>
    handler(name, { smmu }, (h) => [
      h.step('pkvm_get_power_domain', {
        doc: 'any SMMU: it is the host’s to name',
        fn: 'pkvm_host_hvc_pd',
        source: core,
        run: () => smmu.values.map((s) => next().local({ smmu: s })),
      }),
      h.locked('smmu_lock', (f) => smmuLock(f.smmu), [
        ...(order === 'A' ? [flag(h, to), h.call(work, same)] : [h.call(work, same), flag(h, to)]),
      ]),
    ], { fn: 'pkvm_host_hvc_pd', source: core }); // prettier-ignore

  return { pdOff: hypercall('pd_off', true, suspend), pdOn: hypercall('pd_on', false, resume) };
}
