/** Random models: several workers against the oracle, and their traces against those of one worker. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SearchResult } from '../../src/explorer/index.js';
import type { Model } from '../../src/language/index.js';
import { builtEngine, defaultOf } from '../built.js';
import { editText } from '../oracle/ast.js';
import { randomModel } from '../oracle/arbitrary.js';
import { expected, found } from '../oracle/compare.js';
import { fitted, models, parameters, patient } from '../oracle/fit.js';
import { ModelModules } from '../oracle/multi.js';

/** A pool takes a while to start, so fewer models than with one worker. */
const count = Math.ceil(models / 16);

let modules: ModelModules;
beforeAll(async () => {
  modules = await ModelModules.open();
});
afterAll(() => modules.close());

const traces = ({ properties }: SearchResult) =>
  properties.map(({ id, trace }) => [
    id,
    trace?.loop,
    trace?.steps.map(({ process, action, label }) => [process, action, label]),
  ]);

it.each([2, 3])(
  'finds what the oracle finds, with the traces of one worker: %i workers',
  async (workers) => {
    const { search, build } = await builtEngine();
    const run = fc.asyncProperty(
      randomModel,
      patient(async (drawn) => {
        const { model, oracle } = fitted(drawn);
        const edits = model.edits.map(editText);
        const module = await modules.write(model);
        const machine = build(await defaultOf<Model>(module), { edits });
        const source = { module, model: 'random', scope: {}, edits };
        const result = await search(machine, { workers, source, prefix: 0, slots: 16, tightWidths: true, chunk: 3 });
        expect(found(result, oracle)).toEqual(expected(model, oracle));
        expect(traces(result)).toEqual(traces(await search(machine)));
      }),
    );
    await fc.assert(run, parameters(count));
  },
  60_000 + models * 1000,
);
