/** The error codes that the handlers of a small machine return, found by walking its whole graph. */
import { execute } from '../../src/explorer/index.js';
import { keyOf, type Machine } from '../../src/language/index.js';

/** Handler -> error labels, sorted. */
export function errorLabels(machine: Machine): Record<string, string[]> {
  const key = (state: readonly unknown[]): string =>
    JSON.stringify(state.map((value, i) => keyOf(machine.variables[i].sort, value)));
  const seen = new Set(machine.initialStates.map(key));
  const labels = new Map<string, Set<string>>();
  let level: (readonly unknown[])[] = [...machine.initialStates];
  while (level.length > 0) {
    const following: (readonly unknown[])[] = [];
    for (const state of level) {
      for (const { action, outcome, state: after } of execute(machine, state).offers) {
        if (outcome.label.startsWith('-')) {
          const handler = action.split('/')[0];
          labels.set(handler, (labels.get(handler) ?? new Set()).add(outcome.label));
        }
        const reached = key(after);
        if (seen.has(reached)) continue;
        seen.add(reached);
        following.push(after);
      }
    }
    level = following;
  }
  return Object.fromEntries([...labels].map(([handler, own]) => [handler, [...own].sort()]));
}
