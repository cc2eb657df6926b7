/** What runs in each thread of the pool: one engine per search, kept between levels so that nothing is learned twice. */
import { build } from '../language/index.js';
import type { MachineSource } from './result.js';
import { Engine } from './engine.js';
import { noEvidence } from './evidence.js';
import { Interner } from './intern.js';
import { loadModel } from './source.js';
import { Store, type StoreHandle } from './store.js';
import { meet, type Meeting } from './threads.js';
import { ValueLog } from './value-log.js';
import { Chunks, expandChunks, type ChunksHandle, type PartEnd } from './chunks.js';
import { emptyTally, type Tally } from './tally.js';

/** One level (or what is left of it), as each worker gets it. */
export interface LevelTask {
  readonly search: number;
  readonly source: MachineSource;
  readonly selfCheck: boolean;
  readonly values: SharedArrayBuffer;
  readonly store: StoreHandle;
  readonly chunks: ChunksHandle;
  readonly level: number;
}

/** Loading the model, which every thread does: no thread may do it twice in another one's place. */
export interface LoadTask extends LevelTask {
  readonly meeting: Meeting;
}

/** What a worker says when the level's chunks are gone, or it can't go on. */
export interface LevelReport extends PartEnd {
  /** Of this task alone. */
  readonly tally: Tally;
}

/** A move of all states to another store: each worker takes chunks of the log. */
export interface MoveTask {
  readonly from: StoreHandle;
  readonly to: StoreHandle;
  readonly chunks: ChunksHandle;
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
  const chunks = Chunks.open(task.chunks);
  chunks.begin();
  const end = await expandChunks(engine, chunks, task.level);
  own.store.log.close();
  const { tally } = engine;
  tally.specCalls = engine.knowledge.calls.steps - own.calls;
  own.calls = engine.knowledge.calls.steps;
  tally.seen = engine.knowledge.calls.seen;
  engine.knowledge.calls.seen = noEvidence();
  engine.checks.antecedent.forEach((seen, property) => seen && tally.antecedent.add(property));
  return { ...end, tally };
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
export function move({ from, to, chunks }: MoveTask): boolean {
  const source = Store.open(from, undefined);
  return source.moveChunks(Store.open(to, source.layout), Chunks.open(chunks));
}

async function open({ source, values, selfCheck }: LevelTask): Promise<Engine> {
  const machine = build(await loadModel(source), source);
  return new Engine(machine, new Interner(machine, new ValueLog(values)), selfCheck);
}
