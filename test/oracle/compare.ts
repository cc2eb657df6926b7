/** What the engine and the oracle must agree on, in one form. */
import type { SearchResult, Trace } from '../../src/explorer/result.js';
import type { RandomModel } from './ast.js';
import { isShortest } from './fair-sets.js';
import type { OracleResult } from './search.js';

export interface Findings {
  readonly verdict: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly deadlocks: number;
  /** By property: verdict, length of the shortest trace (`leads-to`: to the loop), and does it hold for want of a trigger? */
  readonly properties: Readonly<Record<string, readonly [string, number | string | undefined, boolean]>>;
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

/** Kinds of which the oracle knows whether anything was asked for. */
const knowsVacuity = new Set<string>(['invariant', 'quiescent', 'always-possible', 'leads-to']);

const knowsAll = ({ properties }: OracleResult): boolean => [...properties.values()].every(({ unknown }) => !unknown);

/** Lassos are as short as they claim to be, if not the same in the oracle. */
function lassoWords({ properties }: OracleResult, id: string, { steps, loop }: Trace): string {
  const sets = properties.get(id)!.fair ?? [];
  return sets.some((one) => isShortest(one, steps.length, loop!))
    ? 'shortest'
    : `${loop} of ${steps.length} steps, and the oracle knows of ${JSON.stringify(sets)}`;
}

/** Of the engine's result, without what is too much for the oracle. Also checks that every trace is as long as it says. */
export function found(result: SearchResult, oracle: OracleResult): Findings {
  const faults = result.properties.filter(({ kind }) => kind === 'fault');
  for (const { id, verdict, trace, length } of result.properties) {
    if ((verdict === 'violated' && length !== undefined) !== (trace !== undefined) && verdict !== 'error')
      throw new Error(`${id}: trace missing or not expected`);
    if (trace && trace.steps.length !== length)
      throw new Error(`${id}: a trace of ${trace.steps.length} steps, and a length of ${length}`);
  }
  return {
    verdict: knowsAll(oracle) ? result.verdict : 'unknown',
    states: result.states,
    transitions: result.transitions,
    depth: result.depth,
    deadlocks: result.deadlocks,
    properties: Object.fromEntries(
      result.properties
        .filter(({ kind }) => kind !== 'fault')
        .filter(({ id }) => oracle.properties.get(id)?.unknown !== true)
        .map(({ id, kind, verdict, length, trace, vacuous }) => [
          id,
          [
            verdict,
            kind === 'leads-to' && trace ? lassoWords(oracle, id, trace) : length,
            vacuous && verdict === 'holds' && knowsVacuity.has(kind),
          ],
        ]),
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
    verdict: !knowsAll(oracle) ? 'unknown' : oracle.wrong.size > 0 ? 'error' : anyViolated ? 'violated' : 'holds',
    states: oracle.states,
    transitions: oracle.transitions,
    depth: oracle.depth,
    deadlocks: oracle.deadlocks,
    properties: Object.fromEntries(
      model.properties.flatMap(({ id }) => {
        const { violated, length, fair, asked = true, unknown = false } = oracle.properties.get(id)!;
        if (unknown) return [];
        // Behind an outcome that the spec got wrong nothing was explored: what is not decided by a path is undecided.
        const undecided = oracle.wrong.size > 0 && length === undefined && !(fair && violated);
        const verdict = undecided ? 'undecided' : violated ? 'violated' : 'holds';
        return [[id, [verdict, fair && violated ? 'shortest' : length, verdict === 'holds' && !asked] as const]];
      }),
    ),
    wrong: Object.fromEntries(oracle.wrong),
    locks: [...oracle.locks].sort(),
  };
}
