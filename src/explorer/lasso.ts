/**
 * The counterexample to "leads to": the shortest way from an initial state by way of a trigger to a fair set of pending
 * states, then a loop in that set that does all that fairness asks for. Like other traces it never depends on codes or
 * slots: of ways of one length it takes the one that keeps its actor, else the least by (process, step, printed outcome).
 */
import type { Clock } from './clock.js';
import type { FairLoops } from './fair-loops.js';
import type { Fairness } from './fairness.js';
import type { Graph } from './graph.js';
import type { LearnedOutcome } from './learned.js';
import type { Pending } from './pending.js';
import type { Predicate } from './predicate.js';
import { shortestTrace } from './trace.js';
import { Ways, type Onward } from './way.js';

/** A path that ends with a loop, or where it may stay for ever. */
export interface Lasso {
  readonly initial: readonly unknown[];
  readonly outcomes: readonly LearnedOutcome[];
  /** Transitions before the trigger. */
  readonly asked: number;
  /** Transitions before the loop. All: it stays where it is. */
  readonly loop: number;
}

/** An instance that has fair sets of pending states. */
export class Violation {
  /** How far away the nearest fair set is, in transitions. */
  readonly distance: number;
  private readonly ways: Ways;

  constructor(
    private readonly graph: Graph,
    private readonly trigger: Predicate,
    private readonly pending: Pending,
    private readonly loops: FairLoops,
    private readonly fairness: Fairness,
    clock: Clock,
  ) {
    this.ways = new Ways(graph, pending, loops, clock);
    this.distance = this.levelOf(loops.fair.indexOf(1));
  }

  /** The counterexample: a path to where nobody has to do anything, unless one with a loop is shorter. @throws GivenUp */
  async lasso(): Promise<Lasso> {
    const rest = await this.nearestRest();
    if (rest === this.distance) return (await this.wayTo(rest, this.isRest)).lasso;
    const { lasso, place } = await this.wayTo(this.distance, (fair) => this.loops.fair[fair] === 1);
    const { lead, loop } = await this.shortLoop(place, lasso.outcomes.at(-1)?.process);
    const outcomes = [...lasso.outcomes, ...[...lead, ...loop].map(({ outcome }) => outcome)];
    if (rest !== undefined && rest <= outcomes.length) return (await this.wayTo(rest, this.isRest)).lasso;
    return { ...lasso, outcomes, loop: lasso.outcomes.length + lead.length };
  }

  /**
   * A loop from a state; or if that gives fewer steps in all, some first steps of that loop and a loop from there. (Where
   * a handler is in flight a loop must end it and begin it again.)
   */
  private async shortLoop(start: number, before: number | undefined): Promise<{ lead: Onward[]; loop: Onward[] }> {
    const first = await this.loopFrom(start, before);
    let best: { lead: Onward[]; loop: Onward[] } = { lead: [], loop: first };
    for (let n = 1; n + 1 < best.lead.length + best.loop.length; n++) {
      const { to, outcome } = first[n - 1];
      const loop = await this.loopFrom(to, outcome.process);
      if (n + loop.length < best.lead.length + best.loop.length) best = { lead: first.slice(0, n), loop };
    }
    return best;
  }

  private readonly isRest = (place: number): boolean =>
    this.loops.fair[place] === 1 && this.fairness.enabled(this.ways.state(place), 0, () => false);

  /** How far away the nearest state is in which nobody has to do anything. */
  private async nearestRest(): Promise<number | undefined> {
    for (let place = 0; place < this.pending.slots.length; place++) {
      await this.ways.turn();
      if (this.isRest(place)) return this.levelOf(place);
    }
    return undefined;
  }

  /** The shortest way to a pending state of a level, and its end. */
  private async wayTo(level: number, is: (place: number) => boolean): Promise<{ lasso: Lasso; place: number }> {
    const { pending, graph, ways } = this;
    const marked = await this.towards(level, is);
    const { asked, path } = await this.entry(level, marked);
    let place = pending.place(graph.slotOf(path.last, 0));
    let actor = path.outcomes.at(-1)?.process;
    const outcomes = [...path.outcomes];
    for (let next = asked + 1; next <= level; next++) {
      const options = ways.onward(place).filter(({ to }) => marked[to] === 1 && this.levelOf(to) === next);
      const best = ways.best(options, actor);
      outcomes.push(best.outcome);
      actor = best.outcome.process;
      place = best.to;
    }
    return { lasso: { initial: path.initial, outcomes, asked, loop: outcomes.length }, place };
  }

  private levelOf(place: number): number {
    const { levels } = this.pending;
    let [low, high] = [0, levels.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (levels[middle] <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Marks the pending states on a shortest way to such a state of a level. */
  private async towards(last: number, is: (place: number) => boolean): Promise<Uint8Array> {
    const { levels, slots } = this.pending;
    const marked = new Uint8Array(slots.length);
    for (let place = levels[last]; place < levels[last + 1]; place++) if (is(place)) marked[place] = 1;
    for (let level = last - 1; level >= 0; level--) {
      const leads = (to: number): boolean => to >= levels[level + 1] && to < levels[level + 2] && marked[to] === 1;
      for (let place = levels[level]; place < levels[level + 1]; place++) {
        await this.ways.turn();
        if (this.ways.leads(place, leads)) marked[place] = 1;
      }
    }
    return marked;
  }

  /** The trigger that the way passes, the earliest if there are several, and the path to it. */
  private async entry(last: number, marked: Uint8Array) {
    const { graph, pending } = this;
    for (let asked = 0; asked <= last; asked++) {
      const is = (words: Int32Array, at: number): boolean => {
        const place = pending.place(graph.slotOf(words, at));
        return place >= 0 && marked[place] === 1 && this.levelOf(place) === asked && this.trigger(words, at);
      };
      const [from, to] = [graph.levels[asked], graph.levels[asked + 1] ?? graph.store.log.length];
      const none = await graph.states(from, to, (words, at) => !is(words, at));
      if (!none) return { asked, path: await shortestTrace(graph, { kind: 'state', level: asked, is }) };
    }
    throw new Error('no trigger leads to a fair set of states: the search is wrong');
  }

  /** A loop from a state back to it, in its fair set, that leaves nothing owed. */
  private async loopFrom(start: number, before: number | undefined): Promise<Onward[]> {
    const { ways, fairness } = this;
    const loop: Onward[] = [];
    for (;;) {
      const [here, actor] = [loop.at(-1)?.to ?? start, loop.at(-1)?.outcome.process ?? before];
      const back = await ways.shortest(here, actor, { state: (place) => place === start });
      const owed = this.owed(start, [...loop, ...back]);
      if (owed.size === 0) return [...loop, ...back];
      const weak = [...owed].filter((number) => !fairness.obligations[number].strong);
      const pays = await ways.shortest(here, actor, {
        state: (place) => {
          const enabled = this.owedAt(place);
          return weak.some((number) => !enabled.has(number));
        },
        outcome: ({ process, action }) => owed.has(fairness.numberOf(process, action)),
      });
      loop.push(...pays);
    }
  }

  /** What a loop still owes to fairness. */
  private owed(start: number, loop: readonly Onward[]): Set<number> {
    const { obligations } = this.fairness;
    const places = [...new Set([start, ...loop.map(({ to }) => to)])].map((place) => this.owedAt(place));
    const taken = new Set(loop.map(({ outcome: { process, action } }) => this.fairness.numberOf(process, action)));
    const open = (number: number): boolean =>
      !taken.has(number) && (obligations[number].strong || places.every((enabled) => enabled.has(number)));
    return new Set(places.flatMap((enabled) => [...enabled].filter(open)));
  }

  /** The obligations of the steps that a state enables. */
  private owedAt(place: number): Set<number> {
    const found = new Set<number>();
    this.fairness.enabled(this.ways.state(place), 0, (number) => void found.add(number));
    return found;
  }
}
