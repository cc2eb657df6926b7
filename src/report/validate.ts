/** Reading untrusted data: every reader checks one shape, looks at own properties only, and says where it failed. */

/** What was read is not what it must be. The message names the place. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** Turns unknown data at a place into a `T`. @throws ShapeError */
export interface Reader<T> {
  (value: unknown, place: string): T;
  /** What a field that is not there means; without it, the field must be there. */
  readonly absent?: { readonly means: T };
}

function wrong(place: string, what: string): never {
  throw new ShapeError(`${place} is not ${what}`);
}

/** A text of at most `most` characters. */
export const text =
  (most: number): Reader<string> =>
  (value, place) =>
    typeof value === 'string' && value.length <= most ? value : wrong(place, `a text of at most ${most} characters`);

/** One of some words. */
export const oneOf =
  <const W extends string>(...words: readonly W[]): Reader<W> =>
  (value, place) =>
    words.find((word) => word === value) ?? wrong(place, `one of ${words.join(', ')}`);

/** A whole number from 0 to `most`. */
export const natural =
  (most: number): Reader<number> =>
  (value, place) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
      ? (value as number)
      : wrong(place, `a whole number from 0 to ${most}`);

/** A number, text or truth value. */
export const scalar: Reader<number | string | boolean> = (value, place) => {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value;
  return text(1000)(value, place);
};

/** True or false. */
export const bool: Reader<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : wrong(place, 'true or false');

/** A list of at most `most` elements. */
export const listOf =
  <T>(element: Reader<T>, most: number): Reader<readonly T[]> =>
  (value, place) => {
    if (!Array.isArray(value) || value.length > most) wrong(place, `a list of at most ${most}`);
    return (value as unknown[]).map((part, i) => element(part, `${place}[${i}]`));
  };

/** `null`, or what another reader takes. */
export const nullable =
  <T>(of: Reader<T>): Reader<T | null> =>
  (value, place) =>
    value === null ? null : of(value, place);

/** A field that older files do not have. */
export const absentMeans = <T>(means: T, of: Reader<T>): Reader<T> =>
  Object.assign((value: unknown, place: string): T => of(value, place), { absent: { means } });

/** Own properties of a plain object, with the keys checked; a property's name is never used to reach a prototype. */
function entriesOf(value: unknown, place: string, most: number): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(place, 'an object');
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return wrong(place, 'a plain object');
  const entries = Object.entries(value);
  if (entries.length > most) return wrong(place, `an object of at most ${most} fields`);
  return entries;
}

/** Values by name; the names are data. */
export const dictionary =
  <T>(element: Reader<T>, most: number): Reader<Readonly<Record<string, T>>> =>
  (value, place) =>
    Object.fromEntries(
      entriesOf(value, place, most).map(([name, part]) => {
        if (name === '__proto__') return wrong(place, 'free of the field "__proto__"');
        return [text(1000)(name, `a field of ${place}`), element(part, `${place}.${name.slice(0, 40)}`)];
      }),
    );

/** Exactly these fields. */
export const object =
  <T extends object>(fields: { readonly [N in keyof T]: Reader<T[N]> }): Reader<T> =>
  (value, place) => {
    const given = new Map(entriesOf(value, place, 100));
    const names = Object.keys(fields) as (keyof T & string)[];
    for (const name of given.keys()) {
      if (!Object.hasOwn(fields, name)) throw new ShapeError(`${place} has an unknown field "${name.slice(0, 40)}"`);
    }
    return Object.fromEntries(
      names.flatMap((name): [string, unknown][] => {
        if (given.has(name)) return [[name, fields[name](given.get(name), `${place}.${name}`)]];
        const { absent } = fields[name];
        if (!absent) throw new ShapeError(`${place} lacks the field "${name}"`);
        return absent.means === undefined ? [] : [[name, absent.means]];
      }),
    ) as T;
  };
