/** What sort errors say: the offending value in a few words, and the place where it was found. */
import { isCollection, isRecord } from 'immutable';
import { SortError, type Sort } from './sort.js';

const LONGEST = 80;

/** Any value at all in a few words, on one line. Never throws. */
export function show(value: unknown): string {
  if (typeof value === 'string') return short(JSON.stringify(value));
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint') return short(`${value}n`);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return short(String(value));
  if (Array.isArray(value)) return `an array of ${value.length}`;
  try {
    return isCollection(value) || isRecord(value) ? short(String(value)) : 'an object';
  } catch {
    return 'an object';
  }
}

/**
 * The error to throw in place of `error`, which `part` threw inside of a bigger value: a {@link SortError} now
 * names `place` (`Page.ref`) instead of the part's own name (`0..2`), and keeps what it says from there on.
 * Anything else is returned as it is.
 */
export function placed(error: unknown, part: Sort<unknown>, place: string): unknown {
  if (!(error instanceof SortError)) return error;
  const rest = error.sort.startsWith(part.name) ? error.sort.slice(part.name.length) : '';
  return new SortError(place + rest, error.problem);
}

/** `encoded` as an array. @throws SortError if it is none, or not of `least` to `most` elements. */
export function arrayOf(name: string, encoded: unknown, least: number, most: number): readonly unknown[] {
  if (!Array.isArray(encoded)) throw new SortError(name, `${show(encoded)} is not an array`);
  if (encoded.length < least || encoded.length > most) {
    const allowed = least === most ? `${most}` : `${least}..${most}`;
    throw new SortError(name, `${show(encoded)} is not an array of ${allowed}`);
  }
  return encoded as readonly unknown[];
}

/** Is it an integer from `low` to `high`, and not the float `-0`? */
export function isInteger(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high && !Object.is(value, -0);
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
