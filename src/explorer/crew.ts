/** Who expands a level: one engine in this thread, or a pool of workers. */
import type { Engine, Tally } from './engine.js';
import { emptyTally } from './engine.js';
import { addEvidence } from './evidence.js';
import type { Store } from './store.js';

/** A range of the log. */
export type Range = readonly [from: number, to: number];

/** How a level (or part of it) ended: done, or what must happen before the rest can go on. */
export interface LevelEnd {
  readonly end: 'done' | 'full' | 'layout' | 'stopped' | 'died';
  /** What is still to be expanded. */
  readonly rest: readonly Range[];
  readonly detail?: string;
}

/** Asked between chunks: true ends the level early. */
export type Stop = () => boolean;

/** Expands levels of the graph. */
export interface Crew {
  readonly workers: number;
  /** Works on this store from now on. */
  open(store: Store): void;
  expand(ranges: readonly Range[], level: number, stop: Stop): Promise<LevelEnd>;
  /** Moves all states to a larger or re-laid-out store. False: that store is too small. */
  move(from: Store, to: Store): Promise<boolean>;
  /** Counters and first findings of all finished chunks. */
  tally(): Tally;
  close(): Promise<void>;
}

/** For how long one thread works before it lets timers and signals in, in milliseconds. */
const TURN = 50;

/** One worker: no pool, no messages. */
export class Solo implements Crew {
  readonly workers = 1;

  constructor(
    private readonly engine: Engine,
    private readonly chunk: number,
  ) {}

  open(store: Store): void {
    this.engine.open(store.layout, store.set, store.log);
  }

  async expand(ranges: readonly Range[], level: number, stop: Stop): Promise<LevelEnd> {
    let turn = performance.now() + TURN;
    for (let r = 0; r < ranges.length; r++) {
      const [from, to] = ranges[r];
      for (let next = from; next < to;) {
        const until = Math.min(next + this.chunk, to);
        const end = this.engine.expand(next, until, level);
        const rest = (start: number): Range[] =>
          [[start, to] as const, ...ranges.slice(r + 1)].filter(([a, b]) => a < b);
        if (end !== 'done') return { end, rest: rest(next) };
        next = until;
        if (performance.now() >= turn) {
          await new Promise(setImmediate);
          if (stop()) return { end: 'stopped', rest: rest(next) };
          turn = performance.now() + TURN;
        }
      }
    }
    return { end: 'done', rest: [] };
  }

  async move(from: Store, to: Store): Promise<boolean> {
    return from.moveTo(to);
  }

  tally(): Tally {
    const { tally, checks, knowledge } = this.engine;
    tally.specCalls = knowledge.calls.steps;
    tally.seen = knowledge.calls.seen;
    checks.antecedent.forEach((seen, property) => seen && tally.antecedent.add(property));
    return tally;
  }

  async close(): Promise<void> {}
}

/** Adds one worker's tally to another's. */
export function mergeTallies(tallies: readonly Tally[]): Tally {
  const all = emptyTally();
  for (const tally of tallies) {
    all.transitions += tally.transitions;
    all.deadlocks += tally.deadlocks;
    all.specCalls += tally.specCalls;
    for (const [property, level] of tally.first)
      all.first.set(property, Math.min(level, all.first.get(property) ?? Infinity));
    for (const [id, fault] of tally.faults) {
      const known = all.faults.get(id);
      if (!known || fault.level < known.level) all.faults.set(id, fault);
    }
    for (const property of tally.antecedent) all.antecedent.add(property);
    addEvidence(all.seen, tally.seen);
  }
  return all;
}
