/**
 * How EL2 takes the SMMUs from EL1 while protected mode is set up, and how it gives them back (B1, B8).
 *
 * An SMMU is two things here: who owns its MMIO page, and what its registers do with a transaction. That is enough for
 * the boot-time gap: with SMMUEN=0 and GBPA.ABORT=0 devices that the boot loader left running reach all memory.
 */
import {
  bool,
  enumOf,
  fail,
  fragment,
  next,
  optional,
  record,
  type Builder,
  type Index,
  type IndexSort,
  type ValueOf,
} from '../language/index.js';
import type { Smmu } from './parts.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

/** A pair of kvm_iommu_driver (EL1) and kvm_iommu_ops (EL2): `driver0` is K1 with E1. */
export type Driver = Index<'driver'>;

/** The registers that decide what happens to a transaction. */
export type Registers = ValueOf<ReturnType<typeof registersSort>>;

function registersSort(driver: IndexSort<'driver'>) {
  return record('Registers', {
    /** CR0.SMMUEN, with the driver whose memory STRTAB_BASE points to. */
    smmuen: optional(driver),
    /** GBPA.ABORT: what happens while SMMUEN=0. */
    abort: bool,
  });
}

/** With SMMUEN=0, GBPA lets every transaction pass untranslated. */
export const bypasses = ({ smmuen, abort }: Registers): boolean => smmuen === null && !abort;
/** No transaction passes. */
export const aborts = ({ smmuen, abort }: Registers): boolean => smmuen === null && abort;

export type TakeOver = ReturnType<typeof smmuTakeOver>;

/**
 * Declares the SMMUs, with one initial state per choice of those that the boot loader left in bypass.
 * @param undoes ops->init gives back what it took where it fails
 */
export function smmuTakeOver(
  m: Builder,
  { driver, smmu }: { driver: IndexSort<'driver'>; smmu: IndexSort<'smmu'> },
  { undoes }: { undoes: boolean },
) {
  m.event('SMMU taken over', { smmu });
  m.event('SMMU given back', { smmu });
  const Registers = registersSort(driver);
  const mmio = m.family('mmio', [smmu], enumOf('HOST', 'HYP'), 'HOST');
  const registers = m.family('registers', [smmu], Registers, Registers.make({ smmuen: null, abort: true }));
  m.explain(mmio, 'who has the registers of this SMMU mapped: the host or EL2');
  m.explain(
    registers,
    'smmuen: the driver whose stream table it uses, null while SMMUEN=0; abort: GBPA.ABORT, whether it then stops everything or lets everything pass',
  );

  /** The initial values for one choice of the SMMUs in bypass. */
  const left = (inBypass: readonly Smmu[]) =>
    inBypass.map((k) => [registers(k), Registers.make({ smmuen: null, abort: false })] as const);

  /** An SMMU that was not taken over is already as this leaves it. */
  const giveBack = fragment('give back', { smmu }, (h) => [
    h.step('clear SMMUEN', {
      doc: 'the SMMU walks EL2’s tables no more; from here on GBPA decides',
      fn: 'kvm_iommu_ops->remove: writel(CR0)',
      source: 'not upstream: SB-10',
      writes: (f) => ({ registers: registers(f.smmu) }),
      run: (s) => next({ registers: s.registers.set('smmuen', null) }),
    }),
    h.step('give MMIO back', {
      fn: 'kvm_iommu_ops->remove: __pkvm_hyp_donate_host',
      source: 'not upstream: SB-10',
      writes: (f) => ({ mmio: mmio(f.smmu) }),
      run: (_, f) => next({ mmio: 'HOST' }).emit('SMMU given back', { smmu: f.smmu }),
    }),
  ]);

  /** What struct kvm_iommu_ops lacks: a way out after init. */
  const remove = fragment('ops.remove', { smmu }, (h) => [
    h.each('each SMMU', 'smmu', () => smmu.values, [h.call(giveBack, (f) => ({ smmu: f.smmu }))]),
  ]);

  const takeOne = fragment('take over', { smmu, driver }, (h) => [
    h.step('donate MMIO', {
      doc: 'first take the registers away, then look at what is in them (SB-13)',
      fn: 'smmu_init_device: __pkvm_host_donate_hyp',
      source,
      writes: (f) => ({ mmio: mmio(f.smmu) }),
      guards: [
        {
          id: 'host-owns-MMIO',
          doc: 'EL2 takes only what it does not have: stops a second init after one that was not undone',
          source: 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)',
          test: (s) => s.mmio === 'HOST',
          else: fail('EPERM'),
        },
      ],
      run: () => next({ mmio: 'HYP' }),
    }),
    h.step('read GBPA', {
      doc: 'what EL1 or the boot loader left there is validated, not trusted (T4)',
      fn: 'smmu_init_registers: readl(GBPA)',
      source,
      reads: (f) => ({ registers: registers(f.smmu) }),
      guards: [
        {
          id: 'GBPA.ABORT-is-1',
          doc: 'whenever SMMUEN is 0, transactions abort',
          source,
          test: (s) => s.registers.abort,
          else: fail('EINVAL'),
        },
      ],
    }),
    h.step('build stream table', {
      fn: 'smmu_init_strtab',
      source,
      run: () => [next(), fail('ENOMEM')],
    }),
    h.step('set SMMUEN', {
      doc: 'STRTAB_BASE and the rest first; the tables are in memory that init_driver allocated',
      fn: 'smmu_reset_device: writel(CR0)',
      source,
      writes: (f) => ({ registers: registers(f.smmu) }),
      run: (s, f) => next({ registers: s.registers.set('smmuen', f.driver) }).emit('SMMU taken over', { smmu: f.smmu }),
    }),
  ]);

  /** N4: takes over every SMMU. */
  const init = fragment('ops.init', { driver, smmu }, (h) => {
    const all = h.each('each SMMU', 'smmu', () => smmu.values, [
      h.call(takeOne, (f) => ({ smmu: f.smmu, driver: f.driver })),
    ]);
    return undoes ? [h.onFail('undo', [all], [h.call(remove)])] : [all];
  });

  return { mmio, registers, left, init, remove };
}
