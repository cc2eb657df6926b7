/**
 * OP-TEE's remoteproc TA (B15): a state OFF, LOADED or STARTED for each processor, and the commands of the normal world.
 * Single instance, kept alive, not multi-session: while a session is open nobody opens a second one, and closing it (or the
 * whole Linux context) resets nothing (W-67).
 *
 * Each command is a fragment on the calling CPU. It never fails its caller: it gives an answer, and the caller makes of it
 * what it likes.
 */
import { bool, done, enumOf, fragment, next, type Builder, type Seen, type ValueOf } from '../language/index.js';
import { Signed, type RemoteProcessors } from './remote-processor.js';
import { answersUnless, taLock, TeeResult, type RemoteprocPta, type TeeAnswer } from './remoteproc-pta.js';

const source = 'ta/remoteproc/src/remoteproc_core.c (B15)';

export const TaState = enumOf('OFF', 'LOADED', 'STARTED');
/** What a normal-world firmware file is. */
export const Image = enumOf(...Signed.values, 'UNSIGNED');
export type ImageValue = ValueOf<typeof Image>;

export interface TaDesign {
  /**
   * `at once`: LOAD_FW is one step, for scenarios in which nobody else stores to the shared memory or the remote memory.
   */
  readonly load: 'at once';
  /** LOAD_FW may run out of memory before it has done anything, or when some segments are there. */
  readonly faults: boolean;
}

export type RemoteprocTa = ReturnType<typeof remoteprocTa>;

/** Declares the TA's state, and its commands. */
export function remoteprocTa(m: Builder, remote: RemoteProcessors, pta: RemoteprocPta, design: TaDesign) {
  const { rproc, region, Regions, Memory, memory, processor } = remote;
  const state = m.family('TA state', [rproc], TaState, 'OFF');
  const session = m.variable('TA session', bool, false);
  const lock = taLock(m, [...state.all, session, ...pta.states]);

  for (const event of ['started', 'stopped', 'released']) m.event(event, { rproc });
  const everywhere = Regions.make(region.values);

  type Session = Seen<{ session: typeof session }>;
  type State = Seen<{ state: (typeof state.all)[number] }>;
  const hasSession = answersUnless<Session>('session-is-open', 'commands come in a session', 'BAD_PARAMETERS', (s) => s.session, 'core/kernel/tee_ta_manager.c (B15)'); // prettier-ignore
  const isNotOff = answersUnless<State>('is-not-OFF', 'only a loaded image is started', 'BAD_STATE', (s) => s.state !== 'OFF', source); // prettier-ignore
  const isNotLoaded = answersUnless<State>('is-not-LOADED', 'what was not started is not stopped', 'BAD_STATE', (s) => s.state !== 'LOADED', source); // prettier-ignore
  const isNotStarted = answersUnless<State>('is-not-STARTED', 'the memory of a running processor is left alone', 'BAD_STATE', (s) => s.state !== 'STARTED', source); // prettier-ignore
  const already = (where: 'LOADED' | 'STARTED' | 'OFF') =>
    answersUnless<State>(`is-not-yet-${where}`, 'nothing to do', 'SUCCESS', (s) => s.state !== where, source);

  const locals = { rproc, answer: TeeResult };
  const answered = (f: { readonly answer: TeeAnswer }) => f.answer;
  const success = { answer: 'SUCCESS' as const };

  const openSession = fragment('open session', { answer: TeeResult }, (h) => [
    h.locked('TA', () => lock, [
      h.step('open session', {
        fn: 'tee_ta_init_session_with_context',
        source: 'core/kernel/tee_ta_manager.c (B15)',
        writes: () => ({ session }),
        guards: [
          answersUnless<Session>('no-session-is-open', 'not MULTI_SESSION', 'BUSY', (s) => !s.session, 'core/kernel/tee_ta_manager.c (B15)'),
        ],
        run: () => next({ session: true }).local(success),
      }),
    ]),
  ], answered); // prettier-ignore

  const closeSession = fragment('close session', {}, (h) => [
    h.locked('TA', () => lock, [
      h.step('close session', {
        doc: 'the instance is kept alive, with its state',
        fn: 'TA_CloseSessionEntryPoint',
        source,
        writes: () => ({ session }),
        run: () => next({ session: false }),
      }),
    ]),
  ]);

  const loadAtOnce = fragment('LOAD_FW', { ...locals, image: Image }, (h) => [
    h.locked('TA', () => lock, [
      h.step('load', {
        doc: 'where it is LOADED already, the image is not looked at',
        fn: 'remoteproc_load_fw',
        source,
        reads: (f) => ({ session, pta: pta.state(f.rproc) }),
        writes: (f) => ({ state: state(f.rproc), memory: memory(f.rproc) }),
        guards: [hasSession, already('LOADED'), isNotStarted, pta.isOff],
        run: (s, f) => {
          const { image } = f;
          if (image === 'UNSIGNED') return done('SECURITY').local({ answer: 'SECURITY' as const });
          const loaded = next({ state: 'LOADED' as const, memory: Memory.fill(image) })
            .local(success)
            .emit('memory changed', { rproc: f.rproc, regions: everywhere });
          if (!design.faults) return loaded;
          const failed = { answer: 'OUT_OF_MEMORY' as const };
          const partly = region.size > 1 ? s.memory.set(0, image) : Memory.fill('PART');
          return [loaded, done('OUT_OF_MEMORY').local(failed), done('OUT_OF_MEMORY', { memory: partly }).local(failed)];
        },
      }),
    ]),
  ], answered); // prettier-ignore

  const start = fragment('START', locals, (h) => [
    h.locked('TA', () => lock, [
      h.step('start', {
        fn: 'remoteproc_start_fw, rproc_pta_start',
        source,
        reads: (_) => ({ session }),
        writes: (f) => ({ state: state(f.rproc), pta: pta.state(f.rproc), processor: processor(f.rproc) }),
        guards: [hasSession, isNotOff, already('STARTED'), pta.isOff],
        run: (_, f) =>
          next({ state: 'STARTED' as const, pta: 'ON' as const, processor: 'RUN' as const })
            .local(success)
            .emit('started', { rproc: f.rproc }),
      }),
    ]),
  ], answered); // prettier-ignore

  const stop = fragment('STOP', locals, (h) => [
    h.locked('TA', () => lock, [
      h.step('stop', {
        doc: 'the memory stays as it is',
        fn: 'remoteproc_stop_fw, rproc_pta_stop',
        source,
        reads: (_) => ({ session }),
        writes: (f) => ({ state: state(f.rproc), pta: pta.state(f.rproc), processor: processor(f.rproc) }),
        guards: [hasSession, already('OFF'), isNotLoaded, pta.isOn],
        run: (_, f) =>
          next({ state: 'OFF' as const, pta: 'OFF' as const, processor: 'RESET' as const })
            .local(success)
            .emit('stopped', { rproc: f.rproc }),
      }),
    ]),
  ], answered); // prettier-ignore

  const getRscTable = fragment('GET_RSC_TABLE', locals, (h) => [
    h.locked('TA', () => lock, [
      h.step('get resource table', {
        doc: 'an address in the memory of the processor: the caller reads what is there',
        fn: 'remoteproc_get_rsc_table',
        source,
        reads: (f) => ({ session, state: state(f.rproc) }),
        guards: [hasSession, isNotOff],
        run: () => next().local(success),
      }),
    ]),
  ], answered); // prettier-ignore

  const release = fragment('RELEASE_FW', locals, (h) => [
    h.locked('TA', () => lock, [
      h.step('release', {
        fn: 'remoteproc_release_fw, rproc_pta_release_resources',
        source,
        reads: (f) => ({ session, pta: pta.state(f.rproc) }),
        writes: (f) => ({ state: state(f.rproc), memory: memory(f.rproc) }),
        guards: [hasSession, isNotStarted, pta.isOff],
        run: (_, f) =>
          next({ state: 'OFF' as const, memory: Memory.fill('ZERO') })
            .local(success)
            .emit('memory changed', { rproc: f.rproc, regions: everywhere })
            .emit('released', { rproc: f.rproc }),
      }),
    ]),
  ], answered); // prettier-ignore

  return { state, session, lock, openSession, closeSession, load: loadAtOnce, start, stop, getRscTable, release };
}
