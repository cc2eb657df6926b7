/** The explored graph, walked again: backward reachability without stored edges. */
import type { Machine } from '../language/index.js';
import type { Engine } from './engine.js';
import type { LearnedOutcome } from './learned.js';
import type { Store } from './store.js';
import { BATCH } from './state-set.js';

/** Successors of one state, at the most. */
const FANOUT = 4096;
/** Successors per state for which buffers are made. */
const FANOUT_MEAN = 8;
/** States between two looks at the clock. */
const TURN = 4096;

/** The graph that a search has found. */
export class Graph {
  private readonly slot = new Int32Array(1);
  private readonly successors: Int32Array;

  /**
   * @param levels where each whole level starts in the log, and the end of the last
   * @param complete is it the whole graph?
   * @param pause lets timers in; true: a limit was reached, give up what may take long
   */
  constructor(
    readonly machine: Machine,
    readonly engine: Engine,
    readonly store: Store,
    readonly levels: readonly number[],
    readonly complete: boolean,
    readonly pause: () => Promise<boolean>,
  ) {
    engine.open(store.layout, store.set, store.log);
    this.successors = new Int32Array(FANOUT * store.layout.words);
  }

  get words(): number {
    return this.store.layout.words;
  }

  /** Visits the states of a range of the log, in order, to the end or until `visit` says false: then false. */
  async states(
    from: number,
    to: number,
    visit: (words: Int32Array, at: number, slot: number) => boolean | void,
  ): Promise<boolean> {
    const { set, log } = this.store;
    const words = new Int32Array(BATCH * this.words);
    let turn = TURN;
    for (let next = from; next < to; next += BATCH) {
      const count = Math.min(BATCH, to - next);
      set.read(log.slots, next, count, words);
      for (let i = 0; i < count; i++) if (visit(words, i * this.words, log.slots[next + i]) === false) return false;
      if ((turn -= count) <= 0) {
        turn = TURN;
        await this.pause();
      }
    }
    return true;
  }

  /** The slot of a packed state, -1 if it was never found. */
  slotOf(words: Int32Array, at: number): number {
    this.store.set.find(words, at, 1, this.slot, 0);
    return this.slot[0];
  }

  /** A packed state after an outcome. */
  after({ changes }: LearnedOutcome, words: Int32Array, at: number): Int32Array {
    const { layout } = this.store;
    const after = words.slice(at, at + layout.words);
    for (const { variable, from, to } of changes) {
      const { word, shift } = layout.fields[variable];
      after[word] ^= (from ^ to) << shift;
    }
    return after;
  }

  /** The slots of a state's changed successors, into `slots` from `into` on. @returns how many */
  successorSlots(
    words: Int32Array,
    at: number,
    actors: (process: number) => boolean,
    slots: Int32Array,
    into = 0,
  ): number {
    const count = this.engine.successorsInto(words, at, this.successors, actors);
    for (let done = 0; done < count; done += BATCH) {
      const part = Math.min(BATCH, count - done);
      this.store.set.find(this.successors, done * this.words, part, slots, into + done);
    }
    return count;
  }

  /**
   * For up to 8 goals at once: which states can reach them by steps of `actors`? Sweeps the log backwards until nothing
   * changes: most paths lead to later levels, so a few sweeps do.
   * @returns a bit per goal by slot, or undefined if it was given up
   */
  async canReach(
    goals: (words: Int32Array, at: number) => number,
    actors: (process: number) => boolean,
  ): Promise<Uint8Array | undefined> {
    const bits = new Uint8Array(this.store.set.capacity);
    const { length } = this.store.log;
    const { set, log } = this.store;
    if (!(await this.states(0, length, (words, at, slot) => void (bits[slot] = goals(words, at))))) return undefined;
    const all = bits.reduce((union, own) => union | own, 0);
    const words = new Int32Array(BATCH * this.words);
    const own = new Int32Array(BATCH);
    const counts = new Int32Array(BATCH);
    const slots = new Int32Array(BATCH * FANOUT_MEAN + FANOUT);
    for (let changed = true; changed;) {
      changed = false;
      let turn = TURN;
      for (let end = length; end > 0;) {
        // The states of a batch are looked up together, so that cache misses overlap; then the last is decided first.
        let found = 0;
        let states = 0;
        const start = Math.max(0, end - BATCH);
        set.read(log.slots, start, end - start, words);
        let at = end - 1;
        for (; at >= start && found < BATCH * FANOUT_MEAN; at--) {
          if (bits[log.slots[at]] === all) continue;
          counts[states] = this.successorSlots(words, (at - start) * this.words, actors, slots, found);
          found += counts[states];
          own[states++] = log.slots[at];
        }
        end = at + 1;
        for (let i = 0, s = 0; i < states; i++) {
          const before = bits[own[i]];
          let union = before;
          for (const until = s + counts[i]; s < until; s++) union |= bits[slots[s]];
          if (union === before) continue;
          bits[own[i]] = union;
          changed = true;
        }
        if ((turn -= BATCH) <= 0) {
          turn = TURN;
          if (await this.pause()) return undefined;
        }
      }
    }
    return bits;
  }
}
