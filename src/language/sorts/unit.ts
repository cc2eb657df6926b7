import { leafSort } from './leaf.js';
import type { Sort } from './sort.js';

/** The sort of one value, `null`, printed as nothing: the payload of a variant that has none. */
export const unit: Sort<null> = leafSort<null>({
  name: 'unit',
  shape: { kind: 'unit' },
  cardinality: 1,
  allowed: 'null',
  has: (value) => value === null,
  print: () => '',
});
