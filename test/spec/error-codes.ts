/** What hypercalls are seen to fail with, in all reachable states of a small model. */
import { execute } from '../../src/explorer/index.js';
import { keyOf, type Machine } from '../../src/language/index.js';

/** Handler -> the error codes that it returns somewhere, in order. */
export function errorCodes(machine: Machine): Record<string, string[]> {
  const key = (state: readonly unknown[]): string =>
    state.map((value, i) => keyOf(machine.variables[i].sort, value)).join(' ');
  const codes = new Map<string, Set<string>>();
  const seen = new Set(machine.initialStates.map(key));
  const todo = [...machine.initialStates];
  for (let state = todo.pop(); state; state = todo.pop()) {
    for (const { action, outcome, state: after } of execute(machine, state).offers) {
      if (outcome.label.startsWith('-E')) {
        const name = action.split('/')[0];
        codes.set(name, (codes.get(name) ?? new Set()).add(outcome.label));
      }
      const k = key(after);
      if (seen.has(k)) continue;
      seen.add(k);
      todo.push(after);
    }
  }
  return Object.fromEntries([...codes].sort().map(([name, all]) => [name, [...all].sort()]));
}
