/**
 * The visited set: exact, open addressing with linear probing in shared memory, lock-free for several workers.
 * Touching memory is what a search pays for, so states come in batches: all first probes are issued before any is judged.
 */
import { PRESENT, type Layout } from './layout.js';

/** States per batch at the most. */
export const BATCH = 256;
/** In `slots`: the state was there already. */
export const SEEN = -1;
/** Fraction of slots that may be in use. */
export const MAX_LOAD = 0.62;

/** An exact set of packed states; a state's slot is its name until the set grows. */
export interface StateSet {
  /** A power of two. */
  readonly capacity: number;
  readonly memory: SharedArrayBuffer;
  /**
   * Inserts `count` states of `words`. `slots[i]` is the slot of a new state, or {@link SEEN}.
   * @returns how many were inserted or found: fewer than `count` if the set is too full
   */
  insert(words: Int32Array, count: number, slots: Int32Array): number;
  /** The slots of `count` states from `words[at]` on, into `slots` from `into` on; -1 for one that is not in the set. */
  find(words: Int32Array, at: number, count: number, slots: Int32Array, into: number): void;
  /** Unpacks the states in slots `slots[from..from+count)` into `words`. */
  read(slots: Int32Array, from: number, count: number, words: Int32Array): void;
}

/** What another worker needs to open the same set. */
export interface SetHandle {
  readonly memory: SharedArrayBuffer;
  readonly capacity: number;
}

/** Displacement bits without which a compact set would overflow long before it is full. */
const DISPLACEMENT_BITS = 7;
/** Slots above which index arithmetic would leave 32 bits. */
const MAX_WORDS = 2 ** 30;

/** Makes a set of `capacity` slots for a layout, or opens another worker's. @throws RangeError if it can't be that large */
export function stateSet(layout: Layout, capacity: number, parallel: boolean, memory?: SharedArrayBuffer): StateSet {
  const words = isCompact(layout, capacity) ? 1 : layout.words;
  if (capacity * words > MAX_WORDS)
    throw new RangeError(`a visited set of ${capacity} slots of ${words * 4} bytes is too large`);
  const own = memory ?? new SharedArrayBuffer(capacity * words * 4);
  return words === 1 && layout.words === 2
    ? new CompactSet(layout, capacity, own, parallel)
    : new WholeSet(layout, capacity, own, parallel);
}

/** Bytes of a set of `capacity` slots. */
export const setBytes = (layout: Layout, capacity: number): number =>
  capacity * 4 * (isCompact(layout, capacity) ? 1 : layout.words);

/** Two words fit into one if the slot's own number says enough of them (Cleary 1984). */
function isCompact(layout: Layout, capacity: number): boolean {
  const rest = layout.bits - Math.log2(capacity);
  return layout.words === 2 && rest >= 1 && rest + DISPLACEMENT_BITS <= 32;
}

const mix = (value: number): number => {
  let x = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};

/** States stored whole, as many words as the layout has. The last word is written last: it is never 0 in a state. */
class WholeSet implements StateSet {
  private readonly table: Int32Array;
  private readonly size: number;
  private readonly home = new Int32Array(BATCH);
  private readonly probe = new Int32Array(BATCH);

  constructor(
    layout: Layout,
    readonly capacity: number,
    readonly memory: SharedArrayBuffer,
    private readonly parallel: boolean,
  ) {
    this.table = new Int32Array(memory);
    this.size = layout.words;
  }

  private first(words: Int32Array, at: number, count: number): void {
    const { table, size, home, probe } = this;
    const last = this.capacity - 1;
    for (let i = 0; i < count; i++) {
      let hash = 0x9e3779b9;
      for (let k = at + i * size, end = k + size; k < end; k++)
        hash = Math.imul(mix(words[k] ^ hash) + 0x52dce729, 0x9e3779b1);
      const slot = (hash ^ (hash >>> 15)) & last;
      home[i] = slot;
      probe[i] = table[slot * size + size - 1];
    }
  }

  insert(words: Int32Array, count: number, slots: Int32Array): number {
    this.first(words, 0, count);
    const { table, size, home, parallel } = this;
    const last = this.capacity - 1;
    const control = size - 1;
    const limit = this.capacity;
    for (let i = 0; i < count; i++) {
      const at = i * size;
      let slot = home[i];
      for (let probes = 0; ; probes++) {
        if (probes === limit) return i;
        let word = table[slot * size + control];
        if (word === 0) {
          word = this.claim(slot, words, at, parallel);
          if (word === 0) {
            slots[i] = slot;
            break;
          }
        }
        if (parallel && word === BUSY && size > 1) word = this.written(slot * size + control);
        if (word === words[at + control] && this.same(slot, words, at)) {
          slots[i] = SEEN;
          break;
        }
        slot = (slot + 1) & last;
      }
    }
    return count;
  }

  /** Waits, a few nanoseconds, until another worker has written its state. @throws Error if that worker must be dead */
  private written(control: number): number {
    let word = BUSY;
    for (let spins = 1, deadline = 0; word === BUSY; spins++) {
      word = Atomics.load(this.table, control);
      if (spins % 1_000_000 !== 0) continue;
      deadline ||= performance.now() + 30_000;
      if (performance.now() > deadline) throw new Error('a worker died while it wrote a state');
    }
    return word;
  }

  /** Takes an empty slot: 0 if it is ours now, else the word that somebody else put there. */
  private claim(slot: number, words: Int32Array, at: number, parallel: boolean): number {
    const { table, size } = this;
    const base = slot * size;
    const control = base + size - 1;
    const own = words[at + size - 1];
    if (!parallel) {
      for (let k = 0; k < size; k++) table[base + k] = words[at + k];
      return 0;
    }
    const found = Atomics.compareExchange(table, control, 0, size > 1 ? BUSY : own);
    if (found !== 0 || size === 1) return found;
    for (let k = 0; k < size - 1; k++) table[base + k] = words[at + k];
    Atomics.store(table, control, own);
    return 0;
  }

  private same(slot: number, words: Int32Array, at: number): boolean {
    const { table, size } = this;
    const base = slot * size;
    if (this.parallel && size > 1) Atomics.load(table, base + size - 1);
    for (let k = 0; k < size - 1; k++) if (table[base + k] !== words[at + k]) return false;
    return true;
  }

  find(words: Int32Array, at: number, count: number, slots: Int32Array, into: number): void {
    this.first(words, at, count);
    const { table, size, home } = this;
    const last = this.capacity - 1;
    for (let i = 0; i < count; i++) {
      let slot = home[i];
      for (;;) {
        const word = table[slot * size + size - 1];
        if (word === 0) {
          slots[into + i] = -1;
          break;
        }
        if (word === words[at + i * size + size - 1] && this.same(slot, words, at + i * size)) {
          slots[into + i] = slot;
          break;
        }
        slot = (slot + 1) & last;
      }
    }
  }

  read(slots: Int32Array, from: number, count: number, words: Int32Array): void {
    const { table, size } = this;
    for (let i = 0; i < count; i++) {
      const base = slots[from + i] * size;
      for (let k = 0; k < size; k++) words[i * size + k] = table[base + k];
    }
  }
}

/** A slot that is being written. No state's last word is 1: its top bit is set. */
const BUSY = 1;

/**
 * Two-word states in one word a slot: an invertible hash maps (left, rest) to (home slot, rest); the slot's number and the
 * stored displacement give the home slot back, so the word holds only `rest` and the displacement. Exact, half the memory.
 */
class CompactSet implements StateSet {
  private readonly table: Int32Array;
  private readonly home = new Int32Array(BATCH);
  private readonly rest = new Int32Array(BATCH);
  private readonly probe = new Int32Array(BATCH);
  private readonly restBits: number;
  private readonly half: number;
  private readonly limit: number;

  constructor(
    layout: Layout,
    readonly capacity: number,
    readonly memory: SharedArrayBuffer,
    private readonly parallel: boolean,
  ) {
    this.table = new Int32Array(memory);
    const bits = Math.log2(capacity);
    this.restBits = layout.bits - bits;
    this.half = (bits + 1) >> 1;
    this.limit = 2 ** (32 - this.restBits) - 2;
  }

  private first(words: Int32Array, at: number, count: number): void {
    const { table, home, rest, probe, restBits, half } = this;
    const last = this.capacity - 1;
    const restMask = (1 << restBits) - 1;
    const up = 32 - restBits;
    for (let i = 0; i < count; i++) {
      const low = words[at + 2 * i];
      const own = low & restMask;
      let x = Math.imul((words[at + 2 * i + 1] << up) | (low >>> restBits), SPREAD) & last;
      x ^= x >>> half;
      x = Math.imul(x, STIR) & last;
      let h = Math.imul(own ^ (own >>> 15), 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      const slot = (x ^ h ^ (h >>> 16)) & last;
      home[i] = slot;
      rest[i] = own;
      probe[i] = table[slot];
    }
  }

  insert(words: Int32Array, count: number, slots: Int32Array): number {
    this.first(words, 0, count);
    const { table, home, rest, probe, restBits, limit, parallel } = this;
    const last = this.capacity - 1;
    const far = 1 << restBits;
    for (let i = 0; i < count; i++) {
      let slot = home[i];
      let want = rest[i] | far;
      let word = probe[i];
      for (let probes = 0; word !== want;) {
        if (word === 0) {
          // An earlier state of this batch, or another worker, may have taken it since the first probe.
          if (parallel) word = Atomics.compareExchange(table, slot, 0, want);
          else if ((word = table[slot]) === 0) table[slot] = want;
          if (word === 0) break;
          continue;
        }
        if (++probes > limit) return i;
        slot = (slot + 1) & last;
        want = (want + far) | 0;
        word = table[slot];
      }
      slots[i] = word === 0 ? slot : SEEN;
    }
    return count;
  }

  find(words: Int32Array, at: number, count: number, slots: Int32Array, into: number): void {
    this.first(words, at, count);
    const { table, home, rest, restBits, limit } = this;
    const last = this.capacity - 1;
    const far = 1 << restBits;
    for (let i = 0; i < count; i++) {
      let slot = home[i];
      let want = rest[i] | far;
      let word = table[slot];
      // As far as insert goes and no further: beyond, a displacement would look like a smaller one.
      for (let probes = 0; word !== want && word !== 0 && probes < limit; probes++) {
        slot = (slot + 1) & last;
        want = (want + far) | 0;
        word = table[slot];
      }
      slots[into + i] = word === want ? slot : -1;
    }
  }

  read(slots: Int32Array, from: number, count: number, words: Int32Array): void {
    const { table, restBits, half } = this;
    const last = this.capacity - 1;
    const restMask = (1 << restBits) - 1;
    const up = 32 - restBits;
    for (let i = 0; i < count; i++) {
      const slot = slots[from + i];
      const word = table[slot];
      const own = word & restMask;
      let h = Math.imul(own ^ (own >>> 15), 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      let x = ((slot - (word >>> restBits) + 1) ^ h ^ (h >>> 16)) & last;
      x = Math.imul(x, UNSTIR) & last;
      x ^= x >>> half;
      x = Math.imul(x, UNSPREAD) & last;
      words[2 * i] = own | (x << restBits);
      words[2 * i + 1] = (x >>> up) | PRESENT;
    }
  }
}

const SPREAD = 0x9e3779b1 | 0;
const STIR = 0x85ebca77 | 0;
const UNSPREAD = inverse(SPREAD);
const UNSTIR = inverse(STIR);

/** The inverse of an odd number modulo 2^32 (Newton). */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
