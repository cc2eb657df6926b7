/** What the engine and the oracle must agree on, in one form. */
import type { SearchResult } from '../../src/explorer/result.js';
import type { RandomModel } from './ast.js';
import type { OracleResult } from './search.js';

export interface Findings {
  readonly verdict: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly deadlocks: number;
  /** Verdict and length of the shortest trace, by property. */
  readonly properties: Readonly<Record<string, readonly [string, number | undefined]>>;
  /** Steps in which something went wrong, with the depth of the first state where it did. */
  readonly wrong: Readonly<Record<string, number>>;
  /** Who takes which lock under which, and where. */
  readonly locks: readonly string[];
}

/** Copies of one step have numbers in their ids; the oracle knows no copies. */
export const withoutCopies = (id: string): string => id.replace(/~+(\d+|unlocked)/g, '');

/** As the oracle writes it. */
export const lockText = (held: string, taken: string, process: string, action: string): string =>
  `${held} ${taken} ${process} ${withoutCopies(action)}`.replaceAll('K-index', '');

function earliest(all: Iterable<readonly [string, number]>): Record<string, number> {
  const first: Record<string, number> = {};
  for (const [id, depth] of all) first[id] = Math.min(depth, first[id] ?? Infinity);
  return first;
}

/** Of the engine's result. Also checks that every trace is as long as it says. */
export function found(result: SearchResult): Findings {
  const faults = result.properties.filter(({ kind }) => kind === 'fault');
  for (const { id, verdict, trace, length } of result.properties) {
    if ((verdict === 'violated' && length !== undefined) !== (trace !== undefined) && verdict !== 'error')
      throw new Error(`${id}: trace missing or not expected`);
    if (trace && trace.steps.length !== length)
      throw new Error(`${id}: a trace of ${trace.steps.length} steps, and a length of ${length}`);
  }
  return {
    verdict: result.verdict,
    states: result.states,
    transitions: result.transitions,
    depth: result.depth,
    deadlocks: result.deadlocks,
    properties: Object.fromEntries(
      result.properties
        .filter(({ kind }) => kind !== 'fault')
        .map(({ id, verdict, length }) => [id, [verdict, length]]),
    ),
    locks: [
      ...new Set(
        result.locks.flatMap(({ held, taken = '', where }) =>
          where.map(({ process, action }) => lockText(held, taken, process, action)),
        ),
      ),
    ].sort(),
    wrong: earliest(faults.map(({ id, length }) => [withoutCopies(id.replace(/^fault:(.*):[a-z]+$/, '$1')), length!])),
  };
}

/** Of the oracle's. */
export function expected(model: RandomModel, oracle: OracleResult): Findings {
  const anyViolated = [...oracle.properties.values()].some(({ violated }) => violated);
  return {
    verdict: oracle.wrong.size > 0 ? 'error' : anyViolated ? 'violated' : 'holds',
    states: oracle.states,
    transitions: oracle.transitions,
    depth: oracle.depth,
    deadlocks: oracle.deadlocks,
    properties: Object.fromEntries(
      model.properties.map(({ id }) => {
        const { violated, length } = oracle.properties.get(id)!;
        // Behind an outcome that the spec got wrong nothing was explored: what is not decided by a path is undecided.
        const undecided = oracle.wrong.size > 0 && length === undefined;
        return [id, [undecided ? 'undecided' : violated ? 'violated' : 'holds', length]];
      }),
    ),
    wrong: Object.fromEntries(oracle.wrong),
    locks: [...oracle.locks].sort(),
  };
}
