import fc from 'fast-check';
import { is, List, OrderedSet, Set as ImmutableSet } from 'immutable';
import { describe, expect, it } from 'vitest';
import {
  bool,
  compareEncoded,
  enumOf,
  index,
  keyOf,
  list,
  map,
  optional,
  range,
  record,
  set,
  SortError,
  union,
  unit,
  valuesOf,
  vector,
  type Encoded,
  type Index,
  type Permutation,
  type Sort,
} from '../../src/language/sorts/index.js';
import { arbitraryOf } from '../../src/testing/arbitrary.js';

const page = index('page', 3);
const dev = index('dev', 2, 'd');
const none = index('none', 0);
const Owner = enumOf('HOST', 'HYP');

const fieldName = fc.constantFrom('b', 'a', 'owner', 'ref', 'constructor_', '10', '2');
/** Random sorts, nested up to a depth. */
const { sort: anySort } = fc.letrec<{ sort: Sort<unknown> }>((tie) => {
  const fields = (key: fc.Arbitrary<string>, minKeys: number): fc.Arbitrary<Record<string, Sort<unknown>>> =>
    fc.dictionary(key, tie('sort'), { minKeys, maxKeys: 3, noNullPrototype: true });
  return {
    sort: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'sort' },
      fc.oneof(
        fc.constantFrom<Sort<unknown>>(bool, unit, page, dev, none, Owner),
        fc.tuple(fc.integer({ min: -3, max: 3 }), fc.nat(3)).map(([low, n]): Sort<unknown> => range(low, low + n)),
      ),
      fc.oneof(
        fields(fieldName, 0).map((f): Sort<unknown> => record('R', f)),
        fields(fc.constantFrom('V', 'ZERO', 'toString', '7'), 1).map((v): Sort<unknown> => union('U', v)),
        fc
          .tuple(fc.constantFrom(page, dev, none), tie('sort'))
          .map(([i, of]): Sort<unknown> => vector<string, unknown>(i, of)),
        fc.tuple(tie('sort'), fc.nat(3)).map(([of, max]): Sort<unknown> => list(of, max)),
        tie('sort').map((of): Sort<unknown> => set(of)),
        fc.tuple(tie('sort'), tie('sort')).map(([k, v]): Sort<unknown> => map(k, v)),
        tie('sort').map((of): Sort<unknown> => (['unit', 'optional'].includes(of.shape.kind) ? of : optional(of))),
      ),
    ),
  };
});
const inhabited = anySort.filter((sort) => sort.cardinality > 0);
const withValue = inhabited.chain((sort) => arbitraryOf(sort).map((value) => ({ sort, value })));
const withTwo = inhabited.chain((sort) =>
  fc.tuple(arbitraryOf(sort), arbitraryOf(sort)).map(([a, b]) => ({ sort, a, b })),
);
const shuffle = (n: number): fc.Arbitrary<number[]> =>
  fc.shuffledSubarray(
    Array.from({ length: n }, (_, i) => i),
    { minLength: n, maxLength: n },
  );
const permutation: fc.Arbitrary<Permutation> = fc.record({ page: shuffle(3), dev: shuffle(2) });
const inverse = (p: Permutation): Permutation =>
  Object.fromEntries(Object.entries(p).map(([name, to]) => [name, to.map((_, i) => to.indexOf(i))]));
const compose = (p: Permutation, q: Permutation): Permutation =>
  Object.fromEntries(Object.entries(p).map(([name, to]) => [name, to.map((i) => q[name][i])]));
/** One-edit corruptions of encodings: what is nearly right is what a lax decoder lets through. */
const corrupt = (e: Encoded, path: readonly number[], junk: unknown): unknown => {
  if (!Array.isArray(e) || e.length === 0 || path.length === 0) return junk;
  const at = path[0] % (e.length + 1);
  const parts = e as readonly Encoded[];
  if (at === parts.length) return [...parts, junk];
  return parts.map((part, i) => (i === at ? corrupt(part, path.slice(1), junk) : part));
};
/** Decoding `junk` throws a SortError or gives a value with exactly that encoding. */
const decodesStrictly = (sort: Sort<unknown>, junk: unknown): void => {
  let value: unknown;
  try {
    value = sort.decode(junk);
  } catch (error) {
    expect(error).toBeInstanceOf(SortError);
    return;
  }
  expect(sort.encode(value)).toStrictEqual(Array.isArray(junk) ? structuredClone(junk) : junk);
};

describe('every sort', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(withValue, ({ sort, value }) => {
        const encoded = sort.encode(value);
        expect(sort.encode(sort.decode(encoded))).toEqual(encoded);
        expect(sort.encode(sort.decode(JSON.parse(keyOf(sort, value))))).toEqual(encoded);
        expect(is(sort.decode(encoded), value)).toBe(true);
      }),
    );
  });

  it('has one key, one place in the order and no difference for equal values, and only for those', () => {
    fc.assert(
      fc.property(withTwo, ({ sort, a, b }) => {
        for (const other of [a, sort.decode(sort.encode(a)), b]) {
          const order = compareEncoded(sort.encode(a), sort.encode(other));
          expect(keyOf(sort, a) === keyOf(sort, other)).toBe(order === 0);
          expect(sort.diff(a, other).length === 0).toBe(order === 0);
          expect(Math.sign(compareEncoded(sort.encode(other), sort.encode(a)))).toBe(-Math.sign(order) + 0);
          if (order === 0) expect(sort.print(a)).toBe(sort.print(other));
        }
      }),
    );
  });

  it('is acted on by permutations', () => {
    fc.assert(
      fc.property(withValue, permutation, permutation, ({ sort, value }, p, q) => {
        const key = keyOf(sort, value);
        const moved = sort.permute(value, p);
        expect(keyOf(sort, sort.permute(value, {}))).toBe(key);
        expect(keyOf(sort, sort.permute(value, { page: [0, 1, 2], dev: [0, 1] }))).toBe(key);
        expect(keyOf(sort, sort.permute(moved, inverse(p)))).toBe(key);
        expect(keyOf(sort, sort.permute(moved, q))).toBe(keyOf(sort, sort.permute(value, compose(p, q))));
      }),
    );
  });

  it('lists its values in order, each once, as many as it says', () => {
    fc.assert(
      fc.property(anySort, (sort) => {
        let last: Encoded | undefined;
        let count = 0;
        for (const value of valuesOf(sort)) {
          const encoded = sort.encode(value);
          if (last !== undefined) expect(compareEncoded(last, encoded)).toBeLessThan(0);
          last = encoded;
          if (++count > 300) break;
        }
        if (count <= 300) expect(sort.cardinality).toBe(count);
        else expect(sort.cardinality).toBeGreaterThan(300);
      }),
    );
  });

  it('takes junk for junk', () => {
    fc.assert(
      fc.property(
        anySort,
        fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }),
        (sort, junk) => {
          decodesStrictly(sort, junk);
          try {
            sort.encode(junk);
          } catch (error) {
            expect(error).toBeInstanceOf(SortError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes corrupt encodings for corrupt', () => {
    const junk = fc.oneof(
      fc.constantFrom<unknown>(-0, 0, 1, 2, NaN, 0.5, null, true, '', 'V', '__proto__', [], [[]]),
      fc.anything(),
    );
    fc.assert(
      fc.property(withValue, fc.array(fc.nat(9), { maxLength: 4 }), junk, ({ sort, value }, path, j) => {
        decodesStrictly(sort, corrupt(sort.encode(value), path, j));
      }),
      { numRuns: 500 },
    );
  });
});

describe('compareEncoded', () => {
  it('is a total order', () => {
    const { e } = fc.letrec<{ e: Encoded }>((tie) => ({
      e: fc.oneof(
        { maxDepth: 2 },
        fc.constantFrom<Encoded>(null, true, false, 0, 1, -1, '', 'a', '1'),
        fc.array(tie('e'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(e, e, e, (a, b, c) => {
        expect(compareEncoded(a, b) === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
        if (compareEncoded(a, b) <= 0 && compareEncoded(b, c) <= 0) expect(compareEncoded(a, c)).toBeLessThanOrEqual(0);
      }),
    );
    expect([['b'], [], 'b', 10, 9, true, null, false, 'B'].sort(compareEncoded)).toEqual([
      null,
      false,
      true,
      9,
      10,
      'B',
      'b',
      [],
      ['b'],
    ]);
  });
});

describe('sets and maps', () => {
  it('forget the order of insertion', () => {
    fc.assert(
      fc.property(inhabited, fc.nat(6), (of, n) => {
        const elements = [...take(valuesOf(of), n)];
        const [S, M, Nested] = [set(of), map(of, bool), set(set(of))];
        const [forth, back] = [S.make(elements), S.make([...elements].reverse())];
        expect(keyOf(S, forth)).toBe(keyOf(S, back));
        expect(S.print(forth)).toBe(S.print(back));
        expect(S.diff(forth, back)).toEqual([]);
        expect(keyOf(Nested, Nested.make([forth]))).toBe(keyOf(Nested, Nested.make([back])));
        const entries = elements.map((e, i): [unknown, boolean] => [e, i % 2 === 0]);
        expect(keyOf(M, M.make(entries))).toBe(keyOf(M, M.make([...entries].reverse())));
      }),
    );
  });

  it('are decoded only in order, each element once', () => {
    const S = set(page);
    expect(S.decode([0, 2])).toEqual(ImmutableSet([0, 2]));
    for (const junk of [[2, 0], [0, 0], [0, 1, 2, 2], [3], {}]) expect(() => S.decode(junk)).toThrow(SortError);
    const M = map(page, bool);
    for (const junk of [
      [
        [1, true],
        [0, true],
      ],
      [
        [0, true],
        [0, false],
      ],
      [[0]],
      [[0, 1]],
    ]) {
      expect(() => M.decode(junk)).toThrow(SortError);
    }
  });

  it('hold no value twice in two guises', () => {
    const S = set(set(page));
    const guise = OrderedSet([page.of(0)]) as unknown as ImmutableSet<Index<'page'>>;
    expect(() => S.encode(S.make([guise]))).toThrow('set(set(page)){…}: OrderedSet { 0 } is not a Set');
    const twins = set(record('A', { x: bool }));
    const [a, b] = [record('A', { x: bool }), record('B', { x: bool })];
    expect(twins.encode(twins.make([a.make({ x: true }), b.make({ x: true })]))).toEqual([[true]]);
  });
});

describe('cardinality', () => {
  it('is exact below 2^53 and Infinity from there on', () => {
    expect(range(1, 2 ** 53 - 1).cardinality).toBe(2 ** 53 - 1);
    expect(range(0, 2 ** 53 - 1).cardinality).toBe(Infinity);
    expect(set(range(1, 52)).cardinality).toBe(2 ** 52);
    expect(set(range(1, 53)).cardinality).toBe(Infinity);
    expect(map(page, Owner).cardinality).toBe(27);
    expect(list(bool, 3).cardinality).toBe(15);
    expect(list(unit, 2 ** 53 - 1).cardinality).toBe(Infinity);
    expect(list(none, 9).cardinality).toBe(1);
    expect(record('R', { all: set(range(1, 99)), none }).cardinality).toBe(0);
    expect([...take(valuesOf(set(range(0, 2 ** 40))), 3)].map((s) => s.toArray())).toEqual([[], [0], [0, 1]]);
  });
});

describe('opaque sorts', () => {
  const opaque: Sort<boolean> = { ...bool, name: 'mystery', shape: { kind: 'opaque' } };
  it('have neither values nor arbitraries', () => {
    expect(() => arbitraryOf(list(opaque, 2))).toThrow('mystery');
    expect(() => arbitraryOf(none)).toThrow('without values');
    expect(() => [...valuesOf(opaque)]).toThrow(SortError);
  });
  it("pass their own errors through, and can't pose as null", () => {
    const broken: Sort<boolean> = {
      ...opaque,
      encode: () => {
        throw new RangeError('bug');
      },
    };
    expect(() => list(broken, 2).encode(List([true]))).toThrow(RangeError);
    expect(() => optional({ ...opaque, encode: () => null }).encode(true)).toThrow(
      'optional(mystery): true encodes like null',
    );
  });
});

function* take<T>(values: Iterable<T>, n: number): Generator<T> {
  if (n <= 0) return;
  for (const value of values) {
    yield value;
    if (--n <= 0) return;
  }
}
