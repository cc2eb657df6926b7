/** Random models, with names, properties and edits. */
import fc from 'fast-check';
import { editText, type EditDecl, type ProcessDecl, type RandomModel } from './ast.js';
import { instantiate, inUse, possibleEdits, rewrite } from './instance.js';
import { locks, Naming, pick, type Env } from './naming.js';
import { showModel } from './print.js';
import { rawModel, type RawModel } from './raw.js';

/** All kinds of edits, as drawn by number. */
export const editKinds = ['drop', 'pass', 'unlock', 'once', 'split', 'reread', 'swap', 'move'] as const;

/** Gives names to everything that was drawn. */
export function nameAll(raw: RawModel): RandomModel {
  const naming = new Naming(raw);
  const fragments = raw.fragments.map(({ body, returns }, i) => {
    const env = naming.env(i + 1);
    const nodes = naming.list(body, env);
    return naming.program(`F${i}`, env, nodes, returns && naming.expr(returns, { ...env, shared: false }));
  });
  const handlers = raw.handlers.map((one, i) => naming.handler(one, i));
  const noLocals: Env = { ...naming.env(0), numbers: [], program: { numbers: [] } };
  const processes: ProcessDecl[] = [
    ...raw.processes.map((which, i): ProcessDecl => ({
      k: 'handlers',
      name: `cpu${i}`,
      handlers: [...new Set(which.map((n) => pick(handlers, n).name))],
    })),
    ...raw.hardware.map((rules, i): ProcessDecl => ({
      k: 'rules',
      name: `hw${i}`,
      rules: rules.map((rule, j) => naming.step(rule, noLocals, `r${j}`)),
    })),
  ];
  const properties = raw.properties
    .map((one, i) => naming.property(one, i, processes))
    .filter(({ k }, i, all) => k !== 'monitor' || all.findIndex((other) => other.k === k) === i);
  const starts = [...new Set(raw.starts)].map((n): [string, number] =>
    n % 3 === 0 ? ['b', 1] : ['v0', n % (raw.ints[0].max + 1)],
  );
  const model: RandomModel = {
    variables: naming.variables,
    locks,
    fragments,
    tails: naming.tails(),
    handlers,
    processes,
    starts,
    properties,
    edits: [],
  };
  return { ...model, edits: chooseEdits(model, raw.edits) };
}

function chooseEdits(model: RandomModel, raw: RawModel['edits']): EditDecl[] {
  const programs = inUse(model, instantiate(model));
  const taken = new Set<string>();
  return raw.flatMap(({ t, n }) => {
    const possible = possibleEdits(editKinds[t], programs).filter(
      ({ id, other }) => !`${id}${other ?? ''}`.includes('~'),
    );
    if (possible.length === 0) return [];
    const edit = pick(possible, n);
    // Nobody asks twice for one edit.
    if (taken.has(editText(edit))) return [];
    taken.add(editText(edit));
    rewrite(edit, programs);
    return [edit];
  });
}

/** Random models, which print themselves as text. */
export const randomModel: fc.Arbitrary<RandomModel> = rawModel.map((raw) => {
  const model = nameAll(raw);
  return Object.defineProperty({ ...model }, fc.toStringMethod, { value: () => showModel(model) });
});
