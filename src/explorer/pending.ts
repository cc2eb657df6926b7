/** The states in which something was asked for and is not there yet. */
import { BATCH } from './state-set.js';
import { Int32List } from './int32-list.js';
import type { Clock } from './clock.js';
import type { Graph } from './graph.js';
import type { Predicate } from './predicate.js';

/** States reached from a trigger without passing a goal, nearest first; what follows calls a state by its place in here. */
export interface Pending {
  readonly slots: Int32Array;
  /**
   * Where each distance starts: the fewest transitions from an initial state by way of a trigger. The last entry is the
   * end.
   */
  readonly levels: readonly number[];
  /** Was anything ever asked for? */
  readonly asked: boolean;
  /** The place of the state in a slot, or -1. */
  place(slot: number): number;
}

/** States between two chances to give up. */
const PORTION = 2 ** 16;

const everybody = (): boolean => true;

/** Finds them, on the whole graph. @returns undefined if it was given up */
export async function pendingStates(
  graph: Graph,
  trigger: Predicate,
  goal: Predicate,
  clock: Clock,
): Promise<Pending | undefined> {
  const { store, levels, words } = graph;
  const { log, set } = store;
  // By slot: 0 not pending (yet), GOAL, or its place plus 1.
  const places = new Int32Array(set.capacity);
  const GOAL = -1;
  const entries = new Int32List();
  const entryLevels: number[] = [];
  let asked = false;
  for (let level = 0; level < levels.length; level++) {
    entryLevels.push(entries.length);
    const visit = (state: Int32Array, at: number, slot: number): void => {
      const reached = goal(state, at);
      if (reached) places[slot] = GOAL;
      if (asked && reached) return;
      if (!trigger(state, at)) return;
      asked = true;
      if (!reached) entries.push(slot);
    };
    const end = levels[level + 1] ?? log.length;
    for (let from = levels[level]; from < end; from += PORTION) {
      await graph.states(from, Math.min(end, from + PORTION), visit);
      if (await clock.rest()) return undefined;
    }
  }
  entryLevels.push(entries.length);

  const found = new Int32List();
  const add = (slot: number): void => {
    if (places[slot] !== 0) return;
    found.push(slot);
    places[slot] = found.length;
  };
  const distances: number[] = [];
  const packed = new Int32Array(BATCH * words);
  const next = new Int32List(4096);
  for (let level = 0, from = 0; level < levels.length || from < found.length; level++) {
    distances.push(from);
    for (let i = entryLevels[level] ?? 0; i < (entryLevels[level + 1] ?? 0); i++) add(entries.data[i]);
    const to = found.length;
    for (; from < to; from += BATCH) {
      const count = Math.min(BATCH, to - from);
      set.read(found.data, from, count, packed);
      for (let i = 0; i < count; i++) {
        const successors = graph.successorSlots(packed, i * words, everybody, next.data);
        for (let s = 0; s < successors; s++) add(next.data[s]);
        if (clock.due() && (await clock.rest())) return undefined;
      }
    }
    from = to;
  }
  distances.push(found.length);
  return {
    slots: found.data.subarray(0, found.length),
    levels: distances,
    asked,
    place: (slot) => Math.max(-1, places[slot] - 1),
  };
}
