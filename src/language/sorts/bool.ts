import { leafSort } from './leaf.js';
import type { Sort } from './sort.js';

/** The sort of `true` and `false`. */
export const bool: Sort<boolean> = leafSort<boolean>({
  name: 'bool',
  shape: { kind: 'bool' },
  cardinality: 2,
  allowed: 'true or false',
  has: (value) => typeof value === 'boolean',
});
