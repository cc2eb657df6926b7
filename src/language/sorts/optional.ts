import { capped } from './cardinality.js';
import { placed, show } from './problem.js';
import { SortError, type Sort } from './sort.js';

/**
 * A value of `of`, or `null`, which prints `-`.
 * @throws SortError if `null` already is a value of `of` (`unit`, or another optional): which one was meant?
 */
export function optional<T>(of: Sort<T>): Sort<T | null> {
  const name = `optional(${of.name})`;
  if (of.shape.kind === 'optional' || of.shape.kind === 'unit') throw new SortError(name, 'null has two meanings');
  const print = (value: T | null): string => (value === null ? '-' : of.print(value));
  return {
    name,
    shape: { kind: 'optional', of },
    cardinality: capped(of.cardinality + 1),
    encode(value) {
      if (value === null) return null;
      try {
        const encoded = of.encode(value);
        if (encoded === null) throw new SortError(of.name, `${show(value)} encodes like null`);
        return encoded;
      } catch (error) {
        throw placed(error, of, name);
      }
    },
    decode(encoded) {
      if (encoded === null) return null;
      try {
        return of.decode(encoded);
      } catch (error) {
        throw placed(error, of, name);
      }
    },
    print,
    diff(before, after) {
      if (before !== null && after !== null) return of.diff(before, after);
      return before === after ? [] : [{ path: '', before: print(before), after: print(after) }];
    },
    permute: (value, permutation) => (value === null ? null : of.permute(value, permutation)),
  };
}
