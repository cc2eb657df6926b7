/** What runs in each thread of the pool: one engine per search, kept between levels so that nothing is learned twice. */
import { build } from '../language/index.js';
import type { MachineSource } from './result.js';
import { emptyTally, Engine, type Tally } from './engine.js';
import { noEvidence } from './evidence.js';
import { Interner } from './intern.js';
import { loadModel } from './source.js';
import { Store, type StoreHandle } from './store.js';
import { meet, type Meeting } from './threads.js';
import { ValueLog } from './value-log.js';
import type { LevelEnd, Range } from './crew.js';
import { chunkAt } from './chunks.js';

/** Words of the control memory of a level. */
export const CURSOR = 0;
export const STOP = 1;

/** One level (or what is left of it), as each worker gets it. */
export interface LevelTask {
  readonly search: number;
  readonly source: MachineSource;
  readonly selfCheck: boolean;
  readonly values: SharedArrayBuffer;
  readonly store: StoreHandle;
  readonly ranges: readonly Range[];
  readonly chunk: number;
  readonly level: number;
  readonly control: SharedArrayBuffer;
}

/** Loading the model, which every thread does: no thread may do it twice in another one's place. */
export interface LoadTask extends LevelTask {
  readonly meeting: Meeting;
}

/** What a worker says when the level's chunks are gone, or it can't go on. */
export interface LevelReport {
  readonly end: LevelEnd['end'];
  readonly rest: readonly Range[];
  /** Of this task alone. */
  readonly tally: Tally;
}

/** A move of all states to another store: each worker takes chunks of the log. */
export interface MoveTask {
  readonly from: StoreHandle;
  readonly to: StoreHandle;
  readonly length: number;
  readonly chunk: number;
  readonly control: SharedArrayBuffer;
}

interface Own {
  readonly search: number;
  readonly engine: Engine;
  calls: number;
  store: Store | undefined;
}

let own: Own | undefined;

/** Piscina's entry point. */
export default async function expandLevel(task: LevelTask): Promise<LevelReport> {
  if (own?.search !== task.search) {
    own = { search: task.search, engine: await open(task), calls: 0, store: undefined };
  }
  const { engine } = own;
  if (!own.store || own.store.set.memory !== task.store.set)
    own.store = Store.open(task.store, engine.layout as Store['layout'] | undefined);
  engine.interner.catchUp();
  engine.open(own.store.layout, own.store.set, own.store.log);
  engine.tally = emptyTally();
  const control = new Int32Array(task.control);
  const rest: Range[] = [];
  let end: LevelEnd['end'] = 'done';
  while (Atomics.load(control, STOP) === 0) {
    const range = chunkAt(task.ranges, task.chunk, Atomics.add(control, CURSOR, 1));
    if (!range) break;
    end = engine.expand(range[0], range[1], task.level);
    if (end === 'done') continue;
    rest.push(range);
    Atomics.store(control, STOP, 1);
    break;
  }
  own.store.log.close();
  const { tally } = engine;
  tally.specCalls = engine.knowledge.calls.steps - own.calls;
  own.calls = engine.knowledge.calls.steps;
  tally.seen = engine.knowledge.calls.seen;
  engine.knowledge.calls.seen = noEvidence();
  engine.checks.antecedent.forEach((seen, property) => seen && tally.antecedent.add(property));
  return { end, rest, tally };
}

/** Piscina's entry point for loading. */
export async function load({ meeting, ...task }: LoadTask): Promise<void> {
  try {
    await expandLevel(task);
  } finally {
    meet(meeting);
  }
}

export { meet };

/** Piscina's entry point for moves. False: the new store is too full. */
export function move({ from, to, length, chunk, control: memory }: MoveTask): boolean {
  const control = new Int32Array(memory);
  const source = Store.open(from, undefined);
  const target = Store.open(to, source.layout);
  while (Atomics.load(control, STOP) === 0) {
    const range = chunkAt([[0, length]], chunk, Atomics.add(control, CURSOR, 1));
    if (!range) return true;
    if (source.moveRange(target, range[0], range[1])) continue;
    Atomics.store(control, STOP, 1);
  }
  return false;
}

async function open({ source, values, selfCheck }: LevelTask): Promise<Engine> {
  const machine = build(await loadModel(source), source);
  return new Engine(machine, new Interner(machine, new ValueLog(values)), selfCheck);
}
