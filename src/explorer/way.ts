/** Shortest ways inside a fair set of pending states, the same for any order of discovery. */
import type { Clock } from './clock.js';
import { isEnabled } from './fairness.js';
import type { FairLoops } from './fair-loops.js';
import type { Graph } from './graph.js';
import type { LearnedOutcome } from './learned.js';
import type { Pending } from './pending.js';
import { Int32List } from './int32-list.js';
import { compareOutcomes } from './trace.js';

/** It had to be given up: a limit was reached. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/** A transition to a pending state. */
export interface Onward {
  readonly outcome: LearnedOutcome;
  readonly to: number;
}

/** How a way may end: in a state, or with a transition. */
export interface Ends {
  state(place: number): boolean;
  outcome?(outcome: LearnedOutcome): boolean;
}

const everybody = (): boolean => true;

export class Ways {
  private readonly words: Int32Array;
  private readonly next = new Int32Array(4096);

  constructor(
    private readonly graph: Graph,
    private readonly pending: Pending,
    private readonly loops: FairLoops,
    private readonly clock: Clock,
  ) {
    this.words = new Int32Array(graph.words);
  }

  /** Lets timers in now and then. @throws GivenUp */
  async turn(): Promise<void> {
    if (this.clock.due() && (await this.clock.rest())) throw new GivenUp();
  }

  /** The packed state of a place, until the next one is read. */
  state(place: number): Int32Array {
    this.graph.store.set.read(this.pending.slots, place, 1, this.words);
    return this.words;
  }

  /** Visits the places that a state's changing outcomes lead to, until `visit` says true: then true. */
  leads(place: number, visit: (to: number) => boolean | void): boolean {
    const count = this.graph.successorSlots(this.state(place), 0, everybody, this.next);
    for (let i = 0; i < count; i++) {
      const to = this.pending.place(this.next[i]);
      if (to >= 0 && visit(to) === true) return true;
    }
    return false;
  }

  /** All transitions to pending states, but those of steps that only wait. */
  onward(place: number): Onward[] {
    const { graph, pending } = this;
    const words = this.state(place);
    const all: Onward[] = [];
    for (const { learned } of graph.engine.learnedAt(words, 0)) {
      if (!isEnabled(learned)) continue;
      for (const outcome of learned.outcomes)
        all.push({ outcome, to: pending.place(graph.slotOf(graph.after(outcome, words, 0), 0)) });
    }
    return all.filter(({ to }) => to >= 0);
  }

  /** The transition that keeps the actor, or else the least. */
  best(options: readonly Onward[], actor: number | undefined): Onward {
    const rank = ({ outcome }: Onward): number => (actor === undefined || outcome.process === actor ? 0 : 1);
    return options.reduce((a, b) =>
      (rank(a) - rank(b) || compareOutcomes(this.graph, a.outcome, b.outcome)) <= 0 ? a : b,
    );
  }

  /** The shortest way from a state to one of these ends, in its fair set. There must be one. @throws GivenUp */
  async shortest(from: number, actor: number | undefined, ends: Ends): Promise<Onward[]> {
    if (ends.state(from)) return [];
    const distances = new Int32Array(this.pending.slots.length).fill(-1);
    const { order, starts } = await this.spread(from, ends, distances);
    const length = starts.length - 1;
    const marked = new Uint8Array(distances.length);
    const leadsOn =
      (distance: number) =>
      ({ outcome, to }: Onward): boolean =>
        (distances[to] === distance + 1 && marked[to] === 1) ||
        (distance === length - 1 && this.loops.together(to, from) && ends.outcome?.(outcome) === true);
    for (let i = starts[length]; i < order.length; i++) if (ends.state(order.data[i])) marked[order.data[i]] = 1;
    for (let i = starts[length] - 1; i >= 0; i--) {
      await this.turn();
      const place = order.data[i];
      if (this.onward(place).some(leadsOn(distances[place]))) marked[place] = 1;
    }
    const way: Onward[] = [];
    for (let at = from; way.length < length; at = way[way.length - 1].to) {
      const options = this.onward(at).filter(leadsOn(way.length));
      way.push(this.best(options, way.at(-1)?.outcome.process ?? actor));
    }
    return way;
  }

  /** All states as far away as the nearest end: their distances, and where each distance starts in their order. */
  private async spread(from: number, ends: Ends, distances: Int32Array) {
    const order = new Int32List();
    const starts = [0];
    distances[from] = 0;
    order.push(from);
    for (let distance = 0; ; distance++) {
      const end = order.length;
      if (starts[distance] === end) throw new Error('a fair set of states is not connected: the search is wrong');
      let ended = false;
      for (let i = starts[distance]; i < end; i++) {
        await this.turn();
        const place = order.data[i];
        const inside = (to: number): boolean => this.loops.together(to, from);
        ended ||= this.onward(place).some(({ outcome, to }) => inside(to) && ends.outcome?.(outcome) === true);
        this.leads(place, (to) => {
          if (distances[to] >= 0 || !inside(to)) return;
          distances[to] = distance + 1;
          order.push(to);
        });
      }
      starts.push(end);
      for (let i = end; i < order.length && !ended; i++) ended = ends.state(order.data[i]);
      if (ended) return { order, starts };
    }
  }
}
