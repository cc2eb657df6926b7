/** The compact set: what it must not find. */
import { expect, it } from 'vitest';
import { Layout } from '../../src/explorer/layout.js';
import { stateSet } from '../../src/explorer/state-set.js';

const CAPACITY = 256;
/** 33 bits of state, of which a slot's number says 8: 25 are stored, and 7 are left for the displacement. */
const layout = new Layout([16, 16, 1]);
const REST = 25;

/** A set of which each slot holds what says: I am at home here, and the rest of my bits are my slot's number. */
function full() {
  const memory = new SharedArrayBuffer(CAPACITY * 4);
  new Int32Array(memory).set(Array.from({ length: CAPACITY }, (_, slot) => slot | (1 << REST)));
  return stateSet(layout, CAPACITY, false, memory);
}

/** The state whose home is `home`, and whose stored bits are `rest`. */
function stateAt(home: number, rest: number): Int32Array {
  const memory = new SharedArrayBuffer(CAPACITY * 4);
  new Int32Array(memory)[home] = rest | (1 << REST);
  const words = new Int32Array(2);
  stateSet(layout, CAPACITY, false, memory).read(Int32Array.of(home), 0, 1, words);
  return words;
}

it('stores two words in one', () => {
  expect([layout.words, layout.bits]).toEqual([2, 33]);
  expect(full().memory.byteLength).toBe(CAPACITY * 4);
});

it.each([
  [200, 200],
  // 128 slots further, the displacement of 7 bits would be 0 again, and the word there looks like this state's.
  [72, -1],
  // Home, and the whole round: 200 again.
  [201, -1],
])('a state at home in slot %i whose rest is 200 is in slot %i', (home, slot) => {
  const slots = new Int32Array(1);
  full().find(stateAt(home, 200), 0, 1, slots, 0);
  expect(slots[0]).toBe(slot);
});
