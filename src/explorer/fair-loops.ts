/**
 * Where may a run stay for ever without a goal? In sets of pending states that are strongly connected (every state may also
 * be stayed in) and fair: a weakly fair step is taken inside or disabled somewhere inside, a strongly fair step is taken
 * inside or enabled nowhere inside. Tarjan's components; one that is unfair only to strongly fair steps is searched again
 * without the states that enable them.
 */
import { Int32List } from './int32-list.js';
import type { Clock } from './clock.js';
import type { Fairness } from './fairness.js';
import type { Graph } from './graph.js';
import type { LearnedOutcome } from './learned.js';
import type { Pending } from './pending.js';

/** A part of the pending states that is still to be searched. */
interface Part {
  readonly group: number;
  readonly places: Int32Array;
}

const everybody = (): boolean => true;

/** All largest fair sets of pending states. */
export class FairLoops {
  /** By place: is it in a fair set? */
  readonly fair: Uint8Array;
  /** By place: the part it is in while that is searched, then its component's number, which is no part's. 0: in none. */
  private readonly group: Int32Array;
  /** By place: least number, in order of discovery, of the states known to be in its component; 0: not yet visited. */
  private readonly low: Int32Array;
  private groups = 0;
  private discovered = 0;
  private readonly parts: Part[] = [];
  /** States of components not yet whole. */
  private readonly open = new Int32List();
  /** The path that is followed: states, their numbers, and where the edges that they still have to follow start. */
  private readonly path = new Int32List();
  private readonly numbers = new Int32List();
  private readonly starts = new Int32List();
  private readonly edges = new Int32List();
  private readonly words: Int32Array;
  private readonly next = new Int32Array(4096);
  /** By obligation, for one component: in how many states it is enabled, and whether it is taken inside. */
  private readonly enabledIn = new Int32List();
  private readonly takenIn = new Int32List();

  constructor(
    private readonly graph: Graph,
    private readonly pending: Pending,
    private readonly fairness: Fairness,
    private readonly clock: Clock,
  ) {
    const { length } = pending.slots;
    this.fair = new Uint8Array(length);
    this.group = new Int32Array(length);
    this.low = new Int32Array(length);
    this.words = new Int32Array(graph.words);
  }

  /** Are two places in one component? */
  together(a: number, b: number): boolean {
    return this.group[a] === this.group[b];
  }

  /** Finds them. @returns false if it was given up */
  async search(): Promise<boolean> {
    const all = new Int32Array(this.pending.slots.length);
    for (let place = 0; place < all.length; place++) all[place] = place;
    this.parts.push({ group: this.newGroup(all), places: all });
    for (let part = this.parts.pop(); part; part = this.parts.pop()) {
      this.discovered = 0;
      for (const root of part.places) {
        if (this.group[root] !== part.group || this.low[root] !== 0) continue;
        if (!(await this.from(root, part.group))) return false;
      }
    }
    return true;
  }

  private newGroup(places: Int32Array): number {
    const group = ++this.groups;
    for (const place of places) {
      this.group[place] = group;
      this.low[place] = 0;
    }
    return group;
  }

  /** Follows every path from a state, and judges components as they become whole. */
  private async from(root: number, group: number): Promise<boolean> {
    const { path, numbers, starts, edges, open, low, clock } = this;
    this.enter(root, group);
    while (path.length > 0) {
      if (clock.due() && (await clock.rest())) return false;
      const top = path.length - 1;
      const place = path.data[top];
      if (edges.length > starts.data[top]) {
        const to = edges.data[--edges.length];
        if (this.group[to] !== group) continue;
        if (low[to] === 0) this.enter(to, group);
        else if (low[to] < low[place]) low[place] = low[to];
        continue;
      }
      path.length = numbers.length = starts.length = top;
      if (low[place] < numbers.data[top]) {
        const above = path.data[top - 1];
        if (low[place] < low[above]) low[above] = low[place];
        continue;
      }
      let first = open.length;
      do first--;
      while (open.data[first] !== place);
      const component = open.data.subarray(first, open.length);
      open.length = first;
      if (component.length === 1) this.judgeOne(place);
      else if (!(await this.judge(component))) return false;
    }
    return true;
  }

  private enter(place: number, group: number): void {
    const { path, numbers, starts, edges, open, next, words } = this;
    path.push(place);
    open.push(place);
    numbers.push(++this.discovered);
    starts.push(edges.length);
    this.low[place] = this.discovered;
    this.read(place);
    const count = this.graph.successorSlots(words, 0, everybody, next);
    for (let i = 0; i < count; i++) {
      const to = this.pending.place(next[i]);
      if (to >= 0 && this.group[to] === group) edges.push(to);
    }
  }

  private read(place: number): void {
    this.graph.store.set.read(this.pending.slots, place, 1, this.words);
  }

  /** A state alone is fair if each fair step that it enables may leave it as it is. */
  private judgeOne(place: number): void {
    this.group[place] = ++this.groups;
    this.read(place);
    const stays = this.fairness.enabled(this.words, 0, (_, { outcomes }) =>
      outcomes.some(({ changes }) => changes.length === 0),
    );
    if (stays) this.fair[place] = 1;
  }

  /** Is a component fair? If some of its states spoil it, the others are a part to be searched. False: given up. */
  private async judge(component: Int32Array): Promise<boolean> {
    const own = ++this.groups;
    for (const place of component) this.group[place] = own;
    const { enabledIn, takenIn, fairness, clock } = this;
    enabledIn.length = takenIn.length = 0;
    for (const place of component) {
      if (clock.due() && (await clock.rest())) return false;
      this.read(place);
      fairness.enabled(this.words, 0, (number, { outcomes }) => {
        for (; enabledIn.length <= number; takenIn.push(0)) enabledIn.push(0);
        enabledIn.data[number]++;
        if (takenIn.data[number] === 0 && outcomes.some((outcome) => this.staysIn(own, outcome)))
          takenIn.data[number] = 1;
      });
    }
    const { obligations } = fairness;
    const unmet = (number: number): boolean =>
      takenIn.data[number] === 0 &&
      (obligations[number].strong ? enabledIn.data[number] > 0 : enabledIn.data[number] === component.length);
    const broken = obligations.filter((_, number) => number < enabledIn.length && unmet(number));
    if (broken.length === 0) for (const place of component) this.fair[place] = 1;
    return broken.length === 0 || broken.some(({ strong }) => !strong) || this.split(component, unmet);
  }

  /** Only states where nothing unmet is enabled can be in a fair set. */
  private async split(component: Int32Array, unmet: (number: number) => boolean): Promise<boolean> {
    const rest = new Int32List();
    for (const place of component) {
      if (this.clock.due() && (await this.clock.rest())) return false;
      this.read(place);
      if (this.fairness.enabled(this.words, 0, (number) => !unmet(number))) rest.push(place);
    }
    const places = rest.data.slice(0, rest.length);
    this.parts.push({ group: this.newGroup(places), places });
    return true;
  }

  private staysIn(group: number, outcome: LearnedOutcome): boolean {
    const { graph, pending } = this;
    const to = pending.place(graph.slotOf(graph.after(outcome, this.words, 0), 0));
    return to >= 0 && this.group[to] === group;
  }
}
