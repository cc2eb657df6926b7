/** The one total order of encodings: what sorts the elements of sets and the keys of maps. */
import type { Encoded } from './sort.js';

/**
 * Compares two encodings: negative, zero (the same value) or positive. `null` < booleans < numbers < strings
 * (by code unit, never by locale) < arrays (by first differing element, else the shorter first). Never throws.
 */
export function compareEncoded(a: Encoded, b: Encoded): number {
  if (a === b) return 0;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const rankA = rank(a);
  const rankB = rank(b);
  if (rankA !== rankB) return rankA - rankB;
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const common = Math.min(a.length, b.length);
    for (let i = 0; i < common; i++) {
      const order = compareEncoded(a[i], b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  return (a as string | boolean) < (b as string | boolean) ? -1 : 1; // two booleans or two strings, different
}

function rank(e: Encoded): number {
  if (e === null) return 0;
  if (typeof e === 'boolean') return 1;
  if (typeof e === 'number') return 2;
  return typeof e === 'string' ? 3 : 4;
}
