/**
 * The registers of an SMMU that decide whether it confines anything (B7 fact 1, B8 init): CR0.SMMUEN, GBPA.ABORT and
 * STRTAB_BASE. The bases of the queues lie in the same page and go the way of STRTAB_BASE (B7 facts 7, 11), so they are
 * left out.
 */
import {
  block,
  bool,
  done,
  enumOf,
  handler,
  record,
  type Builder,
  type Handler,
  type ValueOf,
} from '../language/index.js';
import type { Mmio } from './mmio.js';
import type { Parts } from './parts.js';

const source = 'Arm IHI 0070 §6.3 (B7)';

/** Whose stream table STRTAB_BASE names. */
const SmmuMmio = record('SmmuMmio', { SMMUEN: bool, ABORT: bool, STRTAB_BASE: enumOf('EL1', 'EL2') });
export type SmmuRegistersValue = ValueOf<typeof SmmuMmio>;

/** Off, and GBPA.ABORT does not stop what comes; or on, with a stream table that EL1 fills: its STEs may bypass. */
export const letsDmaPass = ({ SMMUEN, ABORT, STRTAB_BASE }: SmmuRegistersValue): boolean =>
  SMMUEN ? STRTAB_BASE === 'EL1' : !ABORT;
/** How EL2 leaves an SMMU that it has taken over, and one that it gives back. */
export const enabled = { SMMUEN: true, STRTAB_BASE: 'EL2' } as const;
export const disabled = { SMMUEN: false, STRTAB_BASE: 'EL1' } as const;

export type SmmuRegisterFile = ReturnType<typeof smmuMmio>;

/**
 * Declares the registers: off and aborting, as boot firmware leaves them.
 * @param taken EL2 has taken the SMMUs over and enabled them before the scenario begins
 */
export function smmuMmio(m: Builder, { smmu }: Parts, pages: Mmio, taken: boolean) {
  const initial = SmmuMmio.make({ ABORT: true, ...(taken ? enabled : disabled) });
  const registers = m.family('SMMU', [smmu], SmmuMmio, initial);
  m.explain(
    registers,
    'the registers that decide whether the SMMU confines anything: CR0.SMMUEN, GBPA.ABORT (while it is 0), and whose stream table STRTAB_BASE names',
  );

  const el1Store: Handler = handler('EL1 store to SMMU', {}, (h) => [
    h.step('str', {
      doc: 'EL1 sets any register that its stage-2 maps; what it does not map faults back to it',
      fn: 'writel(CR0), writel(GBPA), writeq(STRTAB_BASE)',
      source,
      atomic: 'one store: the stage-2 walk and the write on the bus are one access',
      waits: true,
      reads: () => ({ pages: pages.smmuPage }),
      writes: () => ({ registers }),
      run: (s) => {
        const mapped = smmu.values.filter((k) => s.pages.at(k).hostMaps);
        if (mapped.length === 0) return block;
        return mapped.flatMap((k) =>
          [{ SMMUEN: true }, { SMMUEN: false }, { ABORT: true }, { ABORT: false }, { STRTAB_BASE: 'EL1' as const }].map(
            (store) => done('', { registers: s.registers.set(k, s.registers.at(k).merge(store)) }),
          ),
        );
      },
    }),
  ]); // prettier-ignore

  return { registers, el1Store };
}
