import type { Sort } from './sort.js';

/**
 * A string for each value of the sort, the same for equal values only: for interning. JSON tells encodings apart,
 * since they are plain data without `-0` and `NaN`.
 * @throws SortError if `value` is outside the sort
 */
export function keyOf<T>(sort: Sort<T>, value: T): string {
  return JSON.stringify(sort.encode(value));
}
