import { isMap, isOrdered, Map as ImmutableMap } from 'immutable';
import { capped, power } from './cardinality.js';
import { compareEncoded } from './encoded.js';
import { arrayOf, placed, show } from './problem.js';
import { SortError, type Difference, type Encoded, type Sort } from './sort.js';

/** The sort of partial functions. */
export interface MapSort<K, V> extends Sort<ImmutableMap<K, V>> {
  /** The map of these entries, or the empty one. */
  make(entries?: Iterable<[K, V]>): ImmutableMap<K, V>;
}

interface Entry<K, V> {
  readonly code: Encoded;
  readonly key: K;
  readonly value: V;
}

/** The Immutable maps (not ordered ones) from some of the `keys` to `of`. In the order of {@link compareEncoded}. */
export function map<K, V>(keys: Sort<K>, of: Sort<V>): MapSort<K, V> {
  const name = `map(${keys.name}, ${of.name})`;
  const place = `${name}{…}`;
  const at = (key: K): string => `[${keys.print(key)}]`;

  /** The entries with their keys' encodings, in order. @throws SortError */
  const sorted = (value: ImmutableMap<K, V>): Entry<K, V>[] => {
    const given: unknown = value;
    if (!isMap(given) || isOrdered(given)) throw new SortError(name, `${show(given)} is not a Map`);
    const entries: Entry<K, V>[] = [];
    try {
      for (const [key, v] of value) entries.push({ code: keys.encode(key), key, value: v });
    } catch (error) {
      throw placed(error, keys, place);
    }
    entries.sort((a, b) => compareEncoded(a.code, b.code));
    for (let i = 1; i < entries.length; i++) {
      if (compareEncoded(entries[i - 1].code, entries[i].code) === 0) {
        throw new SortError(place, `${keys.print(entries[i].key)} is there twice, not once`);
      }
    }
    return entries;
  };

  return {
    name,
    shape: { kind: 'map', key: keys, of },
    cardinality: power(capped(of.cardinality + 1), keys.cardinality),
    make: (entries = []) => ImmutableMap(entries),
    encode: (value) =>
      sorted(value).map((entry): Encoded => {
        try {
          return [entry.code, of.encode(entry.value)];
        } catch (error) {
          throw placed(error, of, name + at(entry.key));
        }
      }),
    decode(encoded) {
      const entries: [K, V][] = [];
      let last: Encoded | undefined;
      for (const part of arrayOf(name, encoded, 0, keys.cardinality)) {
        const [code, value] = arrayOf(place, part, 2, 2);
        const key = decodeAt(keys, code, place);
        // The key sort has decoded it, so it is an encoding.
        if (last !== undefined && compareEncoded(last, code as Encoded) >= 0) {
          throw new SortError(name, 'its keys are not in order, each once');
        }
        last = code as Encoded;
        entries.push([key, decodeAt(of, value, name + at(key))]);
      }
      return ImmutableMap(entries);
    },
    print: (value) =>
      `{${sorted(value)
        .map((e) => `${keys.print(e.key)}: ${of.print(e.value)}`)
        .join(', ')}}`,
    diff(before, after) {
      const [left, right] = [sorted(before), sorted(after)];
      const differences: Difference[] = [];
      for (let l = 0, r = 0; l < left.length || r < right.length;) {
        const order = l >= left.length ? 1 : r >= right.length ? -1 : compareEncoded(left[l].code, right[r].code);
        const path = at((order <= 0 ? left[l] : right[r]).key);
        if (order < 0) differences.push({ path, before: of.print(left[l].value), after: 'absent' });
        if (order > 0) differences.push({ path, before: 'absent', after: of.print(right[r].value) });
        if (order === 0) {
          for (const part of of.diff(left[l].value, right[r].value)) {
            differences.push({ ...part, path: path + part.path });
          }
        }
        if (order <= 0) l++;
        if (order >= 0) r++;
      }
      return differences;
    },
    permute: (value, permutation) =>
      value.mapEntries(([key, v]) => [keys.permute(key, permutation), of.permute(v, permutation)]),
  };
}

function decodeAt<T>(sort: Sort<T>, encoded: unknown, place: string): T {
  try {
    return sort.decode(encoded);
  } catch (error) {
    throw placed(error, sort, place);
  }
}
