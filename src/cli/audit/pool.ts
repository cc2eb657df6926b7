/** The threads of an audit: each explores one edited model at a time. */
import { Piscina } from 'piscina';
import { endPool, type MachineSource } from '../../explorer/index.js';
import type { AuditEdit } from '../../audit/edits.js';
import { failure } from '../../audit/outcome.js';
import type { Answer, Explored, Limits, ReferenceFound, Task } from './worker.js';

/** What all tasks of one model have in common. */
export interface Common {
  readonly source: MachineSource;
  readonly limits: Limits;
  readonly file: string;
  readonly cwd: string;
}

export class AuditPool {
  private readonly pool: Piscina;
  private readonly control: Int32Array;
  private readonly free: number[];

  constructor(
    readonly workers: number,
    signal: AbortSignal,
  ) {
    this.control = new Int32Array(new SharedArrayBuffer(4 * (1 + workers)));
    this.free = Array.from({ length: workers }, (_, slot) => slot);
    // As many threads as workers, and never others: what was compiled for one edit serves the next.
    this.pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
    });
    signal.addEventListener('abort', () => Atomics.store(this.control, 0, 1), { once: true });
  }

  /** States found by the searches that are running. */
  states(): number {
    return this.control.slice(1).reduce((sum, states) => sum + states, 0);
  }

  /** Explores the model without edits. @throws Error if the thread died */
  async plain(
    common: Common,
    properties: readonly string[],
    edits: readonly AuditEdit[],
  ): Promise<Answer<ReferenceFound>> {
    return this.run('explorePlain', common, properties, [], { edits });
  }

  /** Explores the model with edits; `whole`: behind the first violation too. A thread that dies is a failure of that edit. */
  async explore(
    common: Common,
    properties: readonly string[],
    edits: readonly string[],
    whole = false,
  ): Promise<Answer<Explored>> {
    try {
      return await this.run<Answer<Explored>>('explore', common, properties, edits, { whole });
    } catch (error) {
      const outcome = failure(error instanceof Error ? error.message : String(error));
      return { interrupted: false, outcome, traces: [], lost: '' };
    }
  }

  private async run<T>(
    name: 'explore' | 'explorePlain',
    { source, ...common }: Common,
    properties: readonly string[],
    edits: readonly string[],
    more: object,
  ): Promise<T> {
    const slot = this.free.pop();
    if (slot === undefined) throw new Error('an audit never has more tasks than threads');
    const task: Task = {
      ...common,
      source: { ...source, properties, edits },
      control: this.control.buffer as SharedArrayBuffer,
      slot,
    };
    try {
      return (await this.pool.run({ ...task, ...more }, { name })) as T;
    } finally {
      Atomics.store(this.control, 1 + slot, 0);
      this.free.push(slot);
    }
  }

  /** Works on all items, as many at a time as there are threads, until `stop`. */
  async all<T>(items: readonly T[], signal: AbortSignal, work: (item: T) => Promise<void>): Promise<void> {
    let next = 0;
    const turn = async (): Promise<void> => {
      while (next < items.length && !signal.aborted) await work(items[next++]);
    };
    await Promise.all(Array.from({ length: this.workers }, turn));
  }

  async close(): Promise<void> {
    // What still runs, because another edit's search broke down, is not waited for longer than need be.
    Atomics.store(this.control, 0, 1);
    await endPool(this.pool, this.workers);
  }
}
