/** A plain search over `execute`: what the language says, without the engine. */
import { execute } from '../../src/explorer/execute.js';
import { lockText } from './compare.js';
import { keyOf, type Machine } from '../../src/language/index.js';

export interface NaiveResult {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly deadlocks: number;
  /** Steps with faults, with the depth of the first. */
  readonly faults: ReadonlyMap<string, number>;
  /** Depth of the first state that breaks it, by invariant. */
  readonly invariants: ReadonlyMap<string, number | undefined>;
  /** All states' values by variable name, printed: for finding out where two searches differ. */
  readonly printed: readonly string[];
  /** Who takes which lock under which, and where: as the oracle writes it. */
  readonly locks: ReadonlySet<string>;
  /** All states. */
  readonly reached: readonly (readonly unknown[])[];
}

export function naiveSearch(machine: Machine, most: number): NaiveResult {
  const keyOfState = (state: readonly unknown[]): string =>
    JSON.stringify(state.map((value, i) => keyOf(machine.variables[i].sort, value)));
  const seen = new Set<string>();
  const faults = new Map<string, number>();
  const invariants = new Map<string, number | undefined>();
  const printed: string[] = [];
  const locks = new Set<string>();
  const nameOf = (lock: number | undefined): string => (lock === undefined ? '' : machine.variables[lock].name);
  const reached: (readonly unknown[])[] = [];
  let transitions = 0;
  let deadlocks = 0;
  let depth = -1;
  let level = new Map(machine.initialStates.map((state) => [keyOfState(state), state]));
  for (const key of level.keys()) seen.add(key);
  while (level.size > 0 && seen.size <= most) {
    depth++;
    const next = new Map<string, readonly unknown[]>();
    for (const [key, state] of level) {
      reached.push(state);
      printed.push(
        state.map((value, i) => `${machine.variables[i].name}: ${machine.variables[i].sort.print(value)}`).join(', '),
      );
      for (const property of machine.properties) {
        if (property.kind !== 'invariant' || invariants.has(property.id)) continue;
        const judged = property.instances.map(({ judge }) => judge((variable) => state[variable]));
        if (judged.some((one) => typeof one === 'object')) invariants.set(property.id, depth);
      }
      const { offers, faults: wrong } = execute(machine, state);
      for (const { action } of wrong) if (!faults.has(action)) faults.set(action, depth);
      transitions += offers.length;
      let moves = false;
      for (const offer of offers) {
        for (const { held, taken } of offer.locking)
          locks.add(lockText(nameOf(held), nameOf(taken), offer.process, offer.action));
        const to = keyOfState(offer.state);
        moves ||= to !== key;
        if (seen.has(to)) continue;
        seen.add(to);
        next.set(to, offer.state);
      }
      if (!moves) deadlocks++;
    }
    level = next;
  }
  return { states: seen.size, transitions, depth, deadlocks, faults, invariants, printed, locks, reached };
}
