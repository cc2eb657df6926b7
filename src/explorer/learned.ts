/**
 * Actions as learned: spec code runs once per distinct projection of the state onto what it reads. What monitors make of it
 * is learned apart, or each would be asked again for every state of the others.
 */
import {
  keyOf,
  witnessed,
  type Action,
  type Emission,
  type Fault,
  type Machine,
  type Outcome,
  type Read,
} from '../language/index.js';
import { note, type Evidence } from './evidence.js';
import type { LearnedMonitors } from './learned-monitors.js';
import type { Interner } from './intern.js';
import type { Layout } from './layout.js';
import { ImpureError, Trie, type CodeOf } from './trie.js';

/** One distinct outcome of an action for one projection. */
export interface LearnedOutcome {
  readonly process: number;
  readonly action: Action;
  readonly label: string;
  readonly emits: readonly Emission[];
  /** The variables whose code changes, with old and new code. Empty: the state stays as it is. */
  readonly changes: readonly { readonly variable: number; readonly from: number; readonly to: number }[];
  /** Printed new values, label and emissions: orders outcomes independently of codes. */
  readonly order: string;
  /** The wait for a lock was given up. */
  readonly interrupted: boolean;
}

/** What an action does for one projection. */
export interface Learned {
  readonly action: Action;
  readonly outcomes: readonly LearnedOutcome[];
  readonly faults: readonly Fault[];
  /** Where the compiled tables hold this entry, and for which tables. */
  compiled: { readonly tables: object; readonly offset: number } | undefined;
}

/** An action at one frame, with all that is known of it. */
export class LearnedAction {
  private readonly trie = new Trie<Learned>();
  /** Without what monitors make of it. */
  private readonly own = new Trie<readonly Outcome[]>();

  constructor(
    private readonly machine: Machine,
    private readonly interner: Interner,
    private readonly process: number,
    readonly action: Action,
    private readonly monitors: LearnedMonitors,
    private readonly calls: { steps: number; seen: Evidence },
  ) {}

  /** Every variable that the step has ever read at this frame: what a table of its answers must be indexed by. */
  get observed(): ReadonlySet<number> {
    return this.trie.observed;
  }

  lookup(layout: Layout, words: Int32Array, at: number): Learned | undefined {
    return this.trie.lookup(layout, words, at);
  }

  /** Runs the step on a state. Never throws: what the spec does wrong is a fault. */
  learn(layout: Layout, words: Int32Array, at: number): Learned {
    const codeOf = layout.codeOf(words, at);
    try {
      return this.trie.learn(this.interner, codeOf, (read) => {
        const own = this.outcomes(read, codeOf);
        const outcomes = own.map((one) => witnessed(this.machine, this.action.id, one, read, this.monitors.ask));
        return this.learned(outcomes, codeOf);
      });
    } catch (error) {
      if (!(error instanceof ImpureError)) throw error;
      return { action: this.action, outcomes: [], faults: [impure(this.action, error.message)], compiled: undefined };
    }
  }

  /** Runs the step again and compares (self-check). */
  recheck(layout: Layout, words: Int32Array, at: number, known: Learned): Fault | undefined {
    const codeOf = layout.codeOf(words, at);
    const read: Read = (variable) => this.interner.value(variable, codeOf(variable));
    const outcomes = this.run(read).map((own) => witnessed(this.machine, this.action.id, own, read));
    const fresh = this.learned(outcomes, codeOf);
    const summary = ({ outcomes, faults }: Learned): string =>
      JSON.stringify([outcomes.map(({ order, changes }) => [order, changes]), faults.map(({ id }) => id)]);
    return summary(fresh) === summary(known)
      ? undefined
      : impure(this.action, 'a second run on the same reads had another result');
  }

  /** What the step itself does, learned apart where monitors watch. */
  private outcomes(read: Read, codeOf: CodeOf): readonly Outcome[] {
    if (this.machine.monitors.length === 0) return this.run(read);
    const noted: CodeOf = (variable) => {
      read(variable);
      return codeOf(variable);
    };
    return this.own.recall(noted) ?? this.own.learn(this.interner, noted, (own) => this.run(own));
  }

  private run(read: Read): readonly Outcome[] {
    const { process, action } = this;
    const { seen } = this.calls;
    this.calls.steps++;
    const found = action.run(read, (guard, passes) =>
      (passes ? seen.passed : seen.refused).add(`${action.id}/${guard}`),
    );
    note(seen, process, action, found);
    return found;
  }

  private learned(found: readonly Outcome[], codeOf: CodeOf): Learned {
    const { machine, interner, process, action } = this;
    const outcomes = new Map<string, LearnedOutcome>();
    const faults: Fault[] = [];
    for (const outcome of found) {
      if (outcome.kind === 'fault') {
        faults.push(outcome.fault);
        continue;
      }
      const changes: { variable: number; from: number; to: number }[] = [];
      const printed: string[] = [];
      for (const [variable, value] of [...outcome.writes].sort(([a], [b]) => a - b)) {
        const from = codeOf(variable);
        const to = interner.code(variable, value);
        if (from !== to) {
          changes.push({ variable, from, to });
          printed.push(`${variable}=${keyOf(machine.variables[variable].sort, value)}`);
        }
      }
      const { label, emits, interrupted = false } = outcome;
      const order = JSON.stringify([label, emits, printed]);
      if (!outcomes.has(order)) outcomes.set(order, { process, action, label, emits, changes, order, interrupted });
    }
    return { action, outcomes: [...outcomes.values()], faults, compiled: undefined };
  }
}

function impure(action: Action, message: string): Fault {
  return {
    id: `fault:${action.id}:impure`,
    kind: 'impure',
    message: `step ${action.id} is not a pure function of what it reads: ${message}. It must not read or write module state, clocks or random numbers`,
  };
}
