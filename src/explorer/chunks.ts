/** Chunks: the unit in which whoever expands a level takes its states, one chunk after the other. */
import type { ChunkEnd, Engine } from './engine.js';

/** A range of the log. */
export type Range = readonly [from: number, to: number];

/** Words of the shared memory. */
const CURSOR = 0;
const STOP = 1;
const BEGUN = 2;

/** What a thread needs to take chunks of the same ranges. */
export interface ChunksHandle {
  readonly ranges: readonly Range[];
  readonly size: number;
  readonly memory: SharedArrayBuffer;
}

/** The chunks of some ranges of the log, as one thread sees them. */
export class Chunks {
  private readonly control: Int32Array;

  private constructor(readonly handle: ChunksHandle) {
    this.control = new Int32Array(handle.memory);
  }

  static of(ranges: readonly Range[], size: number): Chunks {
    return new Chunks({ ranges, size, memory: new SharedArrayBuffer(12) });
  }

  static open(handle: ChunksHandle): Chunks {
    return new Chunks(handle);
  }

  get count(): number {
    const { ranges, size } = this.handle;
    return ranges.reduce((sum, [from, to]) => sum + Math.ceil((to - from) / size), 0);
  }

  /** A chunk that nobody else gets. Undefined: none is left, or somebody has stopped it all. */
  take(): Range | undefined {
    if (Atomics.load(this.control, STOP) !== 0) return undefined;
    const [first] = this.from(Atomics.add(this.control, CURSOR, 1));
    return first && [first[0], Math.min(first[1], first[0] + this.handle.size)];
  }

  /** What nobody has taken. Call when all have come to their end. */
  rest(): readonly Range[] {
    return this.from(Atomics.load(this.control, CURSOR));
  }

  /** The ranges without their first `chunks` chunks. */
  private from(chunks: number): readonly Range[] {
    const { ranges, size } = this.handle;
    let left = chunks;
    for (let r = 0; r < ranges.length; r++) {
      const [from, to] = ranges[r];
      const count = Math.ceil((to - from) / size);
      if (left < count) return [[from + left * size, to], ...ranges.slice(r + 1)];
      left -= count;
    }
    return [];
  }

  /** Nobody takes another chunk. */
  stop(): void {
    Atomics.store(this.control, STOP, 1);
  }

  get stopped(): boolean {
    return Atomics.load(this.control, STOP) !== 0;
  }

  /** One more thread has begun to take chunks. */
  begin(): void {
    Atomics.add(this.control, BEGUN, 1);
  }

  get begun(): number {
    return Atomics.load(this.control, BEGUN);
  }
}

/** How one thread's part of a level ended, and the chunk that it could not finish. */
export interface PartEnd {
  readonly end: ChunkEnd;
  readonly rest: readonly Range[];
}

/** Expands chunks of a level until none is left. Between two of them it waits for `pause`, if there is one. */
export async function expandChunks(
  engine: Engine,
  chunks: Chunks,
  level: number,
  pause?: () => Promise<void> | undefined,
): Promise<PartEnd> {
  for (let range = chunks.take(); range; range = chunks.take()) {
    const end = engine.expand(range[0], range[1], level);
    if (end !== 'done') {
      chunks.stop();
      return { end, rest: [range] };
    }
    const paused = pause?.();
    if (paused) await paused;
  }
  return { end: 'done', rest: [] };
}
