/** What a model has with one parameter of its scope a step smaller: quick searches, each with a limit. */
import { ModelError, build } from '../language/index.js';
import type { Search, Task } from './check.js';
import type { Smaller } from '../report/index.js';
import type { CheckOptions } from './options.js';

/** Each of these searches ends here, and says so. */
const LIMITS = { maxStates: 1_000_000, timeout: 20 };

/** Searches each smaller scope. Choices have no order and are left as they are. */
export async function smallerScopes(
  { found: { model }, machine }: Task,
  { edits, property }: CheckOptions,
  search: Search,
  { signal, onScope }: { signal: AbortSignal; onScope: (words: string) => void },
): Promise<Smaller[]> {
  const all: Smaller[] = [];
  for (const [parameter, about] of Object.entries(model.scope)) {
    const value = machine.scope[parameter];
    const less =
      about.kind === 'int' ? (value as number) - 1 : about.kind === 'flag' && value === true ? false : undefined;
    if (less === undefined || (about.kind === 'int' && (less as number) < about.min) || signal.aborted) continue;
    const none = { parameter, value: less, states: 0, seconds: 0, cut: false };
    onScope(`${parameter}=${less}`);
    try {
      const scope = { ...machine.scope, [parameter]: less };
      const properties = property.length > 0 ? property : undefined;
      const smaller = build(model, { scope, edits, denied: machine.denied, properties });
      const { states, seconds, incomplete } = await search(smaller, { ...LIMITS, signal });
      all.push({ ...none, states, seconds, cut: incomplete !== undefined });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      all.push({ ...none, impossible: error.message });
    }
  }
  return all;
}
