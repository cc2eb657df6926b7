import { isOrdered, isSet, Set as ImmutableSet } from 'immutable';
import { power } from './cardinality.js';
import { compareEncoded } from './encoded.js';
import { arrayOf, placed, show } from './problem.js';
import { SortError, type Difference, type Encoded, type Sort } from './sort.js';

/** The sort of finite sets. */
export interface SetSort<T> extends Sort<ImmutableSet<T>> {
  /** The set of these elements, or the empty one. */
  make(elements?: Iterable<T>): ImmutableSet<T>;
}

/** The Immutable sets (not ordered ones) of elements of `of`. Encoded and printed in the order of {@link compareEncoded}. */
export function set<T>(of: Sort<T>): SetSort<T> {
  const name = `set(${of.name})`;
  const place = `${name}{…}`;

  /** The elements with their encodings, in order. @throws SortError */
  const sorted = (value: ImmutableSet<T>): [Encoded, T][] => {
    const given: unknown = value;
    if (!isSet(given) || isOrdered(given)) throw new SortError(name, `${show(given)} is not a Set`);
    const pairs: [Encoded, T][] = [];
    try {
      for (const element of value) pairs.push([of.encode(element), element]);
    } catch (error) {
      throw placed(error, of, place);
    }
    pairs.sort((a, b) => compareEncoded(a[0], b[0]));
    for (let i = 1; i < pairs.length; i++) {
      if (compareEncoded(pairs[i - 1][0], pairs[i][0]) === 0) {
        throw new SortError(place, `${of.print(pairs[i][1])} is there twice, not once`);
      }
    }
    return pairs;
  };

  return {
    name,
    shape: { kind: 'set', of },
    cardinality: power(2, of.cardinality),
    make: (elements = []) => ImmutableSet(elements),
    encode: (value) => sorted(value).map(([encoded]) => encoded),
    decode(encoded) {
      const parts = arrayOf(name, encoded, 0, of.cardinality);
      const elements: T[] = [];
      try {
        for (const part of parts) elements.push(of.decode(part));
      } catch (error) {
        throw placed(error, of, place);
      }
      for (let i = 1; i < parts.length; i++) {
        // The element sort has decoded them, so they are encodings.
        if (compareEncoded(parts[i - 1] as Encoded, parts[i] as Encoded) >= 0) {
          throw new SortError(name, 'its elements are not in order, each once');
        }
      }
      return ImmutableSet(elements);
    },
    print: (value) =>
      `{${sorted(value)
        .map(([, element]) => of.print(element))
        .join(', ')}}`,
    diff(before, after) {
      const [left, right] = [sorted(before), sorted(after)];
      const differences: Difference[] = [];
      for (let l = 0, r = 0; l < left.length || r < right.length;) {
        const order = l >= left.length ? 1 : r >= right.length ? -1 : compareEncoded(left[l][0], right[r][0]);
        if (order < 0) differences.push({ path: `{${of.print(left[l][1])}}`, before: 'present', after: 'absent' });
        if (order > 0) differences.push({ path: `{${of.print(right[r][1])}}`, before: 'absent', after: 'present' });
        if (order <= 0) l++;
        if (order >= 0) r++;
      }
      return differences;
    },
    permute: (value, permutation) => value.map((element) => of.permute(element, permutation)),
  };
}
