/** Slots of all states in the order they were found: the levels, the current frontier and the next one. */

/** Entries that a worker reserves at a time. */
const BLOCK = 4096;
/** Fills the unused part of a block until the level's barrier. */
export const HOLE = -1;

/** Words of the control memory: how many entries are in use or reserved, and how many states are known to be in them. */
const LENGTH = 0;
const STATES = 1;

/** Bytes of the control memory. */
export const CONTROL_BYTES = 8;

/** One worker's view of the shared log. With `shared` control memory, blocks are reserved atomically. */
export class StateLog {
  private next = 0;
  private end = 0;
  /** Entries added here that {@link STATES} does not count yet. */
  private uncounted = 0;

  /**
   * @param slots the entries
   * @param control see {@link CONTROL_BYTES}
   * @param limit how many entries the set's load allows
   */
  constructor(
    readonly slots: Int32Array,
    private readonly control: Int32Array,
    readonly limit: number,
  ) {}

  /** Makes sure that `count` more entries can be added by this worker. */
  room(count: number): boolean {
    this.tellCount();
    const missing = count - (this.end - this.next);
    return missing <= 0 || this.reserve(Math.max(count, BLOCK)) || this.reserve(count);
  }

  private reserve(size: number): boolean {
    const { control, limit } = this;
    // Not added and then taken back: meanwhile another worker would reserve entries behind some that nobody fills.
    for (let start = this.length; start + size <= limit;) {
      const found = Atomics.compareExchange(control, LENGTH, start, start + size);
      if (found === start) {
        this.take(start, start + size);
        return true;
      }
      start = found;
    }
    return false;
  }

  /** A worker that dies leaves holes, not entries that look like states. */
  private take(start: number, end: number): void {
    this.slots.fill(HOLE, start, end);
    if (start !== this.end || this.next === this.end) this.next = start;
    this.end = end;
  }

  add(slot: number): void {
    this.slots[this.next++] = slot;
    this.uncounted++;
  }

  /** Leaves the unused rest of the block as holes. Call at the end of a task. */
  close(): void {
    this.tellCount();
    this.next = this.end = 0;
  }

  private tellCount(): void {
    if (this.uncounted > 0) Atomics.add(this.control, STATES, this.uncounted);
    this.uncounted = 0;
  }

  /** Says that `length` entries have been filled in. */
  adopt(length: number): void {
    this.settle(length);
    this.next = this.end = 0;
  }

  /** Entries in use, holes included. */
  get length(): number {
    return Atomics.load(this.control, LENGTH);
  }

  /** How many states were added: all but the last few of each other worker. At a barrier that is the length. */
  get states(): number {
    return Atomics.load(this.control, STATES) + this.uncounted;
  }

  /** Fills the holes from `from` on with entries from the end. At a barrier only. */
  compact(from: number): void {
    const { slots } = this;
    let end = this.length;
    for (let i = from; i < end; i++) {
      if (slots[i] !== HOLE) continue;
      while (end > i + 1 && slots[end - 1] === HOLE) end--;
      if (end - 1 <= i) {
        end = i;
        break;
      }
      slots[i] = slots[--end];
    }
    this.settle(end);
  }

  private settle(length: number): void {
    Atomics.store(this.control, LENGTH, length);
    Atomics.store(this.control, STATES, length);
  }
}
