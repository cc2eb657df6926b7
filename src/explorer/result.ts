/** What a search answers. */
import type { Emission, Fault, Machine, MachineProperty } from '../language/index.js';
import type { Census } from './census.js';
import type { Evidence } from './evidence.js';
import type { Impasse } from './impasse.js';
import type { LockEdge } from './lock-order.js';

/** Verdict of one property. */
export type PropertyVerdict = 'holds' | 'violated' | 'undecided' | 'error';
/** Verdict of a model: error > violated > incomplete > holds. */
export type ModelVerdict = 'holds' | 'violated' | 'incomplete' | 'error';

/** One transition of a trace. */
export interface TraceStep {
  readonly process: string;
  readonly action: string;
  /** E.g. `-EPERM`; often empty. */
  readonly label: string;
  readonly emits: readonly Emission[];
  /** The whole state after the step: value by variable. */
  readonly state: readonly unknown[];
}

/** A path from an initial state to where a property breaks. */
export interface Trace {
  readonly property: string;
  /** `walk`: somebody took it by hand, and it shows no violation. */
  readonly kind: MachineProperty['kind'] | 'fault' | 'walk';
  /** Why, in words, with the guilty instance (`{ d: 'd0', p: 'p1' }`). */
  readonly because: string;
  readonly guilty: Readonly<Record<string, string>>;
  readonly initial: readonly unknown[];
  readonly steps: readonly TraceStep[];
  /** The steps from this one on (0: all) can be taken again and again; as many as there are steps: it stays as it is. */
  readonly loop?: number;
  /** Why what should come never comes, where somebody has asked: see {@link impasseOf}. */
  readonly impasse?: Impasse;
  /** For faults: the step that could not be taken from the last state. */
  readonly faulting?: { readonly process: string; readonly action: string; readonly fault: Fault };
}

/** What was found of one property. */
export interface PropertyResult {
  readonly id: string;
  readonly kind: MachineProperty['kind'] | 'fault';
  readonly verdict: PropertyVerdict;
  /** Why it is undecided or in error, in words. */
  readonly reason?: string;
  /** Shortest counterexample, in transitions; of one with a loop only the way to the loop is a shortest one. For `reachable`: the shortest path to the goal, if it was reached. */
  readonly length?: number;
  readonly trace?: Trace;
  /** More traces that belong to it: a cycle of locks has one for each of its edges. */
  readonly further?: readonly Trace[];
  /** No instance's antecedent was ever true: the property says nothing here. */
  readonly vacuous: boolean;
}

/** Why a search did not see the whole graph. */
export type Incomplete =
  'max-states' | 'max-depth' | 'max-memory' | 'timeout' | 'interrupted' | 'stopped-at-first' | 'worker-died';

/** The result of a search. */
export interface SearchResult {
  readonly machine: Machine;
  readonly verdict: ModelVerdict;
  /** Absent: every reachable state was explored. */
  readonly incomplete?: { readonly why: Incomplete; readonly detail: string };
  readonly states: number;
  readonly transitions: number;
  /** Longest shortest path from an initial state, in transitions. */
  readonly depth: number;
  /** States without an outcome that changes them. */
  readonly deadlocks: number;
  readonly seconds: number;
  readonly workers: number;
  /** How often spec code ran for steps, over all workers. */
  readonly specCalls: number;
  readonly bytesPerState: number;
  /** How many values each variable took, by name. */
  readonly codes: Readonly<Record<string, number>>;
  readonly properties: readonly PropertyResult[];
  /** Never true without a fault: what the spec itself did wrong. Also listed as properties of kind `fault`. */
  readonly faults: readonly Fault[];
  /** Which locks are taken under which. */
  readonly locks: readonly LockEdge[];
  /** What fired, and what guards said. */
  readonly seen: Evidence;
  /** If it was asked for, and not interrupted. */
  readonly census?: Census;
}

/** What a search tells while it runs. */
export interface Progress {
  readonly level: number;
  readonly states: number;
  readonly transitions: number;
  /** States of the current level still to expand. */
  readonly frontier: number;
  readonly seconds: number;
  readonly bytes: number;
  /** How full the visited set is, 0 to 1. */
  readonly full: number;
  readonly phase: 'search' | 'wedges' | 'traces' | 'growing' | 'counting';
}

/** How a search runs. */
export interface SearchOptions {
  /** 1 by default: no pool, no messages. */
  readonly workers?: number;
  /** For more than one worker: where each finds the model. */
  readonly source?: MachineSource;
  readonly maxStates?: number;
  readonly maxDepth?: number;
  /** Bytes. */
  readonly maxMemory?: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly stopAtFirst?: boolean;
  readonly selfCheck?: boolean;
  /** Also count everything, in one more walk over the states of whole levels. */
  readonly census?: boolean;
  readonly signal?: AbortSignal;
  onProgress?(progress: Progress): void;
  /** For tests: start with this few slots and bits, so that growth and re-layout happen. */
  readonly slots?: number;
  readonly tightWidths?: boolean;
  /** With several workers: the heap of each, in MiB (learned tables live there; states do not). V8's own choice by default. */
  readonly workerHeap?: number;
  /** With several workers: states found by one thread before the pool starts; for tests. */
  readonly prefix?: number;
  /** States per chunk; for tests. */
  readonly chunk?: number;
}

/** Where a worker finds the machine: a module with a `loadMachine` or a default-exported model, and how to build it. */
export interface MachineSource {
  /** URL of an ES module whose default export is a `Model`, or an array of them. */
  readonly module: string;
  readonly model: string;
  readonly scope: Readonly<Record<string, unknown>>;
  readonly edits: readonly string[];
  readonly denied?: readonly string[];
  readonly properties?: readonly string[];
}
