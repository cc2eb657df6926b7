/** What a model's search saw, for tests: which steps fired, what guards said, which error codes came back. */
import { search } from '../src/explorer/index.js';
import { build, describe, type Model } from '../src/index.js';
import { coverageOf, type Coverage } from '../src/report/index.js';

/** Searches a model in a scope, which should be small. */
export async function coverage(
  model: Model,
  scope: Readonly<Record<string, unknown>> = {},
  edits: readonly string[] = [],
): Promise<Coverage> {
  return coverageOf(await search(build(model, { scope, edits })), describe(model, { scope }));
}
