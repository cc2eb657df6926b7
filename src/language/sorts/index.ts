export { bool } from './bool.js';
export { compareEncoded } from './encoded.js';
export { enumOf, type EnumSort } from './enum.js';
export { index, type Index, type IndexSort } from './indexed.js';
export { keyOf } from './key.js';
export { list, type ListSort } from './list.js';
export { map, type MapSort } from './map.js';
export { optional } from './optional.js';
export { parseValue } from './parse.js';
export { range } from './range.js';
export { record, type FieldsOf, type RecordSort } from './record.js';
export { set, type SetSort } from './set.js';
export {
  SortError,
  type Difference,
  type Encoded,
  type Permutation,
  type Shape,
  type Sort,
  type ValueOf,
} from './sort.js';
export { union, type MakersOf, type UnionSort, type VariantOf } from './union.js';
export { unit } from './unit.js';
export { valuesOf } from './values.js';
export { vector, type VectorSort } from './vector.js';
