/** A value is read back as its sort prints it. */
import { describe, expect, it } from 'vitest';
import {
  bool,
  enumOf,
  index,
  keyOf,
  list,
  map,
  optional,
  parseValue,
  range,
  record,
  set,
  union,
  unit,
  valuesOf,
  vector,
  type Sort,
} from '../../src/index.js';

const page = index('page', 2);
const Pte = union('Pte', { ZERO: unit, V: page, INV: page });
const Own = record('Own', { owner: enumOf('HOST', 'HOSTILE'), ref: range(-1, 11) });
const sorts: readonly Sort<unknown>[] = [
  bool,
  range(-2, 12),
  enumOf('A', 'AB', 'B-A'),
  page,
  optional(range(-1, 1)),
  Pte,
  Own,
  list(Pte, 2),
  set(Pte),
  map(page, Pte),
  vector(page, optional(Own)),
  record('Deep', { of: vector(page, set(page)), ring: list(union('Cmd', { T: record('At', { page }), S: unit }), 2) }),
];

describe.each(sorts.map((sort) => [sort.name, sort] as const))('%s', (_, sort) => {
  it('reads what it prints', () => {
    let tried = 0;
    for (const value of valuesOf(sort)) {
      expect(keyOf(sort, parseValue(sort, sort.print(value)))).toBe(keyOf(sort, value));
      if (++tried === 500) break;
    }
  });
});

it('is lenient about spaces, the order of fields, and brackets that are hard to type', () => {
  expect(Own.print(parseValue(Own, ' {ref:3 , owner: HOST}'))).toBe('{owner: HOST, ref: 3}');
  expect(list(page, 2).print(parseValue(list(page, 2), '<page1,page0>'))).toBe('⟨page1, page0⟩');
  expect(set(page).print(parseValue(set(page), '{page1, page0}'))).toBe('{page0, page1}');
});

it.each<[Sort<unknown>, string, string]>([
  [page, 'page2', 'page: expected page0 or page1 at "page2"'],
  [page, 'page0 and more', 'page: expected the end at "and more"'],
  [Pte, 'V', 'Pte: expected V(…) at the end'],
  [Pte, 'W', 'Pte: expected ZERO or V or INV at "W"'],
  [Own, '{ref: 1}', 'Own: expected all of owner, ref at the end'],
  [Own, '{rf: 1}', 'Own: expected owner: … or ref: … at "rf: 1}"'],
  [set(page), '{page0, page0}', 'its elements are not in order, each once'],
  [list(page, 1), '⟨page0, page1⟩', 'list(page, 1)'],
  [range(0, 100), 'x', '0..100: expected 0, 1, 2, 3, … or 100 at "x"'],
])('%#: says what it expected', (sort, text, words) => {
  expect(() => parseValue(sort, text)).toThrow(words);
});
