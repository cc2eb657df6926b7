/** Sorts of values without parts: primitives that are their own encoding, compared with `===`. */
import { show } from './problem.js';
import { SortError, type Difference, type Encoded, type Permutation, type Shape, type Sort } from './sort.js';

/** What makes a leaf sort. */
export interface Leaf<T> {
  readonly name: string;
  readonly shape: Shape;
  readonly cardinality: number;
  /** Says what is allowed, after "x is not": `in 0..2`. */
  readonly allowed: string;
  has(value: unknown): value is T;
  print?(value: T): string;
  permute?(value: T, permutation: Permutation): T;
}

/** The sort of the primitives that `leaf.has`. */
export function leafSort<T extends null | boolean | number | string>(leaf: Leaf<T>): Sort<T> {
  const { name, allowed } = leaf;
  const checked = (value: unknown): T => {
    if (!leaf.has(value)) throw new SortError(name, `${show(value)} is not ${allowed}`);
    return value;
  };
  const print = leaf.print ?? String;
  return {
    name,
    shape: leaf.shape,
    cardinality: leaf.cardinality,
    encode: checked as (value: T) => Encoded,
    decode: checked,
    print,
    diff: (before, after): Difference[] =>
      before === after ? [] : [{ path: '', before: print(before), after: print(after) }],
    permute: leaf.permute ?? ((value) => value),
  };
}
