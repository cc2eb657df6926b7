/** Whoever reads a trace sees variables that he does not know: each says what it stands for. */
import { describe as suite, expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { describe } from '../../src/language/index.js';

const models = builtin.flatMap((entry) => entry.models);

suite('each variable says what it stands for', () => {
  // Where a process stands in its program needs no words: frames are not declared, so none is among these.
  it.each(models.map((model) => [model.name, model] as const))('%s', (_, model) => {
    const { variables } = describe(model).builder;
    expect(variables.length).toBeGreaterThan(0);
    expect(variables.filter(({ doc = '' }) => doc === '').map(({ name }) => name)).toEqual([]);
  });

  it.each(models.map((model) => [model.name, model] as const))(
    '%s: in one line that ends without a stop',
    (_, model) => {
      const docs = describe(model).builder.variables.map(({ doc = '' }) => doc);
      expect(docs.filter((doc) => doc.length > 200 || /\.$|\n| {2}/.test(doc))).toEqual([]);
    },
  );
});
