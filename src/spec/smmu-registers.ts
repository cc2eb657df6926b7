/**
 * The registers of an SMMU that decide whether it translates at all (B7 fact 1, B8 init): CR0.SMMUEN and GBPA.ABORT.
 * STRTAB_BASE and the queues' bases lie in the same pages and are lost and kept with them, so they are left out.
 */
import { block, bool, done, handler, record, type Builder, type Handler, type ValueOf } from '../language/index.js';
import type { Mmio } from './mmio.js';
import type { Parts } from './parts.js';

const source = 'Arm IHI 0070 §6.3 (B7)';

const SmmuRegisters = record('SmmuRegisters', { SMMUEN: bool, ABORT: bool });
export type SmmuRegistersValue = ValueOf<typeof SmmuRegisters>;

/** With SMMUEN=0 every stream bypasses translation, unless GBPA.ABORT ends it. */
export const bypasses = ({ SMMUEN, ABORT }: SmmuRegistersValue): boolean => !SMMUEN && !ABORT;

export type SmmuRegisterFile = ReturnType<typeof smmuRegisters>;

/**
 * Declares the registers: off and aborting, as boot firmware leaves them.
 * @param enabled EL2 has taken the SMMUs over and enabled them before the scenario begins
 */
export function smmuRegisters(m: Builder, { smmu }: Parts, pages: Mmio, enabled: boolean) {
  const registers = m.family('SMMU', [smmu], SmmuRegisters, SmmuRegisters.make({ SMMUEN: enabled, ABORT: true }));

  const el1Store: Handler = handler('EL1 store to SMMU', {}, (h) => [
    h.step('str', {
      doc: 'EL1 sets any register that its stage-2 maps; what it does not map faults back to it',
      fn: 'writel(CR0), writel(GBPA)',
      source,
      atomic: 'one store: the stage-2 walk and the write on the bus are one access',
      waits: true,
      reads: () => ({ pages: pages.smmuPage }),
      writes: () => ({ registers }),
      run: (s) => {
        const mapped = smmu.values.filter((k) => s.pages.at(k).hostMaps);
        if (mapped.length === 0) return block;
        return mapped.flatMap((k) =>
          [true, false].flatMap((value) =>
            (['SMMUEN', 'ABORT'] as const).map((bit) =>
              done('', { registers: s.registers.set(k, s.registers.at(k).set(bit, value)) }),
            ),
          ),
        );
      },
    }),
  ]); // prettier-ignore

  return { registers, el1Store };
}
