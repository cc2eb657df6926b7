/**
 * The stm32mp remoteproc pseudo-TA (B15): memory, reset and signatures, behind the TA. Only the TA may open it, and the TA
 * runs one command at a time, so its state is under the TA's lock. It has ONE state OFF/ON for all processors (W-66);
 * `perId` gives it one for each.
 */
import { done, enumOf, type Builder, type Lock, type Result, type Seen, type Var } from '../language/index.js';
import type { RemoteProcessors, Rproc } from './remote-processor.js';

const source = 'core/pta/stm32mp/remoteproc_pta.c (B15)';

/** What a command of the TA or the PTA answers. */
export const TeeResult = enumOf(
  'SUCCESS',
  'BAD_STATE',
  'BAD_PARAMETERS',
  'BUSY',
  'SECURITY',
  'NO_DATA',
  'ACCESS_DENIED',
  'OUT_OF_MEMORY',
);
export type TeeAnswer = (typeof TeeResult.values)[number];

export const PtaState = enumOf('OFF', 'ON');

/** A check of a command, with what the command answers where it fails. */
export const answersUnless = <S>(
  id: string,
  doc: string,
  answer: TeeAnswer,
  test: (seen: S) => boolean,
  from = source,
): {
  id: string;
  doc: string;
  source: string;
  test(seen: S): boolean;
  else: Result<object, { answer: TeeAnswer }>;
} => ({ id, doc, source: from, test, else: done(answer).local({ answer }) });

export type RemoteprocPta = ReturnType<typeof remoteprocPta>;

/** Declares the state. */
export function remoteprocPta(m: Builder, { rproc }: RemoteProcessors, perId: boolean) {
  const states = perId
    ? m.family('PTA state', [rproc], PtaState, 'OFF').all
    : [m.variable('PTA state', PtaState, 'OFF')];
  const state = (r: Rproc): Var<(typeof PtaState.values)[number]> => states[perId ? r : 0];

  type PtaSeen = Seen<{ pta: (typeof states)[number] }>;
  const isOff = answersUnless<PtaSeen>(
    'PTA-is-OFF',
    'the memory of a running processor is left alone',
    'BAD_STATE',
    (s) => s.pta === 'OFF',
  );
  const isOn = answersUnless<PtaSeen>('PTA-is-ON', 'only what runs is stopped', 'BAD_STATE', (s) => s.pta === 'ON');
  return { states, state, isOff, isOn };
}

/** The TA's lock, as OP-TEE takes it: one command of a single-instance TA at a time. */
export const taLock = (m: Builder, protects: readonly Var<unknown>[]): Lock =>
  m.lock('TA busy', { kind: 'mutex', protects });
