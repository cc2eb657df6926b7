/** What is said without a search is what a search finds. */
import { beforeAll, expect, it } from 'vitest';
import type * as worker from '../../src/cli/audit/worker.js';
import { builtin } from '../../models/index.js';
import { auditEdits, kinds } from '../../src/audit/edits.js';
import { describe } from '../../src/language/index.js';
import { built } from '../cli/run.js';
import { builtEngine, builtSource, defaultOf } from '../built.js';
import { named } from '../spec/observe.js';

beforeAll(built);

/**
 * File, model, scope; how many edits must be known without a search (else this tests nothing); and every how many of
 * them is searched after all.
 */
const cases = [
  ['sc-01', 'SC-01', { pages: 1, iovas: 1 }, 10, 1],
  ['sc-08', 'SC-08', {}, 10, 10],
  ['sc-10', 'SC-10', {}, 3, 1],
] as const;

it.each(cases)('%s', async (file, name, scope, least, each) => {
  const source = { ...builtSource(file, scope, []), model: name };
  const module = new URL('../../dist/src/cli/audit/worker.js', import.meta.url).href;
  const { explorePlain } = (await import(module)) as typeof worker;
  const edits = auditEdits(
    describe(
      named(
        builtin.flatMap((own) => own.models),
        name,
      ),
      { scope },
    ),
    kinds,
  );
  const control = new SharedArrayBuffer(8);
  const limits = { maxStates: 1e6, maxMemory: undefined, timeout: undefined };
  const plain = await explorePlain({ source, limits, file: '', cwd: '/', control, slot: 0, edits });
  if (plain.interrupted || !('reference' in plain)) throw new Error(`no reference: ${JSON.stringify(plain)}`);
  const { sameGraph, states, transitions, depth } = plain.reference;
  expect(sameGraph.length).toBeGreaterThanOrEqual(least);
  const { search, build } = await builtEngine();
  const models = [await defaultOf<Parameters<typeof build>[0]>(source.module)].flat();
  const model = models.find((one) => one.name === name)!;
  for (const edit of sameGraph.filter((_, i) => i % each === 0)) {
    const result = await search(build(model, { scope, edits: [edit] }));
    expect([edit, result.states, result.transitions, result.depth]).toEqual([edit, states, transitions, depth]);
    expect(result.properties.filter(({ verdict }) => verdict === 'violated').map(({ id }) => id)).toEqual(
      plain.violated,
    );
  }
});
