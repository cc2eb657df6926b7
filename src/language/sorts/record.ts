import { isRecord, Record as ImmutableRecord, type RecordOf } from 'immutable';
import { times } from './cardinality.js';
import { arrayOf, placed, show } from './problem.js';
import { SortError, type Encoded, type Sort, type ValueOf } from './sort.js';

/** The values of a record's fields, by name. */
export type FieldsOf<F extends Readonly<Record<string, Sort<unknown>>>> = {
  readonly [K in keyof F]: ValueOf<F[K]>;
};

/** The sort of Immutable records with these fields: `p.ref`, `p.set('ref', 1)`. */
export interface RecordSort<F extends Readonly<Record<string, Sort<unknown>>>> extends Sort<RecordOf<FieldsOf<F>>> {
  readonly fields: F;
  /** A record of these values, which are checked when it is encoded. @throws SortError on a missing or unknown field */
  make(values: FieldsOf<F>): RecordOf<FieldsOf<F>>;
}

const taken: object = ImmutableRecord({})();

/**
 * The records with these fields. Printed and compared in the order of declaration, encoded in the order of the
 * names: traces survive reordering.
 * @throws SortError if a field has the name of something that Immutable's records already have (`set`, `size`, …)
 */
export function record<const F extends Readonly<Record<string, Sort<unknown>>>>(
  name: string,
  fields: F,
): RecordSort<F> {
  const names = Object.keys(fields);
  const clash = names.find((field) => field in taken || field.startsWith('_'));
  if (clash !== undefined) throw new SortError(name, `a field can't be called ${clash}`);
  const sorted = [...names].sort();
  type Value = RecordOf<FieldsOf<F>>;
  const Factory = ImmutableRecord(Object.fromEntries(names.map((field) => [field, undefined])), name);
  // Inside, fields are looked up by string: `get` and `set` without the field types.
  const construct = (values: object): Value => Factory(values) as unknown as Value;
  const get = (value: Value, field: string): unknown => (value as unknown as ImmutableRecord<Loose>).get(field);
  const isOurs = (value: unknown): boolean =>
    value instanceof Factory ||
    (isRecord(value) && value.toSeq().count() === names.length && names.every((field) => value.has(field)));
  return {
    name,
    shape: { kind: 'record', fields },
    cardinality: names.reduce((n, field) => times(n, fields[field].cardinality), 1),
    fields,
    make(values) {
      for (const field of names) {
        if (!Object.hasOwn(values, field)) throw new SortError(name, `field ${field} is missing`);
      }
      const unknown = Object.keys(values).find((field) => !Object.hasOwn(fields, field));
      if (unknown !== undefined) throw new SortError(name, `${unknown} is not a field: ${names.join(', ')}`);
      return construct(values);
    },
    encode(value) {
      if (!isOurs(value)) throw new SortError(name, `${show(value)} is not a record of ${names.join(', ')}`);
      return sorted.map((field): Encoded => {
        try {
          return fields[field].encode(get(value, field));
        } catch (error) {
          throw placed(error, fields[field], `${name}.${field}`);
        }
      });
    },
    decode(encoded) {
      const parts = arrayOf(name, encoded, sorted.length, sorted.length);
      const entries = sorted.map((field, i): [string, unknown] => {
        try {
          return [field, fields[field].decode(parts[i])];
        } catch (error) {
          throw placed(error, fields[field], `${name}.${field}`);
        }
      });
      return construct(Object.fromEntries(entries));
    },
    print: (value) => `{${names.map((field) => `${field}: ${fields[field].print(get(value, field))}`).join(', ')}}`,
    diff: (before, after) =>
      names.flatMap((field) =>
        fields[field]
          .diff(get(before, field), get(after, field))
          .map((difference) => ({ ...difference, path: `.${field}${difference.path}` })),
      ),
    permute(value, permutation) {
      const moved = names.map((field) => [field, fields[field].permute(get(value, field), permutation)]);
      return construct(Object.fromEntries(moved) as object);
    },
  };
}

type Loose = Record<string, unknown>;
