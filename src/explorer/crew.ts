/** Who expands a level: this thread's engine, alone or together with the threads of a pool. */
import type { Engine } from './engine.js';
import type { Pool } from './pool.js';
import type { Store } from './store.js';
import { Chunks, expandChunks, type PartEnd, type Range } from './chunks.js';
import { mergeTallies, type Tally } from './tally.js';

/** How a level (or part of it) ended: done, or what must happen before the rest can go on. */
export interface LevelEnd {
  readonly end: 'done' | 'full' | 'layout' | 'stopped' | 'died';
  /** What is still to be expanded. */
  readonly rest: readonly Range[];
  readonly detail?: string;
}

/** Asked between chunks: true ends the level early. */
export type Stop = () => boolean;

/** For how long this thread works before it lets timers and signals in, in milliseconds. */
const TURN = 50;

/** This thread, which knows from the start what the search has learned, and the threads that have joined it. */
export class Crew {
  private pool: Pool | undefined;

  /**
   * @param chunk states per chunk
   * @param together for tests, whose levels are small: this thread takes one chunk and leaves the rest to all
   */
  constructor(
    private readonly engine: Engine,
    private readonly chunk: number,
    private readonly together: boolean,
  ) {}

  /** Do others work on the same store? */
  get shared(): boolean {
    return this.pool !== undefined;
  }

  /** These threads take part from now on. */
  join(pool: Pool): void {
    this.pool = pool;
  }

  /** Works on this store from now on. */
  open(store: Store): void {
    this.engine.open(store.layout, store.set, store.log);
    this.pool?.open(store);
  }

  /** Expands a level. @throws whatever goes wrong in this thread, if it is alone */
  async expand(ranges: readonly Range[], level: number, stop: Stop): Promise<LevelEnd> {
    const { pool } = this;
    const chunks = Chunks.of(ranges, this.chunk);
    const others = pool?.expand(chunks, level);
    const own = await this.own(chunks, level, stop).catch((error: unknown) => {
      if (!pool) throw error;
      pool.giveUp(chunks, error);
    });
    const parts = [own, ...((await others) ?? [])];
    if (pool?.died !== undefined) return { end: 'died', rest: [], detail: `a worker died: ${pool.died}` };
    const rest = [...parts.flatMap((part) => part?.rest ?? []), ...chunks.rest()];
    if (rest.length === 0) return { end: 'done', rest };
    const ended = (end: PartEnd['end']): boolean => parts.some((part) => part?.end === end);
    return { end: ended('layout') ? 'layout' : ended('full') ? 'full' : 'stopped', rest };
  }

  private own(chunks: Chunks, level: number, stop: Stop): Promise<PartEnd> {
    let turn = performance.now() + TURN;
    let alone = !this.together;
    const letOthersIn = async (): Promise<void> => {
      const threads = this.pool?.taking(chunks) ?? 0;
      do await new Promise(setImmediate);
      while (!alone && chunks.begun < threads && !chunks.stopped);
      alone = true;
      if (stop()) chunks.stop();
      turn = performance.now() + TURN;
    };
    return expandChunks(this.engine, chunks, level, () =>
      !alone || performance.now() >= turn ? letOthersIn() : undefined,
    );
  }

  /** Moves all states to a larger or re-laid-out store. False: that store is too small. @throws WorkerDiedError */
  async move(from: Store, to: Store): Promise<boolean> {
    return this.pool ? this.pool.move(from, to) : from.moveTo(to);
  }

  /** Counters and first findings of all finished chunks. */
  tally(): Tally {
    const { tally, checks, knowledge } = this.engine;
    tally.specCalls = knowledge.calls.steps;
    tally.seen = knowledge.calls.seen;
    checks.antecedent.forEach((seen, property) => seen && tally.antecedent.add(property));
    return this.pool ? mergeTallies([tally, this.pool.tally]) : tally;
  }
}
