import { isList, List } from 'immutable';
import { power } from './cardinality.js';
import type { Index, IndexSort } from './indexed.js';
import { arrayOf, placed, show } from './problem.js';
import { SortError, type Encoded, type Sort } from './sort.js';

/** The sort of total functions from an index: Immutable lists with one element for each thing. */
export interface VectorSort<N extends string, T> extends Sort<List<T>> {
  readonly index: IndexSort<N>;
  /** The same element everywhere. */
  fill(value: T): List<T>;
  /** The element that `value` says for each thing. */
  make(value: (index: Index<N>) => T): List<T>;
}

/** One element of `of` for each value of `index`. A permutation of the index moves the places, and the elements. */
export function vector<N extends string, T>(index: IndexSort<N>, of: Sort<T>): VectorSort<N, T> {
  const name = `vector(${index.name}, ${of.name})`;
  const { size, values } = index;
  const at = (list: List<T>, i: number): T => list.get(i) as T; // a list of `size` elements has one here
  return {
    name,
    shape: { kind: 'vector', index, of },
    cardinality: power(of.cardinality, size),
    index,
    fill: (value) => List(values.map(() => value)),
    make: (value) => List(values.map((i) => value(i))),
    encode(list) {
      if (!isList(list)) throw new SortError(name, `${show(list)} is not a List`);
      if (list.size !== size) throw new SortError(name, `a List of ${list.size} is not a List of ${size}`);
      const encoded: Encoded[] = [];
      try {
        for (const element of list) encoded.push(of.encode(element));
      } catch (error) {
        throw placed(error, of, `${name}[${index.print(values[encoded.length])}]`);
      }
      return encoded;
    },
    decode(encoded) {
      const elements: T[] = [];
      const parts = arrayOf(name, encoded, size, size);
      try {
        for (const part of parts) elements.push(of.decode(part));
      } catch (error) {
        throw placed(error, of, `${name}[${index.print(values[elements.length])}]`);
      }
      return List(elements);
    },
    print: (list) => `[${values.map((i) => `${index.print(i)}: ${of.print(at(list, i))}`).join(', ')}]`,
    diff: (before, after) =>
      values.flatMap((i) =>
        of.diff(at(before, i), at(after, i)).map((part) => ({ ...part, path: `[${index.print(i)}]${part.path}` })),
      ),
    permute(list, permutation) {
      const moved = new Array<T>(size);
      for (const i of values) moved[index.permute(i, permutation)] = of.permute(at(list, i), permutation);
      return List(moved);
    },
  };
}
