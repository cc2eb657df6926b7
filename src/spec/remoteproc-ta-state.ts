/** The state of OP-TEE's remoteproc TA (B15), and what its commands check first. */
import { enumOf, type Family, type Lock, type ValueOf, type Var } from '../language/index.js';
import { Signed, type Rproc } from './remote-processor.js';
import { answersUnless, type TeeAnswer } from './remoteproc-pta.js';

const source = 'ta/remoteproc/src/remoteproc_core.c (B15)';

export const TaState = enumOf('OFF', 'LOADED', 'STARTED');
export type TaStateValue = ValueOf<typeof TaState>;

/** What a file of firmware is: an image that is signed, or not. */
export const Image = enumOf(...Signed.values, 'UNSIGNED');

/** What the commands of the TA share. */
export interface TaParts {
  readonly state: Family<readonly [Rproc] & readonly number[], TaStateValue>;
  readonly session: Var<boolean>;
  readonly lock: Lock;
}

export const success = { answer: 'SUCCESS' as const };
export const answerOf = (f: { readonly answer: TeeAnswer }): TeeAnswer => f.answer;

/** The answer where the state of the TA does not let a command pass. */
export const taGuard = (id: string, doc: string, answer: TeeAnswer, test: (state: TaStateValue) => boolean) =>
  answersUnless<{ state: TaStateValue }>(id, doc, answer, (s) => test(s.state), source);

export const hasSession = answersUnless<{ session: boolean }>(
  'session-is-open',
  'commands come in a session',
  'BAD_PARAMETERS',
  (s) => s.session,
  'core/kernel/tee_ta_manager.c (B15)',
);
export const isNotStarted = taGuard(
  'is-not-STARTED',
  'the memory of a running processor is left alone',
  'BAD_STATE',
  (state) => state !== 'STARTED',
);
export const isNotYetLoaded = taGuard(
  'is-not-yet-LOADED',
  'nothing to do: the image is not looked at',
  'SUCCESS',
  (state) => state !== 'LOADED',
);
