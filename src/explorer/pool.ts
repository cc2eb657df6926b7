/** Threads that help this one: a Piscina pool in which each takes chunks of the level until none is left. */
import { Piscina } from 'piscina';
import type { MachineSource } from './result.js';
import type { Store } from './store.js';
import type { LevelReport, LevelTask, LoadTask, MoveTask } from './worker.js';
import { Chunks } from './chunks.js';
import { emptyTally, mergeTallies, type Tally } from './tally.js';
import { cancel, endPool, meeting } from './threads.js';
import { ValueLog } from './value-log.js';

let searches = 0;

/** Fewer states are moved faster by one thread. */
const MOVED_ALONE = 100_000;
const MOVED_CHUNK = 8192;

/** A thread died while states were moved: the new store is not whole, the old one is. */
export class WorkerDiedError extends Error {
  override readonly name = 'WorkerDiedError';
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A pool of engines that share the store with this thread's. */
export class Pool {
  private readonly pool: Piscina<LevelTask | LoadTask | MoveTask, LevelReport | boolean | void>;
  private readonly search = ++searches;
  private store!: Store;
  /** Of all finished chunks of all threads. */
  tally: Tally = emptyTally();
  /** Has every thread loaded the model? Until then this thread searches alone. */
  ready = false;
  /** Why a thread can't go on, and with it the search. */
  died: string | undefined;

  constructor(
    private readonly threads: number,
    private readonly source: MachineSource,
    private readonly values: SharedArrayBuffer,
    private readonly selfCheck: boolean,
    heap: number | undefined,
  ) {
    // As many threads for as long as the search lasts: a thread that is replaced has learned nothing.
    this.pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
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
    const all = meeting(this.threads);
    const task = { ...this.task(Chunks.of([], 1), 0), meeting: all };
    const thread = () => this.pool.run(task, { name: 'load' }).catch(() => cancel(all));
    await Promise.all(Array.from({ length: this.threads }, thread));
    this.ready = true;
  }

  private task(chunks: Chunks, level: number): LevelTask {
    const { search, source, selfCheck, values, store } = this;
    return { search, source, selfCheck, values, store: store.handle, chunks: chunks.handle, level };
  }

  /** How many threads take part in these chunks: the first chunk is this thread's. */
  taking(chunks: Chunks): number {
    return Math.min(this.threads, chunks.count - 1);
  }

  /** Expands chunks until none is left. Never rejects: see `died`. */
  async expand(chunks: Chunks, level: number): Promise<LevelReport[]> {
    const task = this.task(chunks, level);
    const thread = () =>
      (this.pool.run(task) as Promise<LevelReport>).catch((error: unknown) => this.giveUp(chunks, error));
    const reports = await Promise.all(Array.from({ length: this.taking(chunks) }, thread));
    if (this.died !== undefined) new ValueLog(this.values).release();
    const whole = reports.filter((report) => report !== undefined);
    this.tally = mergeTallies([this.tally, ...whole.map(({ tally }) => tally)]);
    return whole;
  }

  /** A thread can't go on: nobody else does, and nobody waits for it. */
  giveUp(chunks: Chunks, error: unknown): undefined {
    this.died ??= messageOf(error);
    chunks.stop();
    new ValueLog(this.values).abort();
    return undefined;
  }

  /** Moves all states, together with this thread. False: `to` is too small. @throws WorkerDiedError */
  async move(from: Store, to: Store): Promise<boolean> {
    const { length } = from.log;
    if (length < MOVED_ALONE) return from.moveTo(to);
    const chunks = Chunks.of([[0, length]], MOVED_CHUNK);
    const task: MoveTask = { from: from.handle, to: to.handle, chunks: chunks.handle };
    const others = Array.from({ length: this.threads }, () => this.pool.run(task, { name: 'move' }));
    const own = async (): Promise<boolean> => from.moveChunks(to, chunks);
    const moved = await Promise.all([...others, own()]).then(
      (parts) => parts.every((done) => done === true),
      (error: unknown) => {
        chunks.stop();
        throw new WorkerDiedError(messageOf(error));
      },
    );
    if (moved) to.log.adopt(length);
    return moved;
  }

  async close(): Promise<void> {
    await endPool(this.pool, this.threads);
  }
}
