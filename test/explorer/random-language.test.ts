/** Random models: the language, searched plainly, against the oracle. The engine has no part in this. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { build } from '../../src/language/index.js';
import { editText } from '../oracle/ast.js';
import { randomModel } from '../oracle/arbitrary.js';
import { withoutCopies } from '../oracle/compare.js';
import { fitted, models, parameters, patient } from '../oracle/fit.js';
import { naiveSearch } from '../oracle/naive.js';
import { translate } from '../oracle/translate.js';

it(
  `means what the oracle says: ${models} random models`,
  async () => {
    const run = fc.asyncProperty(
      randomModel,
      patient((drawn) => {
        const { model, oracle } = fitted(drawn);
        const machine = build(translate(model), { edits: model.edits.map(editText) });
        const naive = naiveSearch(machine, 4 * oracle.states + 100);
        const faults = new Map<string, number>();
        for (const [id, depth] of naive.faults) {
          faults.set(withoutCopies(id), Math.min(depth, faults.get(withoutCopies(id)) ?? Infinity));
        }
        const { states, transitions, depth, deadlocks, locks } = naive;
        expect({ states, transitions, depth, deadlocks, faults, locks }).toEqual({
          states: oracle.states,
          transitions: oracle.transitions,
          depth: oracle.depth,
          deadlocks: oracle.deadlocks,
          faults: oracle.wrong,
          locks: oracle.locks,
        });
        for (const { id, k } of model.properties) {
          if (k === 'invariant')
            expect([id, naive.invariants.get(id)]).toEqual([id, oracle.properties.get(id)!.length]);
        }
      }),
    );
    await fc.assert(run, parameters(models));
  },
  60_000 + models * 1000,
);
