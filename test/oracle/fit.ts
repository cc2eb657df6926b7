/** How many random models are tried, and models cut down to a size that a naive search can bear. */
import fc from 'fast-check';
import type { RandomModel } from './ast.js';
import { remainingEdits } from './instance.js';
import { search, type OracleResult } from './search.js';

/** Models a test of one worker tries. */
export const models = Number(process.env.RINGFENCE_RANDOM_MODELS ?? 1000);
/** States of a model at most: many small ones find more than a few large ones. */
const most = Number(process.env.RINGFENCE_RANDOM_STATES ?? 500);

/** Counts of what the drawn models were like, for `RINGFENCE_RANDOM_STATISTICS=1`. */
export const drawn = { models: 0, states: 0, cut: 0, wrong: 0, edited: 0, discarded: 0 };

/** The seed is random, printed on failure, and can be given as RINGFENCE_RANDOM_SEED. */
export function parameters(numRuns: number): fc.Parameters<unknown> {
  const seed = process.env.RINGFENCE_RANDOM_SEED;
  const path = process.env.RINGFENCE_RANDOM_PATH;
  return { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };
}

/** The model, or what is left of it without its last processes if it has too many states; and what the oracle says. */
export function fitted(whole: RandomModel): { model: RandomModel; oracle: OracleResult } {
  drawn.models++;
  for (let count = whole.processes.length; count > 0; count--) {
    const model = count === whole.processes.length ? whole : first(whole, count);
    const oracle = search(model, most);
    if (!oracle) continue;
    drawn.states += oracle.states;
    if (model !== whole) drawn.cut++;
    if (oracle.wrong.size > 0) drawn.wrong++;
    if (model.edits.length > 0) drawn.edited++;
    return { model, oracle };
  }
  drawn.discarded++;
  fc.pre(false);
  throw new Error('not reached');
}

function first(model: RandomModel, count: number): RandomModel {
  const processes = model.processes.slice(0, count);
  const names = processes.map(({ name }) => name);
  const properties = model.properties.map((one) =>
    one.k === 'possible' ? { ...one, by: one.by.filter((name) => names.includes(name)) } : one,
  );
  const less = { ...model, processes, properties };
  return { ...less, edits: remainingEdits(less) };
}

/** How long after its first failure a test goes on shrinking. */
const PATIENCE_MS = 20_000;

/**
 * A predicate that gives up shrinking some seconds after its first failure: what is found is readable long before
 * fast-check has tried everything.
 */
export function patient<T>(predicate: (value: T) => Promise<void> | void): (value: T) => Promise<void> {
  let until = Infinity;
  return async (value) => {
    if (performance.now() > until) return;
    try {
      await predicate(value);
    } catch (error) {
      if (!fc.PreconditionFailure.isFailure(error)) until = Math.min(until, performance.now() + PATIENCE_MS);
      throw error;
    }
  };
}
