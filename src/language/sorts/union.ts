import { isRecord, Record as ImmutableRecord, type RecordOf } from 'immutable';
import { capped } from './cardinality.js';
import { arrayOf, placed, show } from './problem.js';
import { SortError, type Sort, type ValueOf } from './sort.js';

/** The values of a union: Immutable records of a tag and its payload, told apart by `tag`. */
export type VariantOf<V extends Readonly<Record<string, Sort<unknown>>>> = {
  [K in keyof V & string]: RecordOf<{ readonly tag: K; readonly value: ValueOf<V[K]> }>;
}[keyof V & string];

/** The makers of a union's values; a variant of `unit` takes no payload. */
export type MakersOf<V extends Readonly<Record<string, Sort<unknown>>>> = {
  readonly [K in keyof V & string]: (
    ...payload: [ValueOf<V[K]>] extends [null] ? [] : [value: ValueOf<V[K]>]
  ) => VariantOf<V>;
};

/** The sort of tagged values: `V(page1)`, `ZERO`. */
export interface UnionSort<V extends Readonly<Record<string, Sort<unknown>>>> extends Sort<VariantOf<V>> {
  readonly variants: V;
  /** `make.V(page)`. Payloads are checked when the value is encoded. */
  readonly make: MakersOf<V>;
}

/**
 * The tagged union of these payloads, by tag. Encoded with the tag's name: traces survive reordering.
 * @throws SortError if there is no variant
 */
export function union<const V extends Readonly<Record<string, Sort<unknown>>>>(
  name: string,
  variants: V,
): UnionSort<V> {
  const tags = Object.keys(variants);
  if (tags.length === 0) throw new SortError(name, 'a union has at least one variant');
  type Value = VariantOf<V>;
  // Inside, a value is any tag with any payload.
  type Loose = RecordOf<{ tag: string; value: unknown }>;
  const Factory = ImmutableRecord<{ tag: string; value: unknown }>({ tag: '', value: null }, name);
  const construct = (tag: string, value: unknown): Value => Factory({ tag, value }) as unknown as Value;
  const loose = (value: Value): Loose => value as unknown as Loose;
  const isOurs = (value: unknown): boolean =>
    value instanceof Factory ||
    (isRecord(value) && value.toSeq().count() === 2 && value.has('tag') && value.has('value'));
  const payload = (tag: unknown): Sort<unknown> => {
    if (typeof tag === 'string' && Object.hasOwn(variants, tag)) return variants[tag];
    throw new SortError(name, `${show(tag)} is not a tag: ${tags.join(', ')}`);
  };
  const print = (whole: Value): string => {
    const { tag, value } = loose(whole);
    const printed = payload(tag).print(value);
    return printed === '' ? tag : `${tag}(${printed})`;
  };
  return {
    name,
    shape: { kind: 'union', variants },
    cardinality: tags.reduce((n, tag) => capped(n + variants[tag].cardinality), 0),
    variants,
    make: Object.fromEntries(
      tags.map((tag) => [tag, (value: unknown = null) => construct(tag, value)]),
    ) as unknown as MakersOf<V>,
    encode(whole) {
      if (!isOurs(whole)) throw new SortError(name, `${show(whole)} is not one of ${tags.join(', ')}`);
      const { tag, value } = loose(whole);
      const of = payload(tag);
      try {
        return [tag, of.encode(value)];
      } catch (error) {
        throw placed(error, of, `${name}.${tag}`);
      }
    },
    decode(encoded) {
      const [tag, value] = arrayOf(name, encoded, 2, 2);
      const of = payload(tag);
      try {
        return construct(tag as string, of.decode(value)); // `payload` has checked the tag
      } catch (error) {
        throw placed(error, of, `${name}.${tag as string}`);
      }
    },
    print,
    diff(before, after) {
      const [b, a] = [loose(before), loose(after)];
      const whole = { path: '', before: print(before), after: print(after) };
      if (b.tag !== a.tag) return [whole];
      const inside = payload(b.tag).diff(b.value, a.value);
      // `V(page0)` became `V(page1)`; but of a bigger payload, only the part that changed.
      return inside.map((part) => (part.path === '' ? whole : { ...part, path: `.${b.tag}${part.path}` }));
    },
    permute(whole, permutation) {
      const { tag, value } = loose(whole);
      return construct(tag, payload(tag).permute(value, permutation));
    },
  };
}
