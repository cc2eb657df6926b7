/**
 * The stm32mp remoteproc pseudo-TA (B15): memory, reset and signatures, behind the TA. Only the TA may open it, and the TA
 * runs one command at a time, so its state is under the TA's lock. It has ONE state OFF/ON for all processors (W-66);
 * `perId` gives it one for each.
 */
import {
  done,
  enumOf,
  fragment,
  next,
  type Builder,
  type Result,
  type Seen,
  type ValueOf,
  type Var,
} from '../language/index.js';
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

/** Declares the state, and what the PTA does to memory. */
export function remoteprocPta(m: Builder, remote: RemoteProcessors, perId: boolean) {
  const { rproc, region, Regions, memory, closed, firewall } = remote;
  const states = perId
    ? m.family('PTA state', [rproc], PtaState, 'OFF').all
    : [m.variable('PTA state', PtaState, 'OFF')];
  for (const own of states)
    m.explain(own, 'the PTA’s own state: ON while it lets a processor run. Published code has one for all processors');
  const state = (r: Rproc): Var<ValueOf<typeof PtaState>> => states[perId ? r : 0];

  type PtaSeen = Seen<{ pta: (typeof states)[number] }>;
  const isOff = answersUnless<PtaSeen>(
    'PTA-is-OFF',
    'the memory of a running processor is left alone',
    'BAD_STATE',
    (s) => s.pta === 'OFF',
  );
  const isOn = answersUnless<PtaSeen>('PTA-is-ON', 'only what runs is stopped', 'BAD_STATE', (s) => s.pta === 'ON');

  const clearMemory = fragment('clear memory', { rproc, region }, (h) => [
    h.each('each region', 'region', () => region.values, [
      h.step('zero region', {
        fn: 'stm32_rproc_clean_up_memories',
        source: 'core/drivers/remoteproc/stm32_remoteproc.c (B15)',
        writes: (f) => ({ memory: memory(f.rproc) }),
        run: (s, f) =>
          next({ memory: s.memory.set(f.region, 'ZERO') }).emit('memory changed', {
            rproc: f.rproc,
            regions: Regions.make([f.region]),
            by: 'PTA',
          }),
      }),
    ]),
  ]);

  const setFirewall = (to: boolean) =>
    fragment(`${to ? 'close' : 'open'} firewall`, { rproc }, (h) => [
      h.step('set firewall', {
        doc: to ? 'from now on EL1 can’t store to the memory' : 'nothing in the memory is worth it any more',
        source: 'required by I-10; not there as published',
        writes: (f) => ({ closed: closed(f.rproc) }),
        run: () => next({ closed: to }),
      }),
    ]);
  const onDemand = firewall === 'on demand';
  return {
    states,
    state,
    isOff,
    isOn,
    clearMemory,
    /** None, if the firewall is not the PTA's to close. */
    closeFirewall: onDemand ? [setFirewall(true)] : [],
    openFirewall: onDemand ? [setFirewall(false)] : [],
  };
}
