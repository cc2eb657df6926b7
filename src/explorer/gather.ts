/** Collecting the codes of a few variables of a packed state into one small number, to index a table. */
import type { Layout } from './layout.js';
import { mask } from './layout.js';

/** Reads `variables` of a packed state as one number of `bits` bits. Neighbours in a word are read together. */
export class Gather {
  readonly bits: number;
  private readonly count: number;
  private readonly word: Int32Array;
  private readonly shift: Int32Array;
  private readonly mask: Int32Array;
  private readonly offset: Int32Array;

  constructor(layout: Layout, variables: readonly number[]) {
    const parts: { word: number; shift: number; width: number }[] = [];
    const fields = variables.map((variable) => layout.fields[variable]).filter(({ width }) => width > 0);
    for (const field of fields.sort((a, b) => a.word - b.word || a.shift - b.shift)) {
      const previous = parts[parts.length - 1];
      if (previous && previous.word === field.word && previous.shift + previous.width === field.shift)
        previous.width += field.width;
      else parts.push({ ...field });
    }
    this.count = parts.length;
    this.word = Int32Array.from(parts, ({ word }) => word);
    this.shift = Int32Array.from(parts, ({ shift }) => shift);
    this.mask = Int32Array.from(parts, ({ width }) => mask(width));
    let bits = 0;
    this.offset = Int32Array.from(parts, ({ width }) => (bits += width) - width);
    this.bits = bits;
  }

  /** How many parts it reads, then word, shift, mask and offset of each. */
  plan(): number[] {
    const parts = Array.from({ length: this.count }, (_, i) => [
      this.word[i],
      this.shift[i],
      this.mask[i],
      this.offset[i],
    ]);
    return [this.count, ...parts.flat()];
  }

  index(words: Int32Array, at: number): number {
    const { count, word, shift, mask, offset } = this;
    let index = 0;
    for (let i = 0; i < count; i++) index |= ((words[at + word[i]] >>> shift[i]) & mask[i]) << offset[i];
    return index;
  }
}

/** How many bits the codes of these variables take together. */
export function bitsOf(layout: Layout, variables: Iterable<number>): number {
  let bits = 0;
  for (const variable of new Set(variables)) bits += layout.fields[variable].width;
  return bits;
}

/** Splits items into groups whose variables together take at most `limit` bits; an item alone may take more. */
export function group<T>(
  items: readonly T[],
  variablesOf: (item: T) => readonly number[],
  layout: Layout,
  limit: number,
): T[][] {
  const groups: { items: T[]; variables: Set<number> }[] = [];
  for (const item of items) {
    const own = variablesOf(item);
    const fitting = groups.find(({ variables }) => bitsOf(layout, [...variables, ...own]) <= limit);
    if (fitting) {
      fitting.items.push(item);
      own.forEach((variable) => fitting.variables.add(variable));
    } else groups.push({ items: [item], variables: new Set(own) });
  }
  return groups.map(({ items: members }) => members);
}
