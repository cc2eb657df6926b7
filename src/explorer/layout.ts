/** Where each variable's code stands in the packed words of a state. */

/** The top bit of the last word is set in every packed state, so that an empty slot can't look like one. */
export const PRESENT = 0x80000000 | 0;

/** One variable's place. */
export interface Field {
  readonly word: number;
  readonly shift: number;
  readonly width: number;
}

/** A layout: thrown away, with everything compiled for it, when a code outgrows its field. */
export class Layout {
  readonly fields: readonly Field[];
  /** Words per state. */
  readonly words: number;
  /** Bits in use, counted as if words before the last were full. */
  readonly bits: number;

  /** @param widths bits per variable; fields never straddle words */
  constructor(readonly widths: readonly number[]) {
    const capacity = (word: number, words: number): number => (word === words - 1 ? 31 : 32);
    let words = 1;
    let fields = place(widths, words, capacity);
    while (!fields) fields = place(widths, ++words, capacity);
    this.fields = fields;
    this.words = words;
    const last = fields
      .filter(({ word }) => word === words - 1)
      .reduce((used, { shift, width }) => Math.max(used, shift + width), 0);
    this.bits = (words - 1) * 32 + last;
  }

  /** Reads a variable's code from the words at `at`. */
  code(words: Int32Array, at: number, variable: number): number {
    const { word, shift, width } = this.fields[variable];
    return width === 0 ? 0 : (words[at + word] >>> shift) & mask(width);
  }

  /** The codes of the state at `at`, one at a time. */
  codeOf(words: Int32Array, at: number): (variable: number) => number {
    return (variable) => this.code(words, at, variable);
  }

  /** Packs codes into the words at `at`. */
  pack(codes: ArrayLike<number>, words: Int32Array, at: number): void {
    for (let k = 0; k < this.words; k++) words[at + k] = 0;
    this.fields.forEach(({ word, shift }, variable) => (words[at + word] |= codes[variable] << shift));
    words[at + this.words - 1] |= PRESENT;
  }

  /** Does every code up to `count - 1` fit? */
  fits(variable: number, count: number): boolean {
    return count <= 2 ** this.widths[variable];
  }
}

/** A mask of `width` low bits. */
export const mask = (width: number): number => (width >= 32 ? -1 : (1 << width) - 1);

/** Bits for codes 0..count-1. */
export const bitsFor = (count: number): number => (count <= 1 ? 0 : 32 - Math.clz32(count - 1));

/** Fills words in the variables' order, so that neighbours (whose codes are often read together) stand side by side. */
function place(
  widths: readonly number[],
  words: number,
  capacity: (word: number, words: number) => number,
): Field[] | undefined {
  const used = new Array<number>(words).fill(0);
  const fields: Field[] = [];
  for (const width of widths) {
    const word = used.findIndex((bits, at) => bits + width <= capacity(at, words));
    if (word < 0) return undefined;
    fields.push({ word, shift: used[word], width });
    used[word] += width;
  }
  return fields;
}
