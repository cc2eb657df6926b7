import { isList, List } from 'immutable';
import { sequences } from './cardinality.js';
import { arrayOf, isInteger, placed, show } from './problem.js';
import { SortError, type Encoded, type Sort } from './sort.js';

/** The sort of bounded queues. */
export interface ListSort<T> extends Sort<List<T>> {
  readonly max: number;
  /** The list of these elements, or the empty one. */
  make(elements?: Iterable<T>): List<T>;
}

/**
 * The Immutable lists of at most `max` elements of `of`. Printed `⟨a, b⟩`; lists of different length differ as a whole.
 * @throws SortError if `max` is not a natural number
 */
export function list<T>(of: Sort<T>, max: number): ListSort<T> {
  const name = `list(${of.name}, ${max})`;
  if (!isInteger(max, 0, Number.MAX_SAFE_INTEGER)) throw new SortError(name, `${show(max)} is not a length`);
  const print = (value: List<T>): string => `⟨${value.map((element) => of.print(element)).join(', ')}⟩`;
  return {
    name,
    shape: { kind: 'list', of, max },
    cardinality: sequences(of.cardinality, max),
    max,
    make: (elements = []) => List(elements),
    encode(value) {
      if (!isList(value)) throw new SortError(name, `${show(value)} is not a List`);
      if (value.size > max) throw new SortError(name, `${value.size} elements are not in 0..${max}`);
      const encoded: Encoded[] = [];
      try {
        for (const element of value) encoded.push(of.encode(element));
      } catch (error) {
        throw placed(error, of, `${name}[${encoded.length}]`);
      }
      return encoded;
    },
    decode(encoded) {
      const elements: T[] = [];
      const parts = arrayOf(name, encoded, 0, max);
      try {
        for (const part of parts) elements.push(of.decode(part));
      } catch (error) {
        throw placed(error, of, `${name}[${elements.length}]`);
      }
      return List(elements);
    },
    print,
    diff(before, after) {
      if (before.size !== after.size) return [{ path: '', before: print(before), after: print(after) }];
      return before
        .toArray()
        .flatMap((element, i) =>
          of.diff(element, after.get(i) as T).map((part) => ({ ...part, path: `[${i}]${part.path}` })),
        );
    },
    permute: (value, permutation) => value.map((element) => of.permute(element, permutation)),
  };
}
