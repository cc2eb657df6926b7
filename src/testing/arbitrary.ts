/** Random values of a sort, derived from its shape. */
import fc from 'fast-check';
import { compareEncoded } from '../language/sorts/encoded.js';
import type { Encoded, Sort } from '../language/sorts/sort.js';

/** No longer array is ever asked of fast-check, which would refuse. */
const LONGEST = 0x7fffffff;

/**
 * Random values of the sort, shrinking to small ones.
 * @throws Error if the sort is or has an opaque one (its values are not known), or has no values at all
 */
export function arbitraryOf<T>(sort: Sort<T>): fc.Arbitrary<T> {
  return encodedOf(sort).map((encoded) => sort.decode(encoded));
}

function encodedOf(sort: Sort<unknown>): fc.Arbitrary<Encoded> {
  const { shape } = sort;
  if (shape.kind === 'opaque') throw new Error(`${sort.name}: no arbitrary for an opaque sort`);
  if (sort.cardinality === 0) throw new Error(`${sort.name}: no arbitrary for a sort without values`);
  switch (shape.kind) {
    case 'unit':
      return fc.constant(null);
    case 'bool':
      return fc.boolean();
    case 'range':
      return fc.integer({ min: shape.low, max: shape.high });
    case 'enum':
      return fc.constantFrom(...shape.names);
    case 'index':
      return fc.integer({ min: 0, max: shape.size - 1 });
    case 'optional':
      return isEmpty(shape.of) ? fc.constant(null) : fc.option(encodedOf(shape.of), { nil: null });
    case 'record':
      return fc.tuple(
        ...Object.keys(shape.fields)
          .sort()
          .map((field) => encodedOf(shape.fields[field])),
      );
    case 'union': {
      const tags = Object.keys(shape.variants).filter((tag) => !isEmpty(shape.variants[tag]));
      return fc.oneof(...tags.map((tag) => fc.tuple(fc.constant(tag), encodedOf(shape.variants[tag]))));
    }
    case 'vector': {
      const size = shape.index.cardinality;
      return size === 0 ? fc.constant([]) : fc.array(encodedOf(shape.of), { minLength: size, maxLength: size });
    }
    case 'list':
      return isEmpty(shape.of)
        ? fc.constant([])
        : fc.array(encodedOf(shape.of), { maxLength: Math.min(shape.max, LONGEST) });
    case 'set':
      return isEmpty(shape.of) ? fc.constant([]) : sortedUnique(encodedOf(shape.of), shape.of, (e) => e);
    case 'map':
      if (isEmpty(shape.key) || isEmpty(shape.of)) return fc.constant([]);
      return sortedUnique(fc.tuple(encodedOf(shape.key), encodedOf(shape.of)), shape.key, ([key]) => key);
  }
}

function isEmpty(sort: Sort<unknown>): boolean {
  return sort.cardinality === 0;
}

/** Arrays in the order of their elements' codes, each code once: what sets and maps are encoded as. */
function sortedUnique<E extends Encoded>(
  element: fc.Arbitrary<E>,
  codes: Sort<unknown>,
  code: (element: E) => Encoded,
): fc.Arbitrary<Encoded> {
  const maxLength = Math.min(codes.cardinality, LONGEST);
  return fc
    .uniqueArray(element, { maxLength, selector: (e) => JSON.stringify(code(e)) })
    .map((elements) => elements.sort((a, b) => compareEncoded(code(a), code(b))));
}
