/**
 * Shortest traces, the same for any number of workers and any interning order: among all shortest, the one with the fewest
 * changes of actor, then the least by (process, step, printed outcome). Never compares codes, slots or packed words.
 */
import { keyOf, type Machine } from '../language/index.js';
import type { Graph } from './graph.js';
import type { Interner } from './intern.js';
import type { LearnedOutcome } from './learned.js';
import type { TraceStep } from './result.js';
import { execute } from './execute.js';

/** Where a trace ends: in a state of a level, or with a transition into it. */
export type Target =
  | { readonly kind: 'state'; readonly level: number; readonly is: (words: Int32Array, at: number) => boolean }
  | {
      readonly kind: 'transition';
      /** Of the state after it. */
      readonly level: number;
      readonly is: (outcome: LearnedOutcome, words: Int32Array, at: number) => boolean;
    };

/** A path, with its last state packed (before the last transition, for transition targets). */
export interface Path {
  readonly initial: readonly unknown[];
  readonly steps: readonly TraceStep[];
  readonly outcomes: readonly LearnedOutcome[];
  readonly last: Int32Array;
  /** The state before the last step. */
  readonly beforeLast: Int32Array;
}

/** Marked states of one level: sorted slots, and per actor of the next step the fewest changes of actor to the target. */
interface Marked {
  readonly slots: Int32Array;
  readonly cost: Uint16Array;
}

const FAR = 0xffff;

/** Finds the shortest trace to a target that is known to exist. @throws ReplayError if the spec does not do as learned */
export async function shortestTrace(graph: Graph, target: Target): Promise<Path> {
  return new Tracer(graph, target).path();
}

class Tracer {
  private readonly processes: number;
  private readonly marks: Marked[] = [];
  private readonly steps: number;

  constructor(
    private readonly graph: Graph,
    private readonly target: Target,
  ) {
    this.processes = graph.machine.processes.length;
    this.steps = target.level;
  }

  async path(): Promise<Path> {
    const last = this.target.kind === 'state' ? this.steps : this.steps - 1;
    for (let level = last; level >= 0; level--) {
      const marked = level === last ? await this.targets(level) : await this.before(level);
      if (marked.slots.length === 0)
        throw new ReplayError(
          `what was found after ${this.steps} steps is not found again: a function of the model answers one thread so, and another otherwise`,
        );
      this.marks[level] = marked;
    }
    return this.forward();
  }

  private range(level: number): readonly [number, number] {
    const { levels, store } = this.graph;
    return [levels[level], levels[level + 1] ?? store.log.length];
  }

  private async targets(level: number): Promise<Marked> {
    const { target } = this;
    return this.mark(level, (words, at, cost) => {
      if (target.kind === 'state') {
        if (!target.is(words, at)) return false;
        cost.fill(0);
        return true;
      }
      let any = false;
      for (const { process, learned } of this.graph.engine.learnedAt(words, at)) {
        if (!learned.outcomes.some((outcome) => target.is(outcome, words, at))) continue;
        cost[process] = 0;
        any = true;
      }
      return any;
    });
  }

  private async before(level: number): Promise<Marked> {
    const after = this.marks[level + 1];
    const slots = new Int32Array(4096);
    const everybody = (): boolean => true;
    return this.mark(level, (words, at, cost) => {
      const count = this.graph.successorSlots(words, at, everybody, slots);
      let any = false;
      for (let i = 0; i < count && !any; i++) any = position(after.slots, slots[i]) >= 0;
      if (!any) return false;
      for (const { outcome, mark } of this.onward(level, words, at)) {
        cost[outcome.process] = Math.min(cost[outcome.process], this.rest(level + 1, mark, outcome.process));
      }
      return true;
    });
  }

  private async mark(
    level: number,
    visit: (words: Int32Array, at: number, cost: Uint16Array) => boolean,
  ): Promise<Marked> {
    const found: { slot: number; cost: Uint16Array }[] = [];
    const [from, to] = this.range(level);
    await this.graph.states(from, to, (words, at, slot) => {
      const cost = new Uint16Array(this.processes).fill(FAR);
      if (visit(words, at, cost)) found.push({ slot, cost });
    });
    found.sort((a, b) => a.slot - b.slot);
    const cost = new Uint16Array(found.length * this.processes);
    found.forEach((own, i) => cost.set(own.cost, i * this.processes));
    return { slots: Int32Array.from(found, ({ slot }) => slot), cost };
  }

  /** Transitions of a marked state into the next level's marked states (or that are targets). */
  private onward(
    level: number,
    words: Int32Array,
    at: number,
  ): { outcome: LearnedOutcome; mark: number; words: Int32Array }[] {
    const { graph, target } = this;
    const isLast = level + 1 === this.steps;
    const all: { outcome: LearnedOutcome; mark: number; words: Int32Array }[] = [];
    for (const { learned } of graph.engine.learnedAt(words, at)) {
      for (const outcome of learned.outcomes) {
        const after = graph.after(outcome, words, at);
        if (isLast && target.kind === 'transition') {
          if (target.is(outcome, words, at)) all.push({ outcome, mark: -1, words: after });
          continue;
        }
        const mark = position(this.marks[level + 1].slots, graph.slotOf(after, 0));
        if (mark >= 0) all.push({ outcome, mark, words: after });
      }
    }
    return all;
  }

  /** Fewest changes of actor from a marked state on, if `actor` took the step into it. */
  private rest(level: number, mark: number, actor: number): number {
    if (mark < 0 || (level === this.steps && this.target.kind === 'state')) return 0;
    const { cost } = this.marks[level];
    let best = FAR;
    for (let p = 0; p < this.processes; p++) {
      const own = cost[mark * this.processes + p];
      if (own !== FAR) best = Math.min(best, own + (p === actor ? 0 : 1));
    }
    return best;
  }

  private async forward(): Promise<Path> {
    const { graph } = this;
    const { engine } = graph;
    let { words, actor } = await this.start();
    let beforeLast = words;
    const initial = engine.values(words, 0);
    const outcomes: LearnedOutcome[] = [];
    for (let level = 0; level < this.steps; level++) {
      const options = this.onward(level, words, 0).map((option) => ({
        ...option,
        cost:
          this.rest(level + 1, option.mark, option.outcome.process) +
          (actor < 0 || option.outcome.process === actor ? 0 : 1),
      }));
      const best = options.reduce((a, b) =>
        a.cost < b.cost || (a.cost === b.cost && compareOutcomes(graph, a.outcome, b.outcome) <= 0) ? a : b,
      );
      outcomes.push(best.outcome);
      beforeLast = words;
      words = best.words;
      actor = best.outcome.process;
    }
    return { initial, outcomes, last: words, beforeLast, steps: replayed(graph, initial, outcomes) };
  }

  /** The best initial state: fewest changes of actor, then the least as printed. */
  private async start(): Promise<{ words: Int32Array; actor: number }> {
    const { graph } = this;
    const candidates: { words: Int32Array; cost: number; printed: string }[] = [];
    const [from, to] = this.range(0);
    await graph.states(from, to, (words, at, slot) => {
      const mark = position(this.marks[0].slots, slot);
      if (mark < 0) return;
      const own = words.slice(at, at + graph.words);
      const printed = graph.engine.values(own, 0).map((value, v) => keyOf(graph.machine.variables[v].sort, value));
      const costs = this.marks[0].cost.subarray(mark * this.processes, (mark + 1) * this.processes);
      candidates.push({ words: own, cost: Math.min(...costs), printed: printed.join() });
    });
    candidates.sort((a, b) => a.cost - b.cost || (a.printed < b.printed ? -1 : 1));
    return { words: candidates[0].words, actor: -1 };
  }
}

/** Orders outcomes by process, step and what they print, never by codes. */
export function compareOutcomes({ machine: { processes } }: Graph, a: LearnedOutcome, b: LearnedOutcome): number {
  return (
    order(processes[a.process].name, processes[b.process].name) ||
    order(a.action.id, b.action.id) ||
    order(a.order, b.order)
  );
}

/** Runs a path against the spec itself, without learned tables. @throws ReplayError where the spec does not do as learned */
export function replayed(
  { machine, engine }: { readonly machine: Machine; readonly engine: { readonly interner: Interner } },
  initial: readonly unknown[],
  outcomes: readonly LearnedOutcome[],
): TraceStep[] {
  let state = initial;
  return outcomes.map((learned, i) => {
    const process = machine.processes[learned.process].name;
    const changes = new Map(learned.changes.map(({ variable, to }) => [variable, engine.interner.value(variable, to)]));
    const wanted = state
      .map((value, v) => keyOf(machine.variables[v].sort, changes.has(v) ? changes.get(v) : value))
      .join('\n');
    const same = execute(machine, state).offers.find(
      (offer) =>
        offer.process === process &&
        offer.action === learned.action.id &&
        offer.outcome.label === learned.label &&
        offer.state.map((value, v) => keyOf(machine.variables[v].sort, value)).join('\n') === wanted,
    );
    if (!same) {
      throw new ReplayError(
        `step ${i + 1} (${process}: ${learned.action.id}) was learned but can't be replayed: the step is not a pure function of what it reads`,
      );
    }
    state = same.state;
    return { process, action: learned.action.id, label: learned.label, emits: learned.emits, state };
  });
}

/** A learned path is not a path of the spec. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The place of a slot in a sorted list, or -1. */
function position(sorted: Int32Array, slot: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] === slot) return middle;
    if (sorted[middle] < slot) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
