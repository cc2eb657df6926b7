/** Everything that a model has an id for, with what is known of it: what `explain` looks through. */
import { describe, slug, walk, type Described, type Tree } from '../language/index.js';
import { functionName, guardEnd } from '../report/index.js';
import type { Found } from './models.js';

/** What an id can name. */
export type Kind =
  | 'scenario'
  | 'property'
  | 'assumption'
  | 'window'
  | 'defect'
  | 'process'
  | 'handler'
  | 'step'
  | 'guard'
  | 'lock'
  | 'loop';

/** Something with an id. The same thing in several models, or inlined in several places, is one. */
export interface Thing {
  readonly kind: Kind;
  /** All its ids, the full path of each place. */
  readonly ids: string[];
  /** Its one sentence. */
  readonly text: string;
  /** What else is known, by title. */
  readonly facts: readonly (readonly [title: string, text: string])[];
  /** `file:line`, as the stack gave it; empty if it did not. */
  readonly at: string;
  /** Names of the models that have it. */
  readonly models: string[];
  /** The option of `check` that takes it away, with `ID` for its id. */
  readonly without?: string;
}

/** A thing as it stands in one place of one model. Where that is written is not looked up before it is asked for. */
export interface Place extends Omit<Thing, 'at' | 'models'> {
  readonly model: string;
  readonly at: () => string | undefined;
}

/** All things of some models, wherever they stand. @throws ModelError if a model can't be built in its default scope */
export const placesOf = (found: readonly Found[]): Place[] =>
  found.flatMap(({ model }) => [...modelThings(describe(model))].map((place) => ({ ...place, model: model.name })));

/** Places of one thing as one: in several models, or of a fragment that is inlined in several programs. */
export function thingsAt(places: readonly Place[]): Thing[] {
  const all = new Map<string, Thing>();
  for (const { model, at: where, ...place } of places) {
    const { kind, ids, text, facts } = place;
    const at = where() ?? '';
    const inlined = ids[0].includes('/');
    const key = JSON.stringify([kind, inlined ? ids[0].split('/').at(-1) : ids[0], text, at, inlined ? facts : []]);
    const known = all.get(key);
    if (!known) all.set(key, { ...place, ids: [...ids], at, models: [model] });
    else {
      for (const id of ids) if (!known.ids.includes(id)) known.ids.push(id);
      if (!known.models.includes(model)) known.models.push(model);
    }
  }
  return [...all.values()];
}

type Plain = Omit<Place, 'model'>;

function* modelThings(described: Described): Generator<Plain> {
  const { builder, editable } = described;
  for (const { id, kind, build } of builder.declared) {
    const { text, source, origin } = build({ all: [], numberOf: () => 0 });
    yield thing('property', id, text, () => origin.at, ['kind', kind], ['source', source]);
  }
  for (const { id, text, deniable } of builder.assumptions)
    yield { ...thing('assumption', id, text, nowhere), ...(deniable ? { without: '--deny ID' } : {}) };
  for (const process of builder.processes) {
    const names = process.kind === 'handlers' ? process.handlers.map(({ name }) => slug(name)) : [];
    const what = process.kind === 'handlers' ? `runs ${names.join(', ')}` : 'hardware, or whatever else acts by rules';
    yield thing('process', process.name, what, nowhere);
    if (process.kind === 'rules') continue;
    for (const { name, origin } of process.handlers) {
      const { doc = '', fn = '', source } = origin;
      yield thing('handler', slug(name), doc, () => origin.at, ['function', functionName(fn)], ['source', source]);
    }
  }
  for (const variable of builder.variables) {
    if (variable.kind !== 'lock') continue;
    const { lockClass, lockKind, protects } = variable as typeof variable & LockParts;
    const own = protects.map(({ name }) => name.replace(/\[.*$/, ''));
    yield thing('lock', lockClass, `a ${lockKind} lock`, nowhere, ['protects', [...new Set(own)].join(', ')]);
  }
  for (const tree of editable.programs.flatMap((program) => [...walk(program)])) yield* treeThings(tree);
}

interface LockParts {
  readonly lockClass: string;
  readonly lockKind: string;
  readonly protects: readonly { readonly name: string }[];
}

function* treeThings(tree: Tree): Generator<Plain> {
  switch (tree.kind) {
    case 'step': {
      const { origin, spec } = tree.node;
      const about = [
        ['function', functionName(origin.fn ?? '')],
        ['source', origin.source],
      ] as const;
      yield { ...thing('step', tree.path, origin.doc ?? '', () => origin.at, ...about), without: '--without ID' };
      for (const guard of spec.guards ?? []) {
        const id = `${tree.path}/${guard.id}`;
        const facts = [['otherwise', guardEnd(guard.else)], about[0], ['source', guard.source]] as const;
        yield { ...thing('guard', id, guard.doc, () => origin.at, ...facts), without: '--without ID' };
      }
      return;
    }
    case 'release':
      yield { ...thing('step', tree.path, 'releases its lock', () => tree.node.origin.at), without: '--without ID' };
      return;
    case 'locked': {
      const text = 'everything below it runs with the lock held';
      const lock = classOf(tree);
      const at = () => tree.node.origin.at;
      yield { ...thing('lock', tree.path, text, at, ['lock', lock]), without: '--without ID' };
      return;
    }
    case 'each':
      yield { ...thing('loop', tree.path, `once for each ${tree.node.as}`, nowhere), without: '--edit "once ID"' };
  }
}

/** The class of the lock that a block takes. Which member of a family follows from the locals: any of them tells it. */
function classOf(tree: Extract<Tree, { kind: 'locked' }>): string {
  try {
    return tree.node.lock(new Proxy({}, { get: () => 0 })).lockClass;
  } catch {
    return '';
  }
}

const nowhere = (): undefined => undefined;

function thing(
  kind: Kind,
  id: string,
  text: string,
  at: () => string | undefined,
  ...facts: readonly (readonly [string, string | undefined])[]
): Plain {
  const known = facts.flatMap(([title, fact]): [string, string][] => (fact ? [[title, fact]] : []));
  return { kind, ids: [id], text, at, facts: known };
}
