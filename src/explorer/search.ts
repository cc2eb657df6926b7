/** Level-synchronous breadth-first search: the driver. */
import type { Machine } from '../language/index.js';
import type { Incomplete, Progress, SearchOptions, SearchResult } from './result.js';
import { Engine } from './engine.js';
import { Interner } from './intern.js';
import { Layout, bitsFor } from './layout.js';
import type { Range } from './chunks.js';
import { Crew } from './crew.js';
import { setBytes } from './state-set.js';
import { Pool, WorkerDiedError } from './pool.js';
import { Store } from './store.js';
import { anyLockFinding, lockEdges } from './lock-order.js';
import { ValueLog } from './value-log.js';
import { takeCensus } from './census.js';
import { conclude } from './conclude.js';
import { Graph } from './graph.js';

/** States per chunk. */
const CHUNK = 512;

/** States found before a pool is started. */
const PREFIX = 20_000;

/** The part of a set's room from which on it is nearly full. */
const NEARLY = 0.75;

/** Why a search had to stop before its end. */
interface Halt {
  readonly why: Incomplete;
  readonly detail: string;
}

/**
 * Explores every state that the machine can reach, and decides its properties.
 * @throws whatever can't be a finding of the model: no memory for the first states, a broken worker file
 */
export async function search(machine: Machine, options: SearchOptions = {}): Promise<SearchResult> {
  const run = new Search(machine, options);
  try {
    return await run.result();
  } finally {
    await run.close();
  }
}

class Search {
  private readonly started = performance.now();
  private readonly startRss = process.memoryUsage.rss();
  private peakRss = 0;
  private readonly workers: number;
  /** With several workers: how a code means the same to all. */
  private readonly values: SharedArrayBuffer | undefined;
  private readonly interner: Interner;
  private readonly engine: Engine;
  private readonly crew: Crew;
  private pool: Pool | undefined;
  private store: Store;
  /** Where each level starts in the log; the last entry is the end of the last whole level. */
  private readonly levels: number[] = [0];
  private halt: Halt | undefined;
  private phase: Progress['phase'] = 'search';
  private lastProgress = 0;

  constructor(
    private readonly machine: Machine,
    private readonly options: SearchOptions,
  ) {
    this.workers = options.workers ?? 1;
    if (this.workers > 1 && !options.source) throw new Error('several workers need the source of the model');
    this.values = this.workers > 1 ? ValueLog.memory() : undefined;
    this.interner = new Interner(machine, this.values && new ValueLog(this.values));
    this.engine = new Engine(machine, this.interner, options.selfCheck ?? false);
    this.crew = new Crew(this.engine, options.chunk ?? CHUNK, options.prefix !== undefined);
    const initial = machine.initialStates.map((state) =>
      state.map((value, variable) => this.interner.code(variable, value)),
    );
    const tight = options.tightWidths ?? false;
    const layout = new Layout(
      machine.variables.map((_, v) => bitsFor(Math.max(this.interner.count(v), tight ? 1 : 2))),
    );
    this.store = Store.create(layout, false, options.slots);
    this.crew.open(this.store);
    this.insertInitial(initial);
  }

  private insertInitial(states: readonly (readonly number[])[]): void {
    const { words } = this.store.layout;
    const packed = new Int32Array(words);
    const slot = new Int32Array(1);
    for (const codes of states) {
      this.store.layout.pack(codes, packed, 0);
      while (!this.store.log.room(1) || this.store.set.insert(packed, 1, slot) < 1) this.growSoon();
      if (slot[0] < 0) continue;
      this.store.log.add(slot[0]);
      this.engine.judgeInitial(packed, 0);
    }
    this.store.log.close();
    this.store.log.compact(0);
    this.levels.push(this.store.log.length);
  }

  /** Makes room for more initial states. */
  private growSoon(): void {
    const { log, layout } = this.store;
    log.close();
    log.compact(0);
    let larger = Store.create(layout, false, this.store.grown(layout));
    while (!this.store.moveTo(larger)) larger = Store.create(layout, false, larger.grown(layout));
    this.store = larger;
    this.crew.open(larger);
  }

  async result(): Promise<SearchResult> {
    await this.explore();
    const { machine, engine, store, levels } = this;
    const tally = this.crew.tally();
    this.phase = 'wedges';
    const graph = new Graph(machine, engine, store, levels, this.halt === undefined, () => this.pause());
    const properties = await conclude(machine, graph, tally, this.halt, (phase) => (this.phase = phase));
    this.phase = 'counting';
    const interrupted = (): boolean => this.options.signal?.aborted === true;
    const census = this.options.census ? await takeCensus(graph, interrupted) : undefined;
    this.peak();
    const states = store.log.length;
    return {
      machine,
      ...properties,
      incomplete: this.halt,
      states,
      transitions: tally.transitions,
      depth: Math.max(0, levels.length - 2),
      deadlocks: tally.deadlocks,
      seconds: (performance.now() - this.started) / 1000,
      workers: this.workers,
      specCalls: tally.specCalls,
      bytesPerState: Math.max(0, this.peakRss - this.startRss) / states,
      locks: lockEdges(machine, tally.seen),
      seen: tally.seen,
      ...(census && { census }),
      codes: Object.fromEntries(machine.variables.map(({ name }, variable) => [name, this.interner.count(variable)])),
    };
  }

  /** Lets timers and signals in during long phases after the search; true: a limit was reached meanwhile. */
  private async pause(): Promise<boolean> {
    await new Promise(setImmediate);
    this.report();
    if (this.phase === 'wedges') this.halt ??= this.stopRequested();
    return this.halt !== undefined;
  }

  private async explore(): Promise<void> {
    const { options, levels } = this;
    for (;;) {
      const level = levels.length - 2;
      const [from, to] = [levels[level], levels[level + 1]];
      if (from === to) {
        levels.pop();
        return;
      }
      if (options.stopAtFirst && this.anyViolation()) {
        return this.stop('stopped-at-first', `stopped after level ${level}, the first with a violation`);
      }
      if (level >= (options.maxDepth ?? Infinity))
        return this.stop('max-depth', `the limit of ${options.maxDepth} levels was reached`);
      if (!(await this.level([[from, to]], level))) return;
      levels.push(this.store.log.length);
    }
  }

  /**
   * Starts the pool when there is enough to do, and lets its threads join once they have loaded the model. Until then
   * this thread searches alone, and seeds codes and widths. With a `prefix` given (tests) it waits for the threads.
   */
  private async recruit(frontier: number): Promise<void> {
    const { source, prefix = PREFIX, selfCheck = false, chunk = CHUNK, workerHeap } = this.options;
    if (!this.values || this.crew.shared) return;
    if (!this.pool) {
      if (this.store.log.length < prefix || frontier < Math.min(prefix, 2 * chunk)) return;
      this.pool = new Pool(this.workers - 1, source!, this.values, selfCheck, workerHeap);
      this.pool.open(this.store);
      const warm = this.pool.warmUp();
      if (this.options.prefix !== undefined) await warm;
    }
    if (!this.pool.ready) return;
    this.store = this.store.shared();
    this.crew.join(this.pool);
    this.crew.open(this.store);
  }

  private anyViolation(): boolean {
    const { first, faults, seen } = this.crew.tally();
    const { machine } = this;
    return (
      faults.size > 0 ||
      [...first.keys()].some((property) => machine.properties[property].kind !== 'reachable') ||
      anyLockFinding(machine, seen)
    );
  }

  private stop(why: Incomplete, detail: string): void {
    this.halt = { why, detail };
  }

  /** Expands one level, growing as often as need be. False: the search is over. */
  private async level(ranges: readonly Range[], level: number): Promise<boolean> {
    let rest = ranges;
    for (;;) {
      await this.recruit(rest.reduce((sum, [from, to]) => sum + to - from, 0));
      const report = (): boolean => {
        this.report(rest[0]?.[1] ?? 0);
        this.halt ??= this.stopRequested();
        return this.halt !== undefined;
      };
      const othersCome = (): boolean => !this.crew.shared && this.pool?.ready === true;
      const end = await this.crew.expand(rest, level, () => report() || othersCome());
      this.store.log.close();
      this.store.log.compact(this.levels[this.levels.length - 1]);
      if (end.end === 'done') return !report();
      if (end.end === 'stopped' && this.halt) return false;
      if (end.end === 'died') {
        this.stop('worker-died', end.detail ?? 'a worker died');
        return false;
      }
      rest = end.rest;
      if (end.end !== 'stopped' && !(await this.grow(end.end))) return false;
    }
  }

  private async grow(why: 'full' | 'layout'): Promise<boolean> {
    this.phase = 'growing';
    try {
      this.interner.catchUp();
      if (why === 'full') await this.rebuild(this.store.layout);
      else await this.widen();
    } catch (error) {
      if (error instanceof WorkerDiedError) {
        this.stop('worker-died', `a worker died: ${error.message}`);
        return false;
      }
      if (!(error instanceof RangeError)) throw error;
      this.stop('max-memory', `the visited set could not grow: ${error.message}`);
      return false;
    } finally {
      this.phase = 'search';
    }
    this.peak();
    return true;
  }

  /** A set that is nearly full anyway grows with the same move, if it can. @throws RangeError if there is no memory for it */
  private async widen(): Promise<void> {
    const { tightWidths = false, maxMemory } = this.options;
    const { set, log } = this.store;
    const layout = this.engine.widened(tightWidths);
    const soon = maxMemory === undefined && log.length > NEARLY * log.limit;
    if (soon && (await this.grows(layout))) return;
    await this.rebuild(layout, set.capacity);
  }

  private async grows(layout: Layout): Promise<boolean> {
    try {
      await this.rebuild(layout);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  /** Moves everything into a new store. @throws RangeError if there is no memory for it */
  private async rebuild(layout: Layout, capacity = this.store.grown(layout)): Promise<void> {
    const { maxMemory } = this.options;
    const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
    for (let slots = capacity; ; slots *= 2) {
      const wanted = process.memoryUsage.rss() + setBytes(layout, slots);
      if (maxMemory !== undefined && slots > this.store.set.capacity && wanted > maxMemory) {
        throw new RangeError(`it would need ${mib(wanted)}, and the limit is ${mib(maxMemory)}`);
      }
      const store = Store.create(layout, this.crew.shared, slots);
      if (!(await this.crew.move(this.store, store))) continue;
      this.store = store;
      this.crew.open(store);
      return;
    }
  }

  private stopRequested(): Halt | undefined {
    const { signal, timeout, maxStates, maxMemory } = this.options;
    const halt = (why: Incomplete, detail: string): Halt => ({ why, detail });
    if (signal?.aborted) return halt('interrupted', 'it was interrupted');
    if (timeout !== undefined && this.seconds > timeout)
      return halt('timeout', `the time limit of ${timeout} s was reached`);
    if (maxStates !== undefined && this.store.log.states >= maxStates)
      return halt('max-states', `the limit of ${maxStates} states was reached`);
    if (maxMemory !== undefined && process.memoryUsage.rss() > maxMemory) {
      return halt('max-memory', `the memory limit of ${Math.round(maxMemory / 2 ** 20)} MiB was reached`);
    }
    return undefined;
  }

  private get seconds(): number {
    return (performance.now() - this.started) / 1000;
  }

  private peak(): void {
    this.peakRss = Math.max(this.peakRss, process.memoryUsage.rss(), process.resourceUsage().maxRSS * 1024);
  }

  private report(end = 0): void {
    const { onProgress } = this.options;
    const now = performance.now();
    if (!onProgress || now - this.lastProgress < 100) return;
    this.lastProgress = now;
    const { log, set } = this.store;
    onProgress({
      level: this.levels.length - 2,
      states: log.states,
      transitions: this.crew.tally().transitions,
      frontier: Math.max(0, end - this.levels[this.levels.length - 2]),
      seconds: this.seconds,
      bytes: process.memoryUsage.rss(),
      full: log.states / set.capacity,
      phase: this.phase,
    });
  }

  async close(): Promise<void> {
    await this.pool?.close();
  }
}
