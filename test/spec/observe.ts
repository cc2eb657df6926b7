/** What the tests of scenarios look at. */
import type { SearchResult } from '../../src/explorer/index.js';
import type { Machine } from '../../src/language/index.js';

/** Property -> length of its shortest counterexample, of those that do not hold. */
export const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

/**
 * `-EPERM freeze` and the like, sorted: every result that some reachable transition has. A plain walk over a small
 * machine, without the explorer.
 */
export function resultsSeen({ variables, processes, initialStates }: Machine): string[] {
  const key = (state: readonly unknown[]): string =>
    JSON.stringify(state.map((value, i) => variables[i].sort.encode(value)));
  const found = new Set(initialStates.map(key));
  const frontier = [...initialStates];
  const results = new Set<string>();
  for (let state = frontier.pop(); state; state = frontier.pop()) {
    const from = state;
    for (const process of processes) {
      for (const action of process.actions(process.frame < 0 ? undefined : from[process.frame])) {
        for (const outcome of action.run((variable) => from[variable])) {
          if (outcome.kind === 'fault') throw new Error(outcome.fault.message);
          if (outcome.label !== '') results.add(`${outcome.label} ${action.id.split('/')[0]}`);
          const to = from.map((value, i) => (outcome.writes.has(i) ? outcome.writes.get(i) : value));
          const known = key(to);
          if (found.has(known)) continue;
          found.add(known);
          frontier.push(to);
        }
      }
    }
  }
  return [...results].sort();
}
