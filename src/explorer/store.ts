/** The states found so far: layout, visited set and log, and how they grow. */
import type { Chunks } from './chunks.js';
import { Layout } from './layout.js';
import { CONTROL_BYTES, StateLog } from './state-log.js';
import { BATCH, MAX_LOAD, setBytes, stateSet, type StateSet } from './state-set.js';

/** What a worker needs to open the store. */
export interface StoreHandle {
  readonly widths: readonly number[];
  readonly capacity: number;
  readonly set: SharedArrayBuffer;
  readonly log: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/** Slots of a fresh store. */
const FIRST_SLOTS = 2 ** 14;
/** Small sets grow in great leaps: moving states costs what exploring them does. */
const LEAP_BYTES = 2 ** 26;
/** Slots from which on a search is likely to become large. */
const LEAP_FROM = 2 ** 20;

/** The shared memory of a search, as one worker sees it. */
export class Store {
  private constructor(
    readonly layout: Layout,
    readonly set: StateSet,
    readonly log: StateLog,
    private readonly handleParts: Omit<StoreHandle, 'widths' | 'capacity' | 'set'>,
  ) {}

  /** A fresh store. */
  static create(layout: Layout, parallel: boolean, capacity = FIRST_SLOTS): Store {
    const set = stateSet(layout, capacity, parallel);
    const limit = Math.max(1, Math.floor(capacity * MAX_LOAD));
    const log = new SharedArrayBuffer(limit * 4);
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    return new Store(layout, set, new StateLog(new Int32Array(log), new Int32Array(control), limit), { log, control });
  }

  /** Another worker's view. */
  static open({ widths, capacity, set, log, control }: StoreHandle, known: Layout | undefined): Store {
    const layout = known && known.widths.join() === widths.join() ? known : new Layout(widths);
    const slots = new Int32Array(log);
    return new Store(
      layout,
      stateSet(layout, capacity, true, set),
      new StateLog(slots, new Int32Array(control), slots.length),
      {
        log,
        control,
      },
    );
  }

  /** The same store for this thread, but no longer for it alone. */
  shared(): Store {
    return Store.open(this.handle, this.layout);
  }

  get handle(): StoreHandle {
    return { widths: this.layout.widths, capacity: this.set.capacity, set: this.set.memory, ...this.handleParts };
  }

  /** Bytes of shared memory in use. */
  get bytes(): number {
    return this.set.memory.byteLength + this.log.length * 4;
  }

  /** The capacity after growing. Where a larger step makes the set compact, that step saves the next one. */
  grown(layout: Layout): number {
    const { capacity } = this.set;
    if (capacity >= LEAP_FROM && layout.words === 2) {
      for (let slots = capacity * 8; setBytes(layout, slots) <= LEAP_BYTES * 4; slots *= 2)
        if (setBytes(layout, slots) === slots * 4) return slots;
    }
    return setBytes(layout, capacity * 8) <= LEAP_BYTES * 4 ? capacity * 8 : capacity * 2;
  }

  /** Moves all states into `to`, re-encoded if its layout is another. The log keeps its order. False: `to` is too full. */
  moveTo(to: Store): boolean {
    const { length } = this.log;
    if (!this.moveRange(to, 0, length)) return false;
    to.log.adopt(length);
    return true;
  }

  /** Moves chunks of the log, of which other threads move the rest. False: `to` is too full. */
  moveChunks(to: Store, chunks: Chunks): boolean {
    for (let range = chunks.take(); range; range = chunks.take()) {
      if (this.moveRange(to, range[0], range[1])) continue;
      chunks.stop();
      return false;
    }
    return true;
  }

  private moveRange(to: Store, from: number, until: number): boolean {
    if (until > to.log.limit) return false;
    const [old, fresh] = [this.layout, to.layout];
    const words = new Int32Array(BATCH * old.words);
    const repacked = old === fresh ? words : new Int32Array(BATCH * fresh.words);
    const slots = new Int32Array(BATCH);
    const codes = new Array<number>(old.fields.length);
    for (let next = from; next < until; next += BATCH) {
      const count = Math.min(BATCH, until - next);
      this.set.read(this.log.slots, next, count, words);
      if (old !== fresh) {
        for (let i = 0; i < count; i++) {
          for (let v = 0; v < codes.length; v++) codes[v] = old.code(words, i * old.words, v);
          fresh.pack(codes, repacked, i * fresh.words);
        }
      }
      if (to.set.insert(repacked, count, slots) < count) return false;
      to.log.slots.set(count === BATCH ? slots : slots.subarray(0, count), next);
    }
    return true;
  }
}
