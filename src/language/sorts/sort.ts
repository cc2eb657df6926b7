/**
 * A sort: a small value that describes a finite set of values, and from which everything else is derived
 * (range check, canonical encoding, printed form, printed difference, index permutation, arbitrary).
 *
 * Equality of two values is equality of their encodings, never `Immutable.is` and never raw msgpack of the
 * value: the insertion order of a set leaks through both.
 */

/** Canonical plain data: what msgpack writes into traces and what interning compares. */
export type Encoded = null | boolean | number | string | readonly Encoded[];

/** One place where two values of a sort differ. `path` is `''` for the value itself, else like `.owner` or `[p1].ref`. */
export interface Difference {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** Where an index sort's values go, by index sort name: `{ page: [1, 0, 2] }` sends page 0 to page 1. */
export type Permutation = Readonly<Record<string, readonly number[]>>;

/** The structure of a sort, for everything that is derived outside of it (the fast-check arbitrary, `list`). */
export type Shape =
  | { readonly kind: 'unit' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'range'; readonly low: number; readonly high: number }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'index'; readonly index: string; readonly size: number; readonly prefix: string }
  | { readonly kind: 'optional'; readonly of: Sort<unknown> }
  | { readonly kind: 'record'; readonly fields: Readonly<Record<string, Sort<unknown>>> }
  | { readonly kind: 'union'; readonly variants: Readonly<Record<string, Sort<unknown>>> }
  | { readonly kind: 'vector'; readonly index: Sort<unknown>; readonly of: Sort<unknown> }
  | { readonly kind: 'list'; readonly of: Sort<unknown>; readonly max: number }
  | { readonly kind: 'set'; readonly of: Sort<unknown> }
  | { readonly kind: 'map'; readonly key: Sort<unknown>; readonly of: Sort<unknown> }
  | { readonly kind: 'opaque' };

/** A finite set of immutable values of type `T`, described by one object. */
export interface Sort<T> {
  /** How errors and `list` name the sort. */
  readonly name: string;
  readonly shape: Shape;
  /** How many values the sort has; `Infinity` above 2^53. */
  readonly cardinality: number;
  /** The canonical encoding. @throws SortError if `value` is outside the sort: encoding is the range check. */
  encode(value: T): Encoded;
  /** The inverse of {@link encode}, safe on untrusted data. @throws SortError on anything `encode` can't have made. */
  decode(encoded: unknown): T;
  /** The value in the field's words, on one line. Never throws for a value of the sort. */
  print(value: T): string;
  /** The places where `before` and `after` differ; empty if they are equal. */
  diff(before: T, after: T): Difference[];
  /** The action of an index permutation on the value (symmetry). */
  permute(value: T, permutation: Permutation): T;
}

/** The type of a sort's values. */
export type ValueOf<S> = S extends Sort<infer T> ? T : never;

/** A value left its sort. */
export class SortError extends Error {
  override readonly name = 'SortError';
  constructor(
    readonly sort: string,
    readonly problem: string,
  ) {
    super(`${sort}: ${problem}`);
  }
}
