/** The states found so far: layout, visited set and log, and how they grow. */
import { Layout } from './layout.js';
import { StateLog } from './state-log.js';
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
    const control = new SharedArrayBuffer(4);
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

  get handle(): StoreHandle {
    return { widths: this.layout.widths, capacity: this.set.capacity, set: this.set.memory, ...this.handleParts };
  }

  /** Bytes of shared memory in use. */
  get bytes(): number {
    return this.set.memory.byteLength + this.log.length * 4;
  }

  /** The capacity after growing. */
  grown(layout: Layout): number {
    const { capacity } = this.set;
    return setBytes(layout, capacity * 8) <= LEAP_BYTES * 4 ? capacity * 8 : capacity * 2;
  }

  /** Moves all states into a new store, re-encoded if the layout is another. The log keeps its order. @throws RangeError if it can't be so large */
  rebuilt(layout: Layout, capacity: number, parallel: boolean): Store {
    for (let slots = capacity; ; slots *= 2) {
      const store = Store.create(layout, parallel, slots);
      if (this.copyTo(store)) return store;
    }
  }

  private copyTo(store: Store): boolean {
    const from = this.layout;
    const to = store.layout;
    const { length } = this.log;
    if (length > store.log.limit) return false;
    const words = new Int32Array(BATCH * Math.max(from.words, to.words));
    const repacked = from === to ? words : new Int32Array(BATCH * to.words);
    const slots = new Int32Array(BATCH);
    const codes = new Array<number>(from.fields.length);
    for (let next = 0; next < length; next += BATCH) {
      const count = Math.min(BATCH, length - next);
      this.set.read(this.log.slots, next, count, words);
      if (from !== to) {
        for (let i = 0; i < count; i++) {
          for (let v = 0; v < codes.length; v++) codes[v] = from.code(words, i * from.words, v);
          to.pack(codes, repacked, i * to.words);
        }
      }
      if (store.set.insert(repacked, count, slots) < count) return false;
      store.log.slots.set(count === BATCH ? slots : slots.subarray(0, count), next);
    }
    store.log.adopt(length);
    return true;
  }
}
