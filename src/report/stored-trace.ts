/** What a trace file holds: enough to print the trace where the model is gone, and to replay it where it is not. */
import type { Encoded } from '../language/index.js';

/** A value of a variable: canonical, for replay, and printed, for reading. */
export interface StoredValue {
  readonly encoded: Encoded;
  readonly printed: string;
}

/** The guard that decided a step. */
export interface StoredGuard {
  readonly id: string;
  readonly doc: string;
  readonly source: string;
  /** It said no, or it would have and an edit lets everything pass. */
  readonly outcome: 'refused' | 'passed by an edit';
}

/** What a step announced, its arguments printed. */
export interface StoredEmission {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
}

/** Where a step comes from. Empty texts: unknown. */
export interface StoredOrigin {
  /** The kernel function or register operation. */
  readonly fn: string;
  /** TypeScript `file:line`. */
  readonly at: string;
  /** The document it was read from. */
  readonly source: string;
  readonly doc: string;
}

/** One transition. */
export interface StoredStep extends StoredOrigin {
  readonly process: string;
  readonly action: string;
  readonly label: string;
  /** Locals of the actor, printed. */
  readonly args: Readonly<Record<string, string>>;
  /** The actor's place after the step; `idle` at the end of a handler, empty for hardware. */
  readonly next: string;
  readonly emits: readonly StoredEmission[];
  readonly guard: StoredGuard | null;
  /** What an edit took out of the program, if it is here that it is missing. */
  readonly missing?: string;
  /** What changed, frames apart. `variable` is a number in {@link StoredTrace.variables}. */
  readonly changes: readonly {
    readonly variable: number;
    readonly path: string;
    readonly before: string;
    readonly after: string;
  }[];
  /** New value of every variable that changed, frames included. */
  readonly writes: readonly { readonly variable: number; readonly value: StoredValue }[];
}

/** A step that could not be taken. */
export interface StoredFault extends StoredOrigin {
  readonly process: string;
  readonly action: string;
  readonly id: string;
  readonly kind: string;
  readonly message: string;
}

/** A variable that was looked at, as the explorer's `Reading` has it. */
export interface StoredReading {
  readonly variable: number;
  readonly values: readonly string[];
  readonly stays: boolean;
  readonly holders: readonly string[];
}

/** What stands in the way behind the end, as the explorer's `Impasse` has it. */
export interface StoredImpasse {
  readonly states: number;
  readonly cut: boolean;
  readonly ends: number;
  readonly goal: readonly StoredReading[];
  readonly refusals: readonly {
    readonly guard: string;
    /** What the guard is for; empty where there is none. */
    readonly doc: string;
    readonly steps: readonly string[];
    readonly processes: readonly string[];
    readonly labels: readonly string[];
    readonly reads: readonly StoredReading[];
    /** `null`: not tried. */
    readonly enough: boolean | null;
  }[];
  readonly waits: readonly {
    readonly process: string;
    readonly steps: readonly string[];
    readonly at: 'idle' | 'program' | 'rule';
    readonly reads: readonly StoredReading[];
  }[];
  readonly aside: readonly {
    readonly process: string;
    readonly action: string;
    readonly at: 'idle' | 'program' | 'rule';
    readonly enabled: number;
  }[];
  readonly choices: readonly {
    readonly step: number;
    readonly process: string;
    readonly action: string;
    readonly why: 'may' | 'otherwise';
  }[];
}

/** A trace as it is stored. */
export interface StoredTrace {
  /** The version of ringfence that wrote it. */
  readonly tool: string;
  readonly model: string;
  readonly title: string;
  /** The file of a model that is not built in, as the user named it; empty for a built-in one. */
  readonly file: string;
  readonly digest: string;
  readonly scope: Readonly<Record<string, number | string | boolean>>;
  readonly edits: readonly string[];
  /** Ids of the assumptions that were denied. */
  readonly denied: readonly string[];
  /** Ids of the properties that were selected: monitors are part of the state only for these. */
  readonly properties: readonly string[];
  readonly property: { readonly id: string; readonly kind: string; readonly text: string; readonly source: string };
  readonly because: string;
  readonly guilty: Readonly<Record<string, string>>;
  readonly variables: readonly { readonly name: string; readonly kind: string }[];
  readonly initial: readonly StoredValue[];
  readonly steps: readonly StoredStep[];
  /** How many steps come before the loop; as many as there are: it stays as it is. */
  readonly loop: number | null;
  readonly faulting: StoredFault | null;
  /** Absent where nobody looked for it: of most kinds of properties, and in files of before there was any. */
  readonly impasse?: StoredImpasse;
  /**
   * Writes without which the property would not be broken at the end, as `turnsOf` finds them; steps from 1.
   * Absent where the end of a path does not show it to be broken, and in files of before there was any.
   */
  readonly turns?: readonly { readonly step: number; readonly variable: number }[];
}

/** The values after step `n` (0: the initial state). */
export function stateAfter(trace: StoredTrace, n: number): StoredValue[] {
  const values = [...trace.initial];
  for (const step of trace.steps.slice(0, n)) for (const { variable, value } of step.writes) values[variable] = value;
  return values;
}
