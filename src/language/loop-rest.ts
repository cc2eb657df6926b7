import type { Sort } from './sorts/sort.js';

/** The rest of a loop's snapshot. */
export function sequence(sort: Sort<unknown>): Sort<unknown> {
  const items = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value) || value.length > 1024) throw new Error('the rest of a loop is a list');
    return value;
  };
  const print = (value: unknown): string => `[${items(value).map((item) => sort.print(item)).join(', ')}]`; // prettier-ignore
  return {
    name: `rest of ${sort.name}`,
    shape: { kind: 'opaque' },
    cardinality: Infinity,
    encode: (value) => items(value).map((item) => sort.encode(item)),
    decode: (encoded) => items(encoded).map((item) => sort.decode(item)),
    print,
    diff: (before, after) =>
      print(before) === print(after) ? [] : [{ path: '', before: print(before), after: print(after) }],
    permute: (value, permutation) => items(value).map((item) => sort.permute(item, permutation)),
  };
}
