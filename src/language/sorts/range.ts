import { capped } from './cardinality.js';
import { leafSort } from './leaf.js';
import { isInteger } from './problem.js';
import { SortError, type Sort } from './sort.js';

/**
 * The integers from `low` to `high`, both included. No fractions, no `NaN`, no `-0`.
 * @throws SortError if a bound is not a safe integer or `low > high`
 */
export function range(low: number, high: number, name = `${low}..${high}`): Sort<number> {
  if (!isInteger(low, Number.MIN_SAFE_INTEGER, high) || !isInteger(high, low, Number.MAX_SAFE_INTEGER)) {
    throw new SortError(name, `${low}..${high} is not a range of integers`);
  }
  return leafSort<number>({
    name,
    shape: { kind: 'range', low, high },
    cardinality: capped(high - low + 1),
    allowed: `in ${low}..${high}`,
    has: (value): value is number => isInteger(value, low, high),
  });
}
