/** A machine that notes what its steps do wherever it is run: what moved, what waited, what refused, and what was read for it. */
import { keyOf, type Action, type Machine, type MachineProcess, type Outcome, type Read } from '../language/index.js';

/** By variable: the values that were seen, by their canonical text; no more than {@link MANY}, which stand for any number. */
export type Reads = Map<number, Map<string, unknown>>;

export const MANY = 5;

/** A guard of a step, by all that was seen of it. */
export interface GuardSeen {
  readonly id: string;
  passed: boolean;
  refused: boolean;
  /** What its test read, locks and frames apart. */
  readonly reads: Reads;
  /** How the step ended where it refused; empty: it waits. */
  readonly labels: Set<string>;
}

/** A step of a process, by all that was seen of it. */
export interface StepNotes {
  readonly process: string;
  readonly action: Action;
  /** Where it is asked: of an idle process (it starts a handler), in the middle of a program, or it is a rule. */
  readonly at: 'idle' | 'program' | 'rule';
  /** In how many runs it changed something. */
  moves: number;
  /** What it read, its own frame apart. */
  readonly reads: Reads;
  /** Locks that its process held wherever it was asked. */
  readonly holds: Set<number>;
  /** Labels of all its outcomes. */
  readonly labels: Set<string>;
  /** In the order in which they are asked. */
  readonly guards: Map<string, GuardSeen>;
}

/** Wraps a machine. What is noted depends on which situations it was asked in, not on how often or in which order. */
export class Watched {
  readonly machine: Machine;
  readonly steps = new Map<string, StepNotes>();

  /** @param processes those whose steps count */
  constructor(machine: Machine, processes: readonly MachineProcess[] = machine.processes) {
    this.machine = { ...machine, processes: processes.map((process) => this.process(machine, process)) };
  }

  private process(machine: Machine, process: MachineProcess): MachineProcess {
    return {
      ...process,
      actions: (frame) => {
        const held = process.held(frame);
        const at = process.frame < 0 ? 'rule' : process.isIdle(frame) ? 'idle' : 'program';
        return process.actions(frame).map((action) => this.action(machine, process, action, { at, held }));
      },
    };
  }

  private action(
    machine: Machine,
    { name, frame }: MachineProcess,
    action: Action,
    { at, held }: { readonly at: StepNotes['at']; readonly held: readonly number[] },
  ): Action {
    const keep = (reads: Reads, variable: number, value: unknown): void =>
      addValue(reads, variable, keyOf(machine.variables[variable].sort, value), value);
    return {
      ...action,
      run: (read, watch) => {
        const notes = this.notes(name, action, at, held);
        let reads = new Map<number, unknown>();
        let refusing: GuardSeen | undefined;
        const noting: Read = (variable) => {
          const value = read(variable);
          if (variable !== frame) keep(notes.reads, variable, value);
          reads.set(variable, value);
          return value;
        };
        const outcomes = action.run(noting, (id, passes) => {
          const guard = guardOf(notes, id);
          if (passes) guard.passed = true;
          else guard.refused = true;
          if (!passes) refusing = guard;
          for (const [variable, value] of reads)
            if (!passes && !['lock', 'frame'].includes(machine.variables[variable].kind))
              keep(guard.reads, variable, value);
          reads = new Map();
          watch?.(id, passes);
        });
        for (const outcome of outcomes) {
          if (outcome.kind === 'ok') for (const set of [notes.labels, refusing?.labels]) set?.add(outcome.label);
        }
        if (outcomes.some((outcome) => moves(machine, outcome, read))) notes.moves++;
        return outcomes;
      },
    };
  }

  private notes(process: string, action: Action, at: StepNotes['at'], held: readonly number[]): StepNotes {
    const key = `${process} ${at} ${action.id}`;
    let notes = this.steps.get(key);
    if (!notes)
      this.steps.set(
        key,
        (notes = {
          process,
          action,
          at,
          moves: 0,
          reads: new Map(),
          holds: new Set(held),
          labels: new Set(),
          guards: new Map(),
        }),
      );
    for (const lock of notes.holds) if (!held.includes(lock)) notes.holds.delete(lock);
    return notes;
  }
}

/** Adds a value that was read. */
export function addValue(reads: Reads, variable: number, key: string, value: unknown): void {
  let values = reads.get(variable);
  if (!values) reads.set(variable, (values = new Map()));
  if (values.size < MANY) values.set(key, value);
}

function guardOf({ guards }: StepNotes, id: string): GuardSeen {
  let guard = guards.get(id);
  if (!guard) guards.set(id, (guard = { id, passed: false, refused: false, reads: new Map(), labels: new Set() }));
  return guard;
}

/** Does an outcome change the state? An error of the spec counts: it is a step that the spec gets wrong. */
function moves({ variables }: Machine, outcome: Outcome, read: Read): boolean {
  if (outcome.kind === 'fault') return true;
  return [...outcome.writes].some(([variable, value]) => {
    const { sort } = variables[variable];
    return keyOf(sort, value) !== keyOf(sort, read(variable));
  });
}
