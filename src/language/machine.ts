/**
 * What the explorer sees of a model: variables, actions with footprints, properties. No handlers, no program
 * counters, no edits: `program.ts` and `model.ts` have resolved them. Everything here is a pure function of
 * what is read through a {@link Read}, so that outcomes can be learned.
 */
import type { LockKind } from './variables.js';
import type { Sort } from './sorts/sort.js';

/** Reads a variable by its number. The only way to see a state: the explorer records what was read. */
export type Read = (variable: number) => unknown;

/** One variable of the state. Its number is its place in {@link Machine.variables}. */
export interface MachineVariable {
  readonly name: string;
  readonly kind: 'shared' | 'lock' | 'frame' | 'monitor' | 'ghost';
  readonly sort: Sort<unknown>;
  /** What it stands for, in one sentence, where the model says. */
  readonly doc?: string;
  /** Of locks. */
  readonly lockKind?: LockKind;
  /** Of locks: `pgt_lock` for `pgt_lock[dom0]`. */
  readonly lockClass?: string;
}

/** Where a piece of a model comes from. */
export interface Origin {
  /** TypeScript `file:line`, or `undefined` if the stack did not say. */
  readonly at?: string;
  /** The real function or register operation, e.g. `arm_smmu_cmdq_issue_sync`. */
  readonly fn?: string;
  /** The document it was read from. */
  readonly source?: string;
  /** What it does, in one line. */
  readonly doc?: string;
}

/** A finding about the model itself: a spec function threw, left a sort, or broke a rule of the language. */
export interface Fault {
  /** Stable id, e.g. `fault:unmap_pages/unuse_dma:range`. */
  readonly id: string;
  readonly kind: 'throw' | 'sort' | 'footprint' | 'unset' | 'blocked' | 'lock' | 'impure' | 'range';
  readonly message: string;
}

/** What a transition announces: read by monitors and transition properties, printed in traces. */
export interface Emission {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** History that properties need: variables that only change with what transitions announce. */
export interface MachineMonitor {
  readonly name: string;
  /** New values of its variables, by number. Reads no others. @throws whatever the spec throws */
  observe(emission: Emission, read: Read): ReadonlyMap<number, unknown>;
}

/** One symbolic outcome of an action. Two outcomes with equal writes and equal label are one. */
export type Outcome =
  | {
      readonly kind: 'ok';
      /** New values by variable number; unchanged ones may be left out or repeated. */
      readonly writes: ReadonlyMap<number, unknown>;
      /** Printed result, e.g. `-EPERM`, or `''`. Part of the outcome's identity. */
      readonly label: string;
      readonly emits: readonly Emission[];
      /** The wait for a lock was given up: nothing of the action was done. */
      readonly interrupted?: true;
    }
  | { readonly kind: 'fault'; readonly fault: Fault };

/**
 * What may be expected of a step that is enabled. `weak`: enabled for ever without a break, it is taken. `strong`: enabled
 * again and again, it is taken. `none`: nobody has to take it. Only `leads-to` properties ask.
 */
export type Fairness = 'none' | 'weak' | 'strong';
/** A lock is held while another is taken (or it itself, once more), or while something sleeps. Locks as variable numbers. */
export interface Locking {
  readonly held: number;
  readonly taken?: number;
  /** Sleeps where the lock that is held forbids it. */
  readonly sleeps: boolean;
}

/** Told of each guard that a step looks at. */
export type GuardWatch = (guard: string, passes: boolean) => void;

/** One atomic step of one process at one frame. */
export interface Action {
  /** Stable id of the step (call path of labels), e.g. `unmap_pages/iotlb_sync/write-CMD_SYNC`. */
  readonly id: string;
  /** Upper bound of what `run` may read or write, as variable numbers. Enforced by the language. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly origin: Origin;
  readonly fair: Fairness;
  /** What it does to the order of locks, whatever its outcome, unless it is interrupted. */
  readonly locking: readonly Locking[];
  /** All distinct outcomes, before monitors see what they announce; none: the step is not enabled. Never throws: a throw is a fault outcome. */
  run(read: Read, watch?: GuardWatch): readonly Outcome[];
}

/** A process: a CPU, the SMMU, a device, a task. */
export interface MachineProcess {
  readonly name: string;
  /** The number of its frame variable, or -1 for always-on rules. */
  readonly frame: number;
  /** Is `frame` the idle frame? Rules are always idle. */
  isIdle(frame: unknown): boolean;
  /** The actions of a frame value (rules: call with `undefined`), in a fixed order. */
  actions(frame: unknown): readonly Action[];
  /** The locks a frame holds, by the structure of the program, as variable numbers. */
  held(frame: unknown): readonly number[];
}

/** What a property says of one instance in one state or transition. */
export type Judgement = 'holds' | 'vacuous' | { readonly violated: string };

/** One instance of a property: the invariant for one page and device, say. */
export interface PropertyInstance {
  /** E.g. `{ d: 'dev0', p: 'page1' }`, already printed. */
  readonly args: Readonly<Record<string, string>>;
  /** Upper bound of what is read. */
  readonly reads: readonly number[];
  /** For state properties. @throws whatever the spec throws */
  judge(read: Read): Judgement;
}

/** One instance of a property about what follows: the states that ask for something, and those that give it. */
export interface ResponseInstance {
  readonly args: Readonly<Record<string, string>>;
  /** Judged `holds` where something is asked for. */
  readonly trigger: PropertyInstance;
  /** Judged `holds` where it is there. */
  readonly goal: PropertyInstance;
}

/** A transition as a property sees it. */
export interface Transition {
  readonly process: string;
  readonly action: string;
  readonly label: string;
  readonly emits: readonly Emission[];
  readonly before: Read;
  readonly after: Read;
}

/** One instance of a transition property. */
export interface TransitionInstance {
  readonly args: Readonly<Record<string, string>>;
  readonly reads: readonly number[];
  /** Can this kind of transition matter at all? Judged once per learned outcome. */
  concerns(outcome: { action: string; emits: readonly Emission[]; writes: ReadonlySet<number> }): boolean;
  judge(transition: Transition): Judgement;
}

interface PropertyBase {
  readonly id: string;
  /** The sentence that must be true. */
  readonly text: string;
  readonly source: string;
  readonly origin: Origin;
}

/** What a lock-order property looks at. */
export interface LockRule {
  /** Pairs of classes that are known to be safe. */
  readonly allow: readonly { readonly held: string; readonly taken: string }[];
  /** Only what is taken under each other among these classes counts. Without it, all. */
  readonly among?: readonly string[];
}

/** A property, by kind. */
export type MachineProperty = PropertyBase &
  (
    | { readonly kind: 'invariant'; readonly instances: readonly PropertyInstance[] }
    /** Judged only where every process is idle and `quiet` says so. */
    | { readonly kind: 'quiescent'; readonly instances: readonly PropertyInstance[] }
    /** Some reachable state must be judged `holds`; never reached is a failure. */
    | { readonly kind: 'reachable'; readonly instances: readonly PropertyInstance[] }
    | { readonly kind: 'transition'; readonly instances: readonly TransitionInstance[] }
    /** AG EF: from every reachable trigger (but the excused) the goal can be reached with the help of `by`. */
    | {
        readonly kind: 'always-possible';
        readonly instances: readonly ResponseInstance[];
        /** Process numbers whose steps count as help. */
        readonly by: readonly number[];
        readonly excused?: PropertyInstance;
      }
    /** On every fair run, the goal holds where the trigger does or later. Who reaches an excused state owes nothing. */
    | {
        readonly kind: 'leads-to';
        readonly instances: readonly ResponseInstance[];
        readonly excused?: PropertyInstance;
      }
    /** No two orders of lock classes, no lock twice, no sleep under a spinlock; but for the allowed pairs of classes. */
    | ({ readonly kind: 'lock-order' } & LockRule)
    /** No reachable state without a transition that changes it. */
    | { readonly kind: 'deadlock-free'; readonly allowed?: PropertyInstance }
    /** AG EF idle, for every process with a frame. */
    | { readonly kind: 'wedge-free'; readonly excused?: PropertyInstance }
  );

/** An assumption that a verdict rests on. */
export interface Assumption {
  readonly id: string;
  readonly text: string;
  /** The model can also be built without it. */
  readonly deniable: boolean;
}

/** A model, built for one scope with its edits: all that a search needs. */
export interface Machine {
  readonly model: string;
  /** Canonical scope. */
  readonly scope: Readonly<Record<string, number | string | boolean>>;
  /** Canonical edit texts. */
  readonly edits: readonly string[];
  /** Ids of the assumptions that this machine does without. */
  readonly denied: readonly string[];
  /** Hex digest of programs, sorts, sources of spec functions and initial states: changes when the model does. */
  readonly digest: string;
  readonly variables: readonly MachineVariable[];
  readonly processes: readonly MachineProcess[];
  readonly monitors: readonly MachineMonitor[];
  /** Value by variable, one array a state. */
  readonly initialStates: readonly (readonly unknown[])[];
  readonly properties: readonly MachineProperty[];
  /** Sorts of announced arguments, by event, where the model says. */
  readonly events: ReadonlyMap<string, Readonly<Record<string, Sort<unknown>>>>;
  /** All that the model names, the denied ones included. */
  readonly assumptions: readonly Assumption[];
}
