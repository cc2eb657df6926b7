/**
 * The TEE subsystem of Linux (B14): contexts and sessions. The probe of a TEE client device opens a context, always with
 * the first backend that is an OP-TEE, whichever backend the device belongs to.
 */
import {
  fail,
  fragment,
  index,
  next,
  optional,
  type Builder,
  type Index,
  type IndexSort,
  type ValueOf,
  type Var,
} from '../language/index.js';
import { TeeResult } from './remoteproc-pta.js';
import type { RemoteprocTa } from './remoteproc-ta.js';

const source = 'drivers/tee/tee_core.c (B14)';

/** A device on the TEE bus that offers the remoteproc service. */
export type TeeDevice = Index<'tee'>;

export type TeeBus = ReturnType<typeof teeBus>;

export interface TeeBusDesign {
  /** A call may fail before it has reached the TEE. */
  readonly faults: boolean;
  /** The first device has its context from the start. */
  readonly bound: boolean;
  /** Contexts that can be open at a time: one more than is right shows a leak. Opening yet another one is -ENOMEM. */
  readonly contexts?: number;
}

/** Declares the contexts. */
export function teeBus(
  m: Builder,
  device: IndexSort<'tee'>,
  ta: RemoteprocTa,
  { faults, bound, contexts = 1 }: TeeBusDesign,
) {
  const context = index('context', contexts);
  const Context = optional(context);
  type ContextOf = ValueOf<typeof Context>;
  const open = m.family('TEE context', [context], optional(device), (c) => (bound && c === 0 ? device.of(0) : null));
  const sessionIn = m.variable('session in', Context, null);
  m.explain(open, 'the TEE device for whose driver this context with the TEE is open; null: it is closed');
  m.explain(sessionIn, 'the context in which the session with the TA is open; null: none');
  m.event('TEE call', { context: Context });
  m.event('TEE session used', { context: Context });

  /** For a driver that stores its context in `stored`. */
  const openContext = (stored: Var<ContextOf>) =>
    fragment('tee_client_open_context', { device, context: Context }, (h) => [
      h.step('open', {
        doc: 'the first backend that is an OP-TEE, whichever device asks (SB-3)',
        fn: 'tee_client_open_context',
        source,
        sleeps: true,
        atomic: 'no two callers get the same context',
        reads: () => ({ stored, sessionIn }),
        writes: () => ({ open }),
        run: (s, f) => {
          // Where all are open, one stands for two that are lost: nobody has a pointer to either.
          const isLost = (c: Index<'context'>): boolean =>
            s.open.at(c) === f.device && s.stored !== c && s.sessionIn !== c;
          const free = context.values.find((c) => s.open.at(c) === null) ?? context.values.find(isLost);
          if (free === undefined) return fail('ENOMEM');
          const opened = next({ open: s.open.set(free, f.device) }).local({ context: free });
          return faults ? [opened, fail('ENOMEM')] : opened;
        },
      }),
    ], (f) => f.context); // prettier-ignore

  const closeContext = fragment('tee_client_close_context', { context: Context }, (h) => [
    h.step('close', {
      doc: 'the backend closes what sessions are still open in it; the TA keeps its state (W-67)',
      fn: 'tee_client_close_context: teedev_close_context',
      source,
      sleeps: true,
      atomic: 'nobody looks at the session of a context that is being closed',
      writes: () => ({ open, sessionIn, session: ta.session }),
      run: (s, f) => {
        const closed = f.context === null ? {} : { open: s.open.set(f.context, null) };
        const ends = s.sessionIn !== null && s.sessionIn === f.context;
        return next({ ...closed, ...(ends ? { sessionIn: null, session: false } : {}) }).emit('TEE call', {
          context: f.context,
        });
      },
    }),
  ]);

  const openSession = fragment('tee_client_open_session', { context: Context, answer: TeeResult }, (h) => [
    h.step('call', {
      fn: 'tee_client_open_session',
      source,
      sleeps: true,
      run: (_, f) => {
        const call = next().emit('TEE call', { context: f.context });
        return faults ? [call, fail('EINVAL').emit('TEE call', { context: f.context })] : call;
      },
    }),
    h.call(ta.openSession, () => ({}), { into: (answer) => ({ answer }) }),
    h.step('answer', {
      doc: 'any error of the TEE is -EINVAL here',
      fn: 'tee_client_open_session',
      source,
      writes: () => ({ sessionIn }),
      guards: [
        { id: 'is-SUCCESS', doc: 'a session was opened', source, test: (_, f) => f.answer === 'SUCCESS', else: fail('EINVAL') },
      ],
      run: (_, f) => next({ sessionIn: f.context }),
    }),
  ]); // prettier-ignore

  const closeSession = fragment('tee_client_close_session', { context: Context }, (h) => [
    h.step('call', {
      fn: 'tee_client_close_session',
      source,
      sleeps: true,
      atomic: 'the TA closes its session at once',
      writes: () => ({ sessionIn, session: ta.session }),
      run: (s, f) => {
        const ends = s.sessionIn !== null && s.sessionIn === f.context;
        return next(ends ? { sessionIn: null, session: false } : {})
          .emit('TEE call', { context: f.context })
          .emit('TEE session used', { context: f.context });
      },
    }),
  ]);

  /** The way to the TA. The command itself is the TA's (B15). */
  const invoke = fragment('tee_client_invoke_func', { context: Context }, (h) => [
    h.step('call', {
      fn: 'tee_client_invoke_func',
      source,
      sleeps: true,
      run: (_, f) => {
        const used = { context: f.context };
        const call = next().emit('TEE call', used).emit('TEE session used', used);
        return faults ? [call, fail('EIO').emit('TEE call', used).emit('TEE session used', used)] : call;
      },
    }),
  ]);

  /** W-56: the TA has done it, and its answer is lost. */
  const answersComeBack = m.assumed('TEE-answer', 'a call to the TEE that fails has not been carried out');

  return {
    device,
    context,
    Context,
    open,
    sessionIn,
    openContext,
    closeContext,
    openSession,
    closeSession,
    invoke,
    ta,
    faults,
    answersComeBack,
  };
}
