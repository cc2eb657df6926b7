/** What was seen on the way, besides states: noted when a step is learned, so that it costs nothing where it is looked up. */
import type { Locking, Outcome } from '../language/index.js';

/** A lock is held while another is taken, or while something sleeps: who does it, and where. */
export interface LockUse extends Locking {
  readonly process: number;
  readonly action: string;
}

/** Of all learned answers of all steps. */
export interface Evidence {
  readonly locks: Map<string, LockUse>;
  /** The labels that each action (by id) has ended with; an action that never fired is not among them. */
  readonly labels: Map<string, Set<string>>;
  /** `STEP/GUARD`, by what the guard said. */
  readonly passed: Set<string>;
  readonly refused: Set<string>;
}

export const noEvidence = (): Evidence => ({
  locks: new Map(),
  labels: new Map(),
  passed: new Set(),
  refused: new Set(),
});

/** Notes what one run of an action showed. */
export function note(
  evidence: Evidence,
  process: number,
  action: { readonly id: string; readonly locking: readonly Locking[] },
  outcomes: readonly Outcome[],
): void {
  let done = false;
  for (const outcome of outcomes) {
    if (outcome.kind === 'fault') continue;
    labelsOf(evidence, action.id).add(outcome.label);
    done ||= outcome.interrupted !== true;
  }
  if (!done) return;
  for (const use of action.locking) addUse(evidence, { ...use, process, action: action.id });
}

/** Adds what somebody else has seen. */
export function addEvidence(to: Evidence, { locks, labels, passed, refused }: Evidence): void {
  for (const use of locks.values()) addUse(to, use);
  for (const [action, own] of labels) for (const label of own) labelsOf(to, action).add(label);
  for (const id of passed) to.passed.add(id);
  for (const id of refused) to.refused.add(id);
}

function labelsOf({ labels }: Evidence, action: string): Set<string> {
  let own = labels.get(action);
  if (!own) labels.set(action, (own = new Set()));
  return own;
}

function addUse({ locks }: Evidence, use: LockUse): void {
  const key = `${use.held} ${use.taken ?? '-'} ${use.process} ${use.action}`;
  if (!locks.has(key)) locks.set(key, use);
}
