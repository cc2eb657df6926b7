/**
 * OP-TEE's remoteproc TA (B15): a state OFF, LOADED or STARTED for each processor, and the commands of the normal world.
 * Single instance, kept alive, not multi-session: while a session is open nobody opens a second one, and closing it (or the
 * whole Linux context) resets nothing (W-67).
 *
 * Each command is a fragment on the calling CPU. It never fails its caller: it gives an answer, and the caller makes of it
 * what it likes.
 */
import { bool, done, fragment, next, set, type Builder, type Lock, type Seen } from '../language/index.js';
import type { RemoteProcessors, Rproc } from './remote-processor.js';
import { answersUnless, TeeResult, type RemoteprocPta } from './remoteproc-pta.js';
import { ImageSizes, loadStepByStep, SharedWord, type StepByStep } from './remoteproc-ta-load.js';
import {
  answerOf,
  hasSession,
  Image,
  isNotStarted,
  isNotYetLoaded,
  success,
  taGuard,
  TaState,
} from './remoteproc-ta-state.js';

const source = 'ta/remoteproc/src/remoteproc_core.c (B15)';
const core = 'core/kernel/tee_ta_manager.c (B15)';

const isNotOff = taGuard('is-not-OFF', 'only a loaded image is started', 'BAD_STATE', (state) => state !== 'OFF');
const isNotLoaded = taGuard('is-not-LOADED', 'what was not started is not stopped', 'BAD_STATE', (state) => state !== 'LOADED'); // prettier-ignore
const isNotYetStarted = taGuard('is-not-yet-STARTED', 'nothing to do', 'SUCCESS', (state) => state !== 'STARTED');
const isNotYetOff = taGuard('is-not-yet-OFF', 'nothing to do', 'SUCCESS', (state) => state !== 'OFF');

/** Declares the TA's state, and the commands that are one step however LOAD_FW is modelled. */
function commands(m: Builder, remote: RemoteProcessors, pta: RemoteprocPta, clearsMemory: boolean) {
  const { rproc, Regions, processor } = remote;
  const state = m.family('TA state', [rproc], TaState, 'OFF');
  const session = m.variable('TA session', bool, false);
  /** One command of a single-instance TA at a time: OP-TEE makes the others wait (tee_ta_try_set_busy). */
  const lock: Lock = m.lock('TA busy', { kind: 'mutex', protects: [...state.all, session, ...pta.states] });
  m.explain(state, 'the TA’s own state of the processor: nothing loaded, an image loaded and verified, or started');
  m.explain(session, 'a session with the TA is open; there is at most one');
  m.explain(lock, 'OP-TEE runs one command of the TA at a time: the others wait');

  for (const event of ['LOAD_FW begins', 'started', 'stopped', 'released']) m.event(event, { rproc });
  m.event('segment verified', { rproc, regions: Regions });

  const locals = { rproc, answer: TeeResult };
  const same = (f: { readonly rproc: Rproc }) => ({ rproc: f.rproc });

  const openSession = fragment('open session', { answer: TeeResult }, (h) => [
    h.locked('TA', () => lock, [
      h.step('open session', {
        fn: 'tee_ta_init_session_with_context',
        source: core,
        writes: () => ({ session }),
        guards: [
          answersUnless<Seen<{ session: typeof session }>>('no-session-is-open', 'not MULTI_SESSION', 'BUSY', (s) => !s.session, core),
        ],
        run: () => next({ session: true }).local(success),
      }),
    ]),
  ], answerOf); // prettier-ignore

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

  const start = fragment('START', locals, (h) => [
    h.locked('TA', () => lock, [
      h.step('start', {
        fn: 'remoteproc_start_fw, rproc_pta_start',
        source,
        reads: (_) => ({ session }),
        writes: (f) => ({ state: state(f.rproc), pta: pta.state(f.rproc), processor: processor(f.rproc) }),
        guards: [hasSession, isNotOff, isNotYetStarted, pta.isOff],
        run: (_, f) =>
          next({ state: 'STARTED' as const, pta: 'ON' as const, processor: 'RUN' as const })
            .local(success)
            .emit('started', { rproc: f.rproc }),
      }),
    ]),
  ], answerOf); // prettier-ignore

  const stop = fragment('STOP', locals, (h) => [
    h.locked('TA', () => lock, [
      h.step('stop', {
        doc: 'as published, the memory stays as it is',
        fn: 'remoteproc_stop_fw, rproc_pta_stop',
        source,
        reads: (_) => ({ session }),
        writes: (f) => ({ state: state(f.rproc), pta: pta.state(f.rproc), processor: processor(f.rproc) }),
        guards: [hasSession, isNotYetOff, isNotLoaded, pta.isOn],
        run: (_, f) =>
          next({ state: 'OFF' as const, pta: 'OFF' as const, processor: 'RESET' as const })
            .local(success)
            .emit('stopped', { rproc: f.rproc }),
      }),
      ...(clearsMemory
        ? [h.call(pta.clearMemory, same), ...pta.openFirewall.map((open) => h.call(open, same))]
        : []),
    ]),
  ], answerOf); // prettier-ignore

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
  ], answerOf); // prettier-ignore

  return { state, session, lock, openSession, closeSession, start, stop, getRscTable };
}

/** LOAD_FW at once. */
export interface AtOnce {
  /** It may run out of memory, before it has done anything or when some of the image is there. */
  readonly faults: boolean;
}

export type RemoteprocTa = ReturnType<typeof remoteprocTa>;

/** The TA with LOAD_FW and RELEASE_FW in one step each. */
export function remoteprocTa(m: Builder, remote: RemoteProcessors, pta: RemoteprocPta, design: AtOnce) {
  const { rproc, region, Regions, Memory, memory } = remote;
  const ta = commands(m, remote, pta, false);
  const { state, session, lock } = ta;
  const everywhere = Regions.make(region.values);

  const load = fragment('LOAD_FW', { rproc, image: Image, answer: TeeResult }, (h) => [
    h.locked('TA', () => lock, [
      h.step('load', {
        fn: 'remoteproc_load_fw',
        source,
        reads: (f) => ({ session, pta: pta.state(f.rproc) }),
        writes: (f) => ({ state: state(f.rproc), memory: memory(f.rproc) }),
        guards: [hasSession, isNotYetLoaded, isNotStarted, pta.isOff],
        run: (s, f) => {
          const { image } = f;
          if (image === 'UNSIGNED') return done('SECURITY').local({ answer: 'SECURITY' as const });
          const changed = { rproc: f.rproc, regions: everywhere, by: 'PTA' };
          const loaded = next({ state: 'LOADED' as const, memory: Memory.fill(image) })
            .local(success)
            .emit('LOAD_FW begins', { rproc: f.rproc })
            .emit('memory changed', changed)
            .emit('segment verified', { rproc: f.rproc, regions: everywhere });
          if (!design.faults) return loaded;
          const failed = { answer: 'OUT_OF_MEMORY' as const };
          const partly = region.size > 1 ? s.memory.set(0, image) : Memory.fill('PART');
          return [
            loaded,
            done('OUT_OF_MEMORY').local(failed),
            done('OUT_OF_MEMORY', { memory: partly }).local(failed).emit('memory changed', changed),
          ];
        },
      }),
    ]),
  ], answerOf); // prettier-ignore

  const release = fragment('RELEASE_FW', { rproc, answer: TeeResult }, (h) => [
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
            .emit('memory changed', { rproc: f.rproc, regions: everywhere, by: 'PTA' })
            .emit('released', { rproc: f.rproc }),
      }),
    ]),
  ], answerOf); // prettier-ignore

  return { ...ta, load, release };
}

export type RemoteprocTaInSteps = ReturnType<typeof remoteprocTaInSteps>;

/** The TA with LOAD_FW and RELEASE_FW in their steps. */
export function remoteprocTaInSteps(m: Builder, remote: RemoteProcessors, pta: RemoteprocPta, design: StepByStep) {
  const { rproc } = remote;
  const ta = commands(m, remote, pta, design.clearsMemory);
  m.event('shared memory read', { words: set(SharedWord) });
  m.event('bytes used', { there: ImageSizes, used: ImageSizes });
  const { state, session, lock } = ta;
  const same = (f: { readonly rproc: Rproc }) => ({ rproc: f.rproc });

  const release = fragment('RELEASE_FW', { rproc, answer: TeeResult }, (h) => [
    h.locked('TA', () => lock, [
      h.step('check state', {
        fn: 'remoteproc_release_fw, rproc_pta_release_resources',
        source,
        reads: (f) => ({ session, state: state(f.rproc), pta: pta.state(f.rproc) }),
        guards: [hasSession, isNotStarted, pta.isOff],
      }),
      ...pta.closeFirewall.map((close) => h.call(close, same)),
      h.call(pta.clearMemory, same),
      h.step('set OFF', {
        fn: 'remoteproc_release_fw',
        source,
        writes: (f) => ({ state: state(f.rproc) }),
        run: (_, f) => next({ state: 'OFF' as const }).local(success).emit('released', { rproc: f.rproc }),
      }),
      ...pta.openFirewall.map((open) => h.call(open, same)),
    ]),
  ], answerOf); // prettier-ignore

  return { ...ta, load: loadStepByStep(remote, pta, ta, design), release };
}
