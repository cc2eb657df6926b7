/** Direct execution of a machine, without learned tables: what traces are replayed against. */
import {
  keyOf,
  witnessed,
  type Fault,
  type Locking,
  type Machine,
  type Outcome,
  type Read,
} from '../language/index.js';

/** One transition that a state offers. */
export interface Offer {
  readonly process: string;
  readonly action: string;
  readonly outcome: Extract<Outcome, { kind: 'ok' }>;
  readonly locking: readonly Locking[];
  /** Value by variable after the step. */
  readonly state: readonly unknown[];
}

/** All transitions of a state, in the machine's order, equal outcomes of one step once; and what went wrong. */
export function execute(
  machine: Machine,
  state: readonly unknown[],
): { offers: Offer[]; faults: { process: string; action: string; fault: Fault }[] } {
  const offers: Offer[] = [];
  const faults: { process: string; action: string; fault: Fault }[] = [];
  for (const process of machine.processes) {
    const frame = process.frame < 0 ? undefined : state[process.frame];
    for (const action of process.actions(frame)) {
      const seen = new Set<string>();
      const read: Read = (variable) => state[variable];
      for (const own of action.run(read)) {
        const outcome = witnessed(machine, action.id, own, read);
        if (outcome.kind === 'fault') {
          faults.push({ process: process.name, action: action.id, fault: outcome.fault });
          continue;
        }
        const after = state.map((value, variable) =>
          outcome.writes.has(variable) ? outcome.writes.get(variable) : value,
        );
        const key = outcomeKey(machine, outcome, after);
        if (seen.has(key)) continue;
        seen.add(key);
        const locking = outcome.interrupted ? [] : action.locking;
        offers.push({ process: process.name, action: action.id, outcome, locking, state: after });
      }
    }
  }
  return { offers, faults };
}

/** Two outcomes of one step are one transition if they lead to one state and say and announce the same. */
function outcomeKey(
  machine: Machine,
  { label, emits }: Extract<Outcome, { kind: 'ok' }>,
  after: readonly unknown[],
): string {
  return JSON.stringify([after.map((value, i) => keyOf(machine.variables[i].sort, value)), label, emits]);
}
