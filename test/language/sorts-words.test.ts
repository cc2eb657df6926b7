import { List, Set as ImmutableSet, type RecordOf } from 'immutable';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as sorts from '../../src/language/sorts/index.js';
import {
  bool,
  enumOf,
  index,
  list,
  map,
  optional,
  range,
  record,
  set,
  SortError,
  union,
  unit,
  vector,
  type Index,
  type Sort,
  type ValueOf,
} from '../../src/language/sorts/index.js';

const page = index('page', 3);
const dev = index('dev', 2, 'd');
const none = index('none', 0);
const Owner = enumOf('HOST', 'HYP');
const Page = record('Page', { owner: Owner, ref: range(0, 2) });
const Pte = union('Pte', { V: page, INV: range(-1, 1), ZERO: unit });

describe('what is printed', () => {
  it('is in the words of the field', () => {
    const p = (i: number): Index<'page'> => page.of(i);
    expect(page.print(p(1))).toBe('page1');
    expect(dev.print(dev.of(1))).toBe('d1');
    expect(optional(page).print(null)).toBe('-');
    expect(Page.print(Page.make({ ref: 0, owner: 'HOST' }))).toBe('{owner: HOST, ref: 0}');
    expect(Pte.print(Pte.make.V(p(1)))).toBe('V(page1)');
    expect(Pte.print(Pte.make.ZERO())).toBe('ZERO');
    expect(vector(dev, Owner).print(vector(dev, Owner).fill('HYP'))).toBe('[d0: HYP, d1: HYP]');
    expect(list(Owner, 2).print(List(['HYP', 'HOST']))).toBe('⟨HYP, HOST⟩');
    expect(set(page).print(ImmutableSet([p(2), p(0)]))).toBe('{page0, page2}');
    expect(
      map(page, Owner).print(
        map(page, Owner).make([
          [p(2), 'HYP'],
          [p(0), 'HOST'],
        ]),
      ),
    ).toBe('{page0: HOST, page2: HYP}');
  });

  it('says where values differ', () => {
    const Pages = vector(page, Page);
    const before = Pages.fill(Page.make({ owner: 'HOST', ref: 0 }));
    const after = before.setIn([1, 'ref'], 2);
    expect(Pages.diff(before, after)).toEqual([{ path: '[page1].ref', before: '0', after: '2' }]);
    const [p0, p1] = page.values;
    expect(set(page).diff(ImmutableSet([p0]), ImmutableSet([p1]))).toEqual([
      { path: '{page0}', before: 'present', after: 'absent' },
      { path: '{page1}', before: 'absent', after: 'present' },
    ]);
    const M = map(page, Page);
    const held = Page.make({ owner: 'HYP', ref: 1 });
    expect(
      M.diff(
        M.make([[p0, held]]),
        M.make([
          [p0, held.set('ref', 2)],
          [p1, held],
        ]),
      ),
    ).toEqual([
      { path: '[page0].ref', before: '1', after: '2' },
      { path: '[page1]', before: 'absent', after: '{owner: HYP, ref: 1}' },
    ]);
    expect(Pte.diff(Pte.make.V(p0), Pte.make.V(p1))).toEqual([{ path: '', before: 'V(page0)', after: 'V(page1)' }]);
    const Big = union('Big', { P: Page, Q: unit });
    expect(Big.diff(Big.make.P(held), Big.make.P(held.set('ref', 0)))).toEqual([
      { path: '.P.ref', before: '1', after: '0' },
    ]);
    expect(Big.diff(Big.make.P(held), Big.make.Q())).toEqual([
      { path: '', before: 'P({owner: HYP, ref: 1})', after: 'Q' },
    ]);
    expect(list(Owner, 2).diff(List(['HYP']), List())).toEqual([{ path: '', before: '⟨HYP⟩', after: '⟨⟩' }]);
    expect(list(Owner, 2).diff(List(['HYP']), List(['HOST']))).toEqual([{ path: '[0]', before: 'HYP', after: 'HOST' }]);
  });

  it('moves places and elements of a vector', () => {
    const V = vector(page, page);
    expect(
      V.permute(
        V.make((i) => i),
        { page: [1, 2, 0] },
      ).toArray(),
    ).toEqual([0, 1, 2]);
    expect(V.permute(V.fill(page.of(0)).set(2, page.of(1)), { page: [1, 2, 0] }).toArray()).toEqual([2, 1, 1]);
    expect(() => page.permute(page.of(2), { page: [0, 1] })).toThrow('page: the permutation sends 2 nowhere');
  });
});

describe('a value outside its sort', () => {
  const bad = Page.make({ owner: 'HOST', ref: 3 });
  const Q = list(Owner, 1);
  it.each<[string, () => unknown]>([
    ['Page.ref: 3 is not in 0..2', () => Page.encode(bad)],
    ['Page.ref: -0 is not in 0..2', () => Page.encode(bad.set('ref', -0))],
    ['Page.ref: 0.5 is not in 0..2', () => Page.decode(['HOST', 0.5])],
    ['Page.ref: undefined is not in 0..2', () => Page.encode(bad.remove('ref'))],
    ['Page.owner: "VM" is not one of HOST, HYP', () => Page.encode(bad.set('owner', 'VM' as 'HOST'))],
    ['vector(page, Page)[page0].ref: 3 is not in 0..2', () => vector(page, Page).encode(List([bad, bad, bad]))],
    ['optional(Page).ref: 3 is not in 0..2', () => optional(Page).encode(bad)],
    ['set(Page){…}.ref: 3 is not in 0..2', () => set(Page).encode(ImmutableSet([bad]))],
    ['map(page, Page)[page1].ref: 3', () => map(page, Page).encode(map(page, Page).make([[page.of(1), bad]]))],
    ['list(Page, 2)[0].ref: 3 is not in 0..2', () => list(Page, 2).encode(List([bad]))],
    [
      'U.P.ref: 3 is not in 0..2',
      () => {
        const U = union('U', { P: Page });
        return U.encode(U.make.P(bad));
      },
    ],
    ['page: 3 is not a number of page0..page2', () => page.of(3)],
    ['none: 0 is not in the empty sort none', () => none.of(0)],
    ['list(HOST|HYP, 1): 2 elements are not in 0..1', () => Q.encode(List(['HYP', 'HYP']))],
    [
      'vector(page, HOST|HYP): a List of 4',
      () => vector(page, Owner).encode(vector(page, Owner).fill('HYP').set(3, 'HYP')),
    ],
    ['Pte: "__proto__" is not a tag: V, INV, ZERO', () => Pte.decode(['__proto__', null])],
    ['Pte: "X" is not a tag', () => Pte.decode(['X', null])],
    ['Page: an array of 3 is not an array of 2', () => Page.decode([0, 0, 0])],
    ['bool: 1 is not true or false', () => bool.decode(1)],
  ])('%s', (message, act) => {
    expect(act).toThrow(SortError);
    expect(act).toThrow(message);
  });

  it('is refused where it is declared or made', () => {
    expect(() => range(0.5, 2)).toThrow(SortError);
    expect(() => range(2, 1)).toThrow(SortError);
    expect(() => range(0, -0)).toThrow(SortError);
    expect(() => enumOf('A', 'A')).toThrow(SortError);
    expect(() => enumOf()).toThrow(SortError);
    expect(() => index('x', -1)).toThrow(SortError);
    expect(() => optional(optional(page))).toThrow(SortError);
    expect(() => union('U', {})).toThrow(SortError);
    expect(() => record('R', { set: bool })).toThrow("R: a field can't be called set");
    expect(() => record('R', { ['__proto__']: bool })).toThrow(SortError);
    // @ts-expect-error a field is missing
    expect(() => Page.make({ owner: 'HYP' })).toThrow('Page: field ref is missing');
    // @ts-expect-error a field is unknown
    expect(() => Page.make({ owner: 'HYP', ref: 0, x: 1 })).toThrow('Page: x is not a field: owner, ref');
  });
});

describe('types', () => {
  it('are those of the values', () => {
    expectTypeOf<ValueOf<typeof Owner>>().toEqualTypeOf<'HOST' | 'HYP'>();
    const p = Page.make({ owner: 'HOST', ref: 0 });
    expectTypeOf(p).toEqualTypeOf<RecordOf<{ readonly owner: 'HOST' | 'HYP'; readonly ref: number }>>();
    expectTypeOf(p.owner).toEqualTypeOf<'HOST' | 'HYP'>();
    expect(p.set('ref', 1).ref).toBe(1);
    // @ts-expect-error not an owner
    p.set('owner', 'VM');
    // @ts-expect-error a device is not a page
    const wrong: Index<'page'> = dev.of(0);
    expect(wrong).toBe(0);
    // @ts-expect-error a plain number is not a page
    page.print(0);
    const pte = Pte.make.V(page.of(1));
    if (pte.tag === 'V') expectTypeOf(pte.value).toEqualTypeOf<Index<'page'>>();
    if (pte.tag === 'ZERO') expectTypeOf(pte.value).toEqualTypeOf<null>();
    expectTypeOf(vector(page, Pte).fill(Pte.make.ZERO())).toEqualTypeOf<List<ValueOf<typeof Pte>>>();
    const sortsOf: Sort<unknown>[] = [Page, Pte, page, set(page), map(page, Pte), bool];
    expect(sortsOf.length).toBe(6);
    expect(Object.keys(sorts)).not.toContain('arbitraryOf');
  });
});
