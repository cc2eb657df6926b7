import { leafSort } from './leaf.js';
import { isInteger, show } from './problem.js';
import { SortError, type Permutation, type Sort } from './sort.js';

/** A number of an index sort, branded with the sort's name: a page is not a device. Made by {@link IndexSort.of}. */
export type Index<N extends string> = number & { readonly __index: N };

/** The sort of interchangeable things: pages, devices, CPUs. */
export interface IndexSort<N extends string> extends Sort<Index<N>> {
  /** All of them, in order. */
  readonly values: readonly Index<N>[];
  readonly size: number;
  /** The thing of number `i`. @throws SortError if there is none */
  of(i: number): Index<N>;
}

/**
 * The things `page0`, `page1`, …, numbered `0..size-1` and permuted by `permutation[name]`, if it is there.
 * There may be none at all.
 * @throws SortError if `size` is not a natural number or `name` is empty
 */
export function index<const N extends string>(name: N, size: number, prefix: string = name): IndexSort<N> {
  if (name === '') throw new SortError('index', 'its name is empty');
  if (!isInteger(size, 0, 0xffff)) throw new SortError(name, `size ${show(size)} is not in 0..65535`);
  const sort = leafSort<Index<N>>({
    name,
    shape: { kind: 'index', index: name, size, prefix },
    cardinality: size,
    allowed: size === 0 ? `in the empty sort ${name}` : `a number of ${prefix}0..${prefix}${size - 1}`,
    has: (value): value is Index<N> => isInteger(value, 0, size - 1),
    print: (value) => `${prefix}${value}`,
    permute: (value, permutation) => move(value, name, permutation),
  });
  const of = (i: number): Index<N> => sort.decode(i);
  return { ...sort, size, of, values: Object.freeze(Array.from({ length: size }, (_, i) => of(i))) };
}

function move<N extends string>(value: Index<N>, name: N, permutation: Permutation): Index<N> {
  if (!Object.hasOwn(permutation, name)) return value;
  const to: number | undefined = permutation[name][value];
  if (to === undefined) throw new SortError(name, `the permutation sends ${show(value)} nowhere`);
  return to as Index<N>;
}
