/** What programs are compiled to: places, and the continuations between them. */
import type { AnyStep } from './nodes.js';
import type { Origin } from './machine.js';
import type { Lock } from './variables.js';
import type { Sort } from './sorts/sort.js';
import type { Tree } from './tree.js';
import type { LocalValues } from './locals.js';

/** A lock that is held in a place: which one follows from the locals. */
export interface HeldLock {
  readonly path: string;
  readonly scope: string;
  readonly lock: (locals: unknown) => Lock;
  readonly shared: boolean;
}

/** A lock taken by a place's transition. */
export interface Acquire {
  readonly held: HeldLock;
  readonly tree: Extract<Tree, { kind: 'locked' }>;
  /** Where an interrupted taker goes. */
  readonly interrupted: Continuation;
}

/** The locals on their way to the next place, and the locks released on that way. */
export interface Passage {
  readonly locals: LocalValues;
  readonly released: { readonly held: HeldLock; readonly lock: Lock }[];
}

/** Where control goes; `null` is idle. */
export type Continuation = (passage: Passage) => Place | null;

/** A program counter: the next atomic step and where each of its exits leads. */
export interface Place {
  /** Unique within the process. */
  readonly pc: string;
  /** The step's id. Several places of one step (entry with and without taking a lock) share it. */
  readonly id: string;
  readonly scope: string;
  readonly origin: Origin;
  readonly spec: AnyStep;
  /** Ids of guards that an edit lets pass. */
  readonly passed: ReadonlySet<string>;
  /** A split step evaluates its guards in one transition and has its effects in the next. */
  readonly phase: 'whole' | 'guards' | 'effects';
  /** Phase `guards`: where it goes if all guards let it pass. */
  readonly effects?: Continuation;
  readonly acquires: readonly Acquire[];
  /** Held when the place is reached, outermost first. */
  readonly held: readonly HeldLock[];
  readonly exits: Exits;
}

/** Where each symbolic exit of a step leads. */
export interface Exits {
  readonly next: Continuation;
  readonly fail: Continuation;
  readonly done: Continuation;
  goto(label: string): Continuation | undefined;
}

/** A process's program: entries from idle, and all places by program counter. */
export interface Program {
  readonly entries: readonly { readonly handler: string; readonly enter: Continuation }[];
  readonly places: ReadonlyMap<string, Place>;
  /** Sorts of all locals by full name. */
  readonly locals: ReadonlyMap<string, Sort<unknown>>;
}
