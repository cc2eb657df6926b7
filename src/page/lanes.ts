/** The drawing of a trace: who has a lane, and which handlers and locks span which rows of it. */
import type { PageStep, PageTrace } from '../report/page-trace.js';

/** One actor. */
export interface Lane {
  readonly process: string;
  /** Always-on rules: it runs no handlers. */
  readonly hardware: boolean;
  /** How many locks it holds at once, at most. */
  readonly slots: number;
}

/** Which piece of a span a row shows. */
export type Part = 'start' | 'inside' | 'end' | 'whole';

/** What one lane shows in one row. */
export interface Cell {
  /** This actor takes the step. */
  readonly acts: boolean;
  /** The handler that it runs. */
  readonly handler: Part | null;
  readonly locks: readonly { readonly lock: number; readonly slot: number; readonly part: Part }[];
}

/** The lanes, and the cells of each step in the order of the lanes. */
export interface Drawing {
  readonly lanes: readonly Lane[];
  readonly rows: readonly (readonly Cell[])[];
  /** Locks in the order of their first taking: a lock's letter says which it is. */
  readonly locks: readonly number[];
}

/** Draws a trace. Who never takes a step has no lane. */
export function draw(trace: PageTrace): Drawing {
  const frames = new Set(trace.variables.flatMap(({ name, kind }) => (kind === 'frame' ? [name] : [])));
  const acting = new Set(trace.steps.map(({ process }) => process));
  if (trace.faulting) acting.add(trace.faulting.process);
  const order = [...frames, ...[...acting].filter((process) => !frames.has(process))];
  const tracks = order.filter((process) => acting.has(process)).map((process) => new Track(process, trace));
  const locks = new Set(trace.held.map(({ lock }) => lock));
  const rows = trace.steps.map((step) => {
    for (const lock of step.takes) locks.add(lock);
    return tracks.map((track) => track.row(step));
  });
  return {
    lanes: tracks.map(({ process, slots }) => ({ process, slots, hardware: !frames.has(process) })),
    rows,
    locks: [...locks],
  };
}

/** The sign of a lock in the drawing: A to Z, then A2 and so on. */
export function lockLetter(locks: readonly number[], lock: number): string {
  const i = locks.indexOf(lock);
  return String.fromCharCode(65 + (i % 26)) + (i < 26 ? '' : String(Math.floor(i / 26) + 1));
}

/** One lane while its rows are drawn from top to bottom. */
class Track {
  slots = 0;
  private running: boolean;
  private readonly held: (number | undefined)[] = [];

  constructor(
    readonly process: string,
    { variables, initial, held }: PageTrace,
  ) {
    const frame = variables.findIndex(({ name, kind }) => kind === 'frame' && name === process);
    this.running = frame >= 0 && initial[frame] !== 'idle';
    for (const { process: holder, lock } of held) if (holder === process) this.take(lock);
  }

  row(step: PageStep): Cell {
    const acts = step.process === this.process;
    const before = this.running;
    if (acts) this.running = step.next !== '' && step.next !== 'idle';
    const taken = acts ? step.takes : [];
    const freed = step.frees.flatMap(({ process, lock }) => (process === this.process ? [lock] : []));
    for (const lock of taken) this.take(lock);
    const locks = this.bars(taken, freed);
    for (const lock of freed) this.free(lock);
    if (!acts) return { acts, handler: this.running ? 'inside' : null, locks };
    return { acts, handler: step.next === '' ? null : part(!before, !this.running), locks };
  }

  private bars(taken: readonly number[], freed: readonly number[]): Cell['locks'] {
    return this.held.flatMap((lock, slot) =>
      lock === undefined ? [] : [{ lock, slot, part: part(taken.includes(lock), freed.includes(lock)) }],
    );
  }

  private take(lock: number): void {
    const slot = this.held.indexOf(undefined);
    this.held[slot < 0 ? this.held.length : slot] = lock;
    this.slots = Math.max(this.slots, this.held.length);
  }

  private free(lock: number): void {
    const slot = this.held.indexOf(lock);
    if (slot >= 0) this.held[slot] = undefined;
  }
}

const part = (begins: boolean, ends: boolean): Part =>
  begins && ends ? 'whole' : begins ? 'start' : ends ? 'end' : 'inside';
