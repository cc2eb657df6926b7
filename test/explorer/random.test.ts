/** Random models: the engine against the oracle, with roomy tables and with tables that must grow all the time. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SearchOptions, SearchResult } from '../../src/explorer/result.js';
import { search } from '../../src/explorer/search.js';
import { build } from '../../src/language/index.js';
import { editText } from '../oracle/ast.js';
import { randomModel } from '../oracle/arbitrary.js';
import { expected, found } from '../oracle/compare.js';
import { fitted, models, parameters, patient } from '../oracle/fit.js';
import { translate } from '../oracle/translate.js';

const ways: [string, SearchOptions, number][] = [
  ['one worker', {}, models],
  ['one worker, growing and re-laid out all the time', { slots: 16, tightWidths: true, chunk: 3 }, models],
  ['one worker, checking itself', { selfCheck: true, chunk: 1 }, Math.ceil(models / 10)],
];

it.each(ways)(
  'finds what the oracle finds: %s',
  async (_, options, count) => {
    const run = fc.asyncProperty(
      randomModel,
      patient(async (drawn) => {
        const { model, oracle } = fitted(drawn);
        const machine = build(translate(model), { edits: model.edits.map(editText) });
        const result: SearchResult = await search(machine, options);
        expect(found(result, oracle)).toEqual(expected(model, oracle));
      }),
    );
    await fc.assert(run, parameters(count));
  },
  60_000 + models * 1000,
);
