/** All values of a sort, one at a time: what a hostile choice ranges over. */
import { SortError, type Encoded, type Sort } from './sort.js';

/**
 * All values of the sort, each once, lazily and in the order of `compareEncoded` on their encodings.
 * @throws SortError while iterating, at an opaque sort: its values are not known
 */
export function* valuesOf<T>(sort: Sort<T>): Generator<T, void, undefined> {
  for (const encoded of encodings(sort)) yield sort.decode(encoded);
}

function* encodings(sort: Sort<unknown>): Generator<Encoded, void, undefined> {
  const { shape } = sort;
  if (shape.kind === 'opaque') throw new SortError(sort.name, 'the values of an opaque sort are not known');
  if (sort.cardinality === 0) return;
  switch (shape.kind) {
    case 'unit':
      return yield null;
    case 'bool':
      yield false;
      return yield true;
    case 'range':
      for (let i = shape.low; i <= shape.high; i++) yield i;
      return;
    case 'enum':
      return yield* [...shape.names].sort();
    case 'index':
      for (let i = 0; i < shape.size; i++) yield i;
      return;
    case 'optional':
      yield null;
      return yield* encodings(shape.of);
    case 'record':
      return yield* product(
        Object.keys(shape.fields)
          .sort()
          .map((field) => shape.fields[field]),
      );
    case 'vector':
      return yield* product(Array.from({ length: shape.index.cardinality }, () => shape.of));
    case 'union':
      for (const tag of Object.keys(shape.variants).sort()) {
        for (const payload of encodings(shape.variants[tag])) yield [tag, payload];
      }
      return;
    case 'list':
      return yield* sequences(shape.of, shape.max, []);
    case 'set':
      return yield* subsets(shape.of, [], 0);
    case 'map':
      return yield* partials(shape.key, shape.of, [], 0);
  }
}

function* product(
  sorts: readonly Sort<unknown>[],
  front: readonly Encoded[] = [],
): Generator<Encoded, void, undefined> {
  if (front.length === sorts.length) return yield front;
  for (const part of encodings(sorts[front.length])) yield* product(sorts, [...front, part]);
}

function* sequences(of: Sort<unknown>, max: number, front: readonly Encoded[]): Generator<Encoded, void, undefined> {
  yield front;
  if (front.length === max) return;
  for (const part of encodings(of)) yield* sequences(of, max, [...front, part]);
}

/** `front`, and then `front` with elements from number `from` on. */
function* subsets(of: Sort<unknown>, front: readonly Encoded[], from: number): Generator<Encoded, void, undefined> {
  yield front;
  let i = 0;
  for (const part of encodings(of)) if (i++ >= from) yield* subsets(of, [...front, part], i);
}

/** `front`, and then `front` with keys from number `from` on. */
function* partials(
  key: Sort<unknown>,
  of: Sort<unknown>,
  front: readonly Encoded[],
  from: number,
): Generator<Encoded, void, undefined> {
  yield front;
  let i = 0;
  for (const k of encodings(key)) {
    if (i++ < from) continue;
    for (const v of encodings(of)) yield* partials(key, of, [...front, [k, v]], i);
  }
}
