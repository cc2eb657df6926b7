/** Adds to what a search found why there is no way on: see `impasseOf`. */
import { ModelError, build, type Machine } from '../language/index.js';
import { impasseOf, type SearchResult, type Trace } from '../explorer/index.js';
import type { Task } from './check.js';

/** The result, with what stands in the way in the traces of properties about what can follow. */
export async function explained(
  { found, machine }: Pick<Task, 'found' | 'machine'>,
  result: SearchResult,
  signal: AbortSignal,
): Promise<SearchResult> {
  const { scope, denied, edits } = machine;
  const properties = machine.properties.map(({ id }) => id);
  const own = edits.flatMap((edit) => edit.split('; '));
  const without = (guards: readonly string[]): Machine | undefined => {
    try {
      const passes = guards.map((guard) => `pass ${guard}`);
      return build(found.model, { scope, denied, properties, edits: [...own, ...passes] });
    } catch (error) {
      // An edit of the user's may have changed this very place.
      if (error instanceof ModelError) return undefined;
      throw error;
    }
  };
  const one = async (trace: Trace): Promise<Trace> => {
    const impasse = await impasseOf(machine, trace, { without, signal });
    return impasse ? { ...trace, impasse } : trace;
  };
  const all = [];
  for (const property of result.properties)
    all.push(property.trace ? { ...property, trace: await one(property.trace) } : property);
  return { ...result, properties: all };
}
