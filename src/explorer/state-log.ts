/** Slots of all states in the order they were found: the levels, the current frontier and the next one. */

/** Entries that a worker reserves at a time. */
const BLOCK = 4096;
/** Fills the unused end of a block until the level's barrier. */
export const HOLE = -1;

/** One worker's view of the shared log. With `shared` control memory, blocks are reserved atomically. */
export class StateLog {
  private next = 0;
  private end = 0;

  /**
   * @param slots the entries
   * @param control word 0: how many entries are in use or reserved
   * @param limit how many entries the set's load allows
   */
  constructor(
    readonly slots: Int32Array,
    private readonly control: Int32Array,
    readonly limit: number,
  ) {}

  /** Makes sure that `count` more entries can be added by this worker. */
  room(count: number): boolean {
    const missing = count - (this.end - this.next);
    return missing <= 0 || this.reserve(Math.max(count, BLOCK)) || this.reserve(count);
  }

  private reserve(size: number): boolean {
    const start = Atomics.add(this.control, 0, size);
    if (start + size > this.limit) {
      Atomics.sub(this.control, 0, size);
      return false;
    }
    if (start === this.end && this.next < this.end) {
      this.end += size;
      return true;
    }
    this.slots.fill(HOLE, this.next, this.end);
    this.next = start;
    this.end = start + size;
    return true;
  }

  add(slot: number): void {
    this.slots[this.next++] = slot;
  }

  /** Marks the unused rest of the block as holes. Call at the end of a task. */
  close(): void {
    this.slots.fill(HOLE, this.next, this.end);
    this.next = this.end = 0;
  }

  /** Says that `length` entries have been filled in. */
  adopt(length: number): void {
    Atomics.store(this.control, 0, length);
    this.next = this.end = 0;
  }

  /** Entries in use, holes included. */
  get length(): number {
    return Atomics.load(this.control, 0);
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
    Atomics.store(this.control, 0, end);
  }
}
