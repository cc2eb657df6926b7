/** What exploring an edited model said, as data that threads and files can carry. */
import type { SearchResult } from '../explorer/index.js';

/** A property that is broken. */
export interface Broken {
  readonly id: string;
  /** Transitions of its shortest counterexample; `null`: not known. */
  readonly length: number | null;
}

/** What was found of one edit. */
export interface Outcome {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly seconds: number;
  /** Known without a search: the edit changes no transition of the state graph. */
  readonly sameGraph: boolean;
  /** Why the state graph is not whole, although nothing was broken that far; or empty. */
  readonly incomplete: string;
  /** All properties broken in the level of the first violation. */
  readonly broken: readonly Broken[];
  /** What the edited program does that is no behaviour: it reads what nobody set, or a value leaves its sort. */
  readonly faults: readonly string[];
  /** Properties that could not be decided, each with the reason, although nothing is broken. */
  readonly undecided: readonly { readonly id: string; readonly reason: string }[];
  /** The search itself broke down: why; or empty. */
  readonly failed: string;
}

const nothing: Outcome = {
  states: 0,
  transitions: 0,
  depth: 0,
  seconds: 0,
  sameGraph: false,
  incomplete: '',
  broken: [],
  faults: [],
  undecided: [],
  failed: '',
};

/** Of a search that ended. */
export function outcomeOf({ states, transitions, depth, seconds, incomplete, properties }: SearchResult): Outcome {
  const broken = properties
    .filter(({ verdict }) => verdict === 'violated')
    .map(({ id, length = null }): Broken => ({ id, length }));
  const faults = properties.filter(({ verdict }) => verdict === 'error').map(({ id, reason = id }) => reason);
  const whole = incomplete === undefined || incomplete.why === 'stopped-at-first';
  const undecided = properties
    .filter(({ verdict }) => verdict === 'undecided' && broken.length === 0 && faults.length === 0)
    .map(({ id, reason = '' }) => ({ id, reason }));
  const why = whole ? '' : incomplete.detail;
  return { ...nothing, states, transitions, depth, seconds, broken, faults, undecided, incomplete: why };
}

/** Of an edit that can't be made: the program would be none. */
export const impossible = (why: string): Outcome => ({ ...nothing, faults: [`the edit can't be made: ${why}`] });

/** Of a search that broke down. */
export const failure = (why: string): Outcome => ({ ...nothing, failed: why });

/** Of an edit that changes nothing in a graph that was explored before. */
export const unchanged = ({
  states,
  transitions,
  depth,
}: Pick<Outcome, 'states' | 'transitions' | 'depth'>): Outcome => ({
  ...nothing,
  states,
  transitions,
  depth,
  sameGraph: true,
});

/** What an edit is found to be. */
export type EditClass = 'load-bearing' | 'redundant' | 'meaningless' | 'incomplete' | 'failed';

/** A violation that was found is real, whatever else is wrong: what lies behind a fault is never explored. */
export function classOf({ broken, faults, incomplete, undecided, failed }: Outcome): EditClass {
  if (failed !== '') return 'failed';
  if (broken.length > 0) return 'load-bearing';
  if (faults.length > 0) return 'meaningless';
  if (incomplete !== '' || undecided.length > 0) return 'incomplete';
  return 'redundant';
}

/** The shortest attack, in transitions. */
export function shortestAttack({ broken }: Outcome): number | undefined {
  const lengths = broken.flatMap(({ length }) => length ?? []);
  return lengths.length > 0 ? Math.min(...lengths) : undefined;
}
