import { leafSort } from './leaf.js';
import { SortError, type Sort } from './sort.js';

/** The sort of a few names. */
export interface EnumSort<N extends string> extends Sort<N> {
  /** The names, in the order of their declaration. */
  readonly values: readonly N[];
}

/**
 * The sort of exactly these names, called `HOST|HYP`. A name is its own encoding: traces survive reordering.
 * @throws SortError if there is no name, an empty name, or a name twice
 */
export function enumOf<const N extends string>(...names: readonly N[]): EnumSort<N> {
  const name = names.join('|');
  const known = new Set<unknown>(names);
  if (names.length === 0 || known.size !== names.length || known.has('')) {
    throw new SortError(name || 'enum', 'its names are not distinct, non-empty and at least one');
  }
  const values = Object.freeze([...names]);
  const sort = leafSort<N>({
    name,
    shape: { kind: 'enum', names: values },
    cardinality: values.length,
    allowed: values.length > 1 ? `one of ${values.join(', ')}` : values[0],
    has: (value): value is N => known.has(value),
  });
  return { ...sort, values };
}
