/** Random models: the language, searched plainly, against the oracle. The engine has no part in this. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { build } from '../../src/language/index.js';
import { editText } from '../oracle/ast.js';
import { randomModel } from '../oracle/arbitrary.js';
import { fitted, models, parameters, patient } from '../oracle/fit.js';
import { naiveSearch } from '../oracle/naive.js';
import { translate } from '../oracle/translate.js';

/** Copies of one step have numbers in their ids; the oracle knows no copies. */
const plain = (id: string): string => id.replace(/~+(\d+|unlocked)/g, '');

it(`means what the oracle says: ${models} random models`, () => {
  const run = fc.property(randomModel, patient((drawn) => {
    const { model, oracle } = fitted(drawn);
    const machine = build(translate(model), { edits: model.edits.map(editText) });
    const naive = naiveSearch(machine, 4 * oracle.states + 100);
    const faults = new Map([...naive.faults].map(([id, depth]) => [plain(id), depth]));
    for (const [id, depth] of naive.faults) faults.set(plain(id), Math.min(depth, faults.get(plain(id))!));
    const { states, transitions, depth, deadlocks } = naive;
    expect({ states, transitions, depth, deadlocks, faults }).toEqual({
      states: oracle.states,
      transitions: oracle.transitions,
      depth: oracle.depth,
      deadlocks: oracle.deadlocks,
      faults: oracle.wrong,
    });
    for (const { id, k } of model.properties) {
      if (k === 'invariant') expect([id, naive.invariants.get(id)]).toEqual([id, oracle.properties.get(id)!.length]);
    }
  }));
  fc.assert(run, parameters(models));
}, 60_000 + models * 1000);
