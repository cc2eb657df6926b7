/**
 * A machine that notes what its steps do while it is explored, and tries edits on the way: what a step answers is
 * compared with what it would answer after an edit, on every projection of every reachable state. An edit that never
 * answers otherwise leaves the state graph as it is, and needs no search of its own.
 */
import {
  keyOf,
  type Action,
  type Emission,
  type Machine,
  type MachineProperty,
  type Outcome,
  type Read,
} from '../language/index.js';

/** An edit that changes the answers of one step, or takes that step away, and nothing else. */
export interface Shadow {
  readonly text: string;
  readonly step: string;
  readonly machine: Machine;
}

/** What a step was seen to do to variables, and to announce. Frames and locks only say where its handler is. */
interface Effects {
  readonly action: Action;
  readonly writes: Set<number>;
  readonly emits: Map<string, Emission>;
}

/** Copies of a step, in a cleanup that stands on several ways out, are the step. */
const whole = (id: string): string => id.replace(/~[^/]*/g, '');

export class WatchedMachine {
  readonly machine: Machine;
  private readonly effects = new Map<string, Effects>();
  private readonly shadows = new Map<string, Shadow[]>();
  private readonly unlike = new Set<Shadow>();

  /** @param shadows edited machines with the variables and places of the original */
  constructor(
    private readonly original: Machine,
    shadows: readonly Shadow[],
  ) {
    for (const shadow of shadows) this.shadows.set(shadow.step, [...(this.shadows.get(shadow.step) ?? []), shadow]);
    const processes = original.processes.map((process, number) => ({
      ...process,
      actions: (frame: unknown) => process.actions(frame).map((action) => this.watched(action, number, frame)),
    }));
    this.machine = { ...original, processes };
  }

  /** Texts of the edits that never made a difference; true only once all was explored. */
  sameGraph(): string[] {
    return [...this.shadows.values()].flat().flatMap((shadow) => (this.unlike.has(shadow) ? [] : [shadow.text]));
  }

  /** By id of a step: the properties that look at what it did. A step that did nothing is not among them. */
  watchers(): Record<string, string[]> {
    const found = new Map<string, Set<string>>();
    for (const [id, own] of this.effects) {
      if (own.writes.size === 0 && own.emits.size === 0) continue;
      const ids = found.get(whole(id)) ?? new Set();
      found.set(whole(id), ids);
      for (const property of this.original.properties) if (looksAt(property, own)) ids.add(property.id);
    }
    return Object.fromEntries([...found].map(([step, ids]) => [step, [...ids]]));
  }

  private watched(action: Action, process: number, frame: unknown): Action {
    const shadows = this.shadows.get(whole(action.id)) ?? [];
    return {
      ...action,
      run: (read, watch) => {
        const outcomes = action.run(read, watch);
        for (const outcome of outcomes) this.note(action, outcome, read);
        for (const shadow of shadows) {
          // What an edited step reads becomes part of what is learned, so that no state goes unseen. It must be read
          // even where the answer does not matter any more: equal reads so far must lead to the same next read.
          const edited = answers(shadow, process, frame, action, read);
          if (!this.unlike.has(shadow) && !this.alike(outcomes, edited)) this.unlike.add(shadow);
        }
        return outcomes;
      },
    };
  }

  private note(action: Action, outcome: Outcome, read: Read): void {
    if (outcome.kind === 'fault') return;
    const known = this.effects.get(action.id);
    const own: Effects = known ?? { action, writes: new Set(), emits: new Map() };
    if (!known) this.effects.set(action.id, own);
    for (const emission of outcome.emits) own.emits.set(emission.name, emission);
    for (const [variable, value] of outcome.writes) {
      const { kind, sort } = this.original.variables[variable];
      if (kind === 'frame' || kind === 'lock' || own.writes.has(variable)) continue;
      if (keyOf(sort, value) !== keyOf(sort, read(variable))) own.writes.add(variable);
    }
  }

  private alike(some: readonly Outcome[], others: readonly Outcome[]): boolean {
    return (
      some.length === others.length && some.every((outcome, i) => this.identity(outcome) === this.identity(others[i]))
    );
  }

  private identity(outcome: Outcome): string {
    if (outcome.kind === 'fault') return JSON.stringify(outcome.fault);
    const { writes, label, emits, interrupted = false } = outcome;
    const values = [...writes].map(([variable, value]) => [
      variable,
      keyOf(this.original.variables[variable].sort, value),
    ]);
    return JSON.stringify([values.sort(([a], [b]) => Number(a) - Number(b)), label, emits, interrupted]);
  }
}

/** What the edited step answers; a step that is not there never fires. */
function answers({ machine }: Shadow, process: number, frame: unknown, { id }: Action, read: Read): readonly Outcome[] {
  const edited = machine.processes[process].actions(frame).find((action) => action.id === id);
  return edited?.run(read) ?? [];
}

/** Properties about control flow (wedges, deadlocks, lock order) look at every step alike, and so at none. */
function looksAt(property: MachineProperty, { action, writes, emits }: Effects): boolean {
  const any = (reads: readonly number[]): boolean => reads.some((variable) => writes.has(variable));
  switch (property.kind) {
    case 'invariant':
    case 'quiescent':
    case 'reachable':
      return property.instances.some(({ reads }) => any(reads));
    case 'transition':
      return property.instances.some(
        (instance) =>
          any(instance.reads) || instance.concerns({ action: action.id, emits: [...emits.values()], writes }),
      );
    case 'always-possible':
    case 'leads-to':
      return property.instances.some(({ trigger, goal }) => any(trigger.reads) || any(goal.reads));
    case 'lock-order':
    case 'deadlock-free':
    case 'wedge-free':
      return false;
  }
}
