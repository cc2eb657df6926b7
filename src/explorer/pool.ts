/** Several workers: a Piscina pool in which each thread takes chunks of the level until none is left. */
import { Piscina } from 'piscina';
import type { Crew, LevelEnd, Range, Stop } from './crew.js';
import type { MachineSource } from './result.js';
import type { Store } from './store.js';
import { emptyTally, type Tally } from './engine.js';
import { cancel, endPool, meeting } from './threads.js';
import { CURSOR, STOP, type LevelReport, type LevelTask, type LoadTask, type MoveTask } from './worker.js';
import { chunkAt, chunkCount } from './chunks.js';
import { mergeTallies } from './crew.js';
import { ValueLog } from './value-log.js';

let searches = 0;

/** How often the main thread looks whether the level must stop, in milliseconds. */
const WATCH = 50;

/** Fewer states are moved faster by one thread. */
const MOVED_ALONE = 100_000;
const MOVED_CHUNK = 8192;

/** A worker died while states were moved: the new store is not whole, the old one is. */
export class WorkerDiedError extends Error {
  override readonly name = 'WorkerDiedError';
}

/** A pool of engines that share the store. */
export class Pool implements Crew {
  private readonly pool: Piscina<LevelTask | LoadTask | MoveTask, LevelReport | boolean | void>;
  private readonly search = ++searches;
  private store!: Store;
  private counted = emptyTally();
  /** Has every thread loaded the model? Until then somebody else may search. */
  ready = false;

  constructor(
    readonly workers: number,
    private readonly source: MachineSource,
    private readonly values: SharedArrayBuffer,
    private readonly selfCheck: boolean,
    private readonly chunk: number,
    heap: number | undefined,
  ) {
    // As many threads as workers, for as long as the search lasts: a thread that is replaced has learned nothing.
    this.pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      resourceLimits: heap === undefined ? {} : { maxOldGenerationSizeMb: heap },
    });
  }

  open(store: Store): void {
    this.store = store;
  }

  /** Lets every thread load the model, with nothing to expand yet. What fails here fails again, and is told, in `expand`. */
  async warmUp(): Promise<void> {
    const all = meeting(this.workers);
    const task = { ...this.task([], 0, new SharedArrayBuffer(8)), meeting: all };
    const thread = () => this.pool.run(task, { name: 'load' }).catch(() => cancel(all));
    await Promise.all(Array.from({ length: this.workers }, thread));
    this.ready = true;
  }

  /** Takes over from another crew, with what it has counted. */
  takeOver(from: Crew): void {
    this.counted = from.tally();
  }

  private task(ranges: readonly Range[], level: number, control: SharedArrayBuffer): LevelTask {
    const { search, source, selfCheck, values, chunk, store } = this;
    return { search, source, selfCheck, values, store: store.handle, ranges, chunk, level, control };
  }

  async expand(ranges: readonly Range[], level: number, stop: Stop): Promise<LevelEnd> {
    const { values, chunk, workers } = this;
    const memory = new SharedArrayBuffer(8);
    const control = new Int32Array(memory);
    const chunks = chunkCount(ranges, chunk);
    const task = this.task(ranges, level, memory);
    let stopped = false;
    const watch = setInterval(() => {
      if (stopped || !stop()) return;
      stopped = true;
      Atomics.store(control, STOP, 1);
    }, WATCH);
    let died: string | undefined;
    const giveUp = (error: unknown): undefined => {
      died ??= error instanceof Error ? error.message : String(error);
      Atomics.store(control, STOP, 1);
      new ValueLog(values).abort();
      return undefined;
    };
    const crew = Array.from({ length: Math.min(workers, chunks) }, () =>
      (this.pool.run(task) as Promise<LevelReport>).catch(giveUp),
    );
    const reports = (await Promise.all(crew)).filter((report) => report !== undefined);
    clearInterval(watch);
    this.counted = mergeTallies([this.counted, ...reports.map(({ tally }) => tally)]);
    if (died !== undefined) return { end: 'died', rest: [], detail: `a worker died: ${died}` };
    const rest = reports.flatMap((report) => report.rest);
    for (let i = Atomics.load(control, CURSOR); i < chunks; i++) rest.push(chunkAt(ranges, chunk, i)!);
    if (rest.length === 0) return { end: 'done', rest };
    const ends = reports.map(({ end }) => end);
    return { end: ends.includes('layout') ? 'layout' : ends.includes('full') ? 'full' : 'stopped', rest };
  }

  async move(from: Store, to: Store): Promise<boolean> {
    const { length } = from.log;
    if (length < MOVED_ALONE) return from.moveTo(to);
    const control = new SharedArrayBuffer(8);
    const task: MoveTask = { from: from.handle, to: to.handle, length, chunk: MOVED_CHUNK, control };
    const crew = Array.from({ length: this.workers }, () => this.pool.run(task, { name: 'move' }) as Promise<boolean>);
    const moved = await Promise.all(crew).then(
      (parts) => parts.every((done) => done),
      (error: unknown) => {
        throw new WorkerDiedError(error instanceof Error ? error.message : String(error));
      },
    );
    if (moved) to.log.adopt(length);
    return moved;
  }

  tally(): Tally {
    return this.counted;
  }

  async close(): Promise<void> {
    await endPool(this.pool, this.workers);
  }
}
