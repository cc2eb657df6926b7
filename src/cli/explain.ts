/** `ringfence explain ID`: what an id means, where it comes from, who uses it, and how to see it fail. */
import type { Defect } from '../../models/defect.js';
import { matches, nearest, slug } from '../language/index.js';
import { pad, styled, type Line } from '../report/index.js';
import { allDefects, defectThings, scenarioThing, windowThings } from './catalogue.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { mentionsOf } from './mentions.js';
import { builtinModels, findModels, named, type Found } from './models.js';
import { shortPlace } from './package.js';
import { reproduce } from './reproduce.js';
import { say, type Terminal } from './terminal.js';
import { placesOf, thingsAt, type Kind, type Thing } from './things.js';

/** Options of `explain`. */
export interface ExplainOptions {
  /** Only in this model: a built-in one, or a file. */
  readonly model?: string;
  readonly json: boolean;
}

/** A seeded defect that has to do with a thing. */
interface Related {
  readonly id: string;
  readonly what: string;
  readonly model: string;
  readonly violates: Defect['violates'];
  /** The command that shows it. */
  readonly reproduce: string;
}

/** A thing with all that is known of it from elsewhere. */
interface Explained extends Omit<Thing, 'without'> {
  /** The option of `check` that takes it away. */
  readonly without?: string;
  readonly defects: readonly Related[];
  /** `file:line` of our own sources and pages that name it. */
  readonly mentions: readonly string[];
  /** A command that shows what it is good for. */
  readonly see?: string;
}

/** Lines of one kind to print, before `and N more`. */
const MANY = 8;

/** Explains an id. @throws InputError with the nearest ids if there is none */
export async function explain(id: string, { model, json }: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const found = model === undefined ? builtinModels() : await findModels([model], terminal.cwd);
  const ours = found.filter(({ file }) => file === '').map((one) => one.model);
  const own = model === undefined ? [...windowThings()] : [];
  const catalogue = [...ours.map(scenarioThing), ...own, ...defectThings(ours)];
  const places = placesOf(found);
  const wanted = wantedBy(id, [...catalogue, ...places]);
  const hits = [...those(catalogue, wanted), ...thingsAt(those(places, wanted))];
  if (hits.length === 0) throw new InputError(`nothing is called "${id}"${hint(id, [...catalogue, ...places])}`);
  const explained = hits.map((thing) => explainThing(id, thing, found, terminal.cwd));
  if (json) terminal.stdout.write(`${JSON.stringify(explained)}\n`);
  else {
    const shown = explained.slice(0, MANY);
    const named = [...new Set(explained.flatMap(({ mentions }) => mentions))];
    const rest = explained.length - shown.length;
    say(terminal, [
      ...shown.flatMap((one, i) => [...(i > 0 ? [[]] : []), ...linesOf(one)]),
      ...(named.length > 0 ? [[], ...rowsOf(listed('named in', byFile(named)))] : []),
      ...(rest > 0
        ? [[], [styled('warn', `and ${rest} more: --model MODEL says which is meant, --json has all`)]]
        : []),
    ]);
  }
  return Exit.asExpected;
}

/** What can be looked for. */
type Sought = Pick<Thing, 'kind' | 'ids' | 'facts'>;

/** Which ids of a thing are meant: those that are just so, or, if nothing is called so, those that it is a part of. */
function wantedBy(id: string, all: readonly Sought[]): (sought: Sought) => string[] {
  const called = (name: string): boolean => slug(name).toLowerCase() === slug(id).toLowerCase();
  const exact = all.filter(({ ids }) => ids.some(called));
  if (exact.length === 0) return ({ ids }) => ids.filter((name) => name.includes('/') && matches(slug(id), name));
  // A lock's name stands for the blocks that take it, too.
  const locks = new Set(exact.filter(({ kind }) => kind === 'lock').map(({ ids }) => ids[0]));
  const takes = ({ facts }: Sought): boolean => facts.some(([title, fact]) => title === 'lock' && locks.has(fact));
  return (sought) => (takes(sought) ? [...sought.ids] : sought.ids.filter(called));
}

/** The things that have an id that is meant, with no other. */
const those = <T extends Sought>(all: readonly T[], wanted: (sought: Sought) => string[]): T[] =>
  all.map((one) => ({ ...one, ids: wanted(one) })).filter(({ ids }) => ids.length > 0);

function hint(id: string, all: readonly Sought[]): string {
  const near = nearest(id, [...new Set(all.flatMap(({ ids }) => ids))]);
  return near.length > 0
    ? `; did you mean ${near.map((one) => `"${one}"`).join(' or ')}?`
    : '; "ringfence list MODEL" prints the ids of a model';
}

/** What has no id of its own in documents. */
const inProgram: readonly Kind[] = ['process', 'handler', 'step', 'guard', 'lock', 'loop'];

function explainThing(query: string, thing: Thing, found: readonly Found[], cwd: string): Explained {
  const { kind, ids, models, without, at } = thing;
  const defects = allDefects()
    .filter((defect) => concerns(defect, thing))
    .map(related);
  const option = without?.replace('ID', ids.length === 1 ? ids[0] : query.includes('/') ? query : ids[0]);
  const first = found.find(({ model }) => model.name === models[0]);
  const [shown] = [...defects].sort((a, b) => shortestOf(a, ids[0]) - shortestOf(b, ids[0]));
  const check = first && ['npx ringfence check', first.file || first.model.name].join(' ');
  const tried = check && option !== undefined ? `${check} ${option}` : kind === 'scenario' ? check : undefined;
  const violating = shown && Object.keys(shown.violates).length > 0 ? shown.reproduce : undefined;
  const see = kind === 'scenario' ? tried : (violating ?? tried);
  const mentions = inProgram.includes(kind) ? [] : mentionsOf(ids[0]);
  return {
    ...thing,
    at:
      at === ''
        ? kind === 'window'
          ? (mentions.find((place) => place.startsWith('models/windows')) ?? '')
          : ''
        : shortPlace(at, cwd),
    facts: [...thing.facts, ...expectedIn(thing, found)],
    without: option,
    defects,
    mentions,
    ...(see === undefined ? {} : { see }),
  };
}

/** The models that are expected to violate a property. */
function expectedIn({ kind, ids, models }: Thing, found: readonly Found[]): [string, string][] {
  if (kind !== 'property') return [];
  const names = found
    .filter(({ model }) => {
      if (!models.includes(model.name)) return false;
      const scope = Object.fromEntries(
        Object.entries(model.scope).map(([name, parameter]) => [name, parameter.default]),
      );
      return Object.hasOwn(model.expected(scope), ids[0]);
    })
    .map(({ model }) => model.name);
  return names.length > 0 ? [['violated in', `${names.join(', ')}, as expected`]] : [];
}

/** Does a defect row take a thing away, break it, or name it? */
function concerns(defect: Defect, { kind, ids, models }: Thing): boolean {
  const [id] = ids;
  switch (kind) {
    case 'defect':
      return defect.id === id;
    case 'property':
      return models.includes(defect.model) && Object.hasOwn(defect.violates, id);
    case 'assumption':
      return models.includes(defect.model) && (defect.deny ?? []).includes(id);
    case 'scenario':
      return models.includes(defect.model);
    case 'window':
      return [defect.id, defect.what, defect.note ?? ''].some((text) => new RegExp(`\\b${id}\\b`).test(text));
    case 'step':
    case 'guard':
    case 'lock':
    case 'loop': {
      const operands = defect.edits.flatMap((edit) =>
        edit
          .split(/\s+/)
          .slice(1)
          .filter((word) => word !== 'before'),
      );
      return models.includes(defect.model) && operands.some((word) => ids.some((own) => matches(word, own)));
    }
    default:
      return false;
  }
}

function related({ id, what, model, scope = {}, edits, deny = [], violates }: Defect): Related {
  const found = named(model);
  const defaults = Object.entries(found.model.scope).map(([name, parameter]) => [name, parameter.default] as const);
  const machine = { scope: { ...Object.fromEntries(defaults), ...scope }, denied: deny };
  return { id, what, model, violates, reproduce: reproduce(found, machine, { edits, property: [] }) };
}

/** How long the attack of a defect on a property is, or the shortest one on any. */
const shortestOf = ({ violates }: Related, property: string): number =>
  violates[property] ?? Math.min(Infinity, ...Object.values(violates)) + 1000;

function linesOf({ kind, ids, text, facts, at, models, without, defects, see }: Explained): Line[] {
  const head: Line = [styled('bold', ids[0]), '  ', styled('accent', kind)];
  const rows: [string, string][] = [
    ...(text === '' ? [] : [['says', text] as [string, string]]),
    ...facts.map(([title, fact]): [string, string] => [title, fact]),
    ...(at === '' ? [] : [['written', at] as [string, string]]),
    ...listed('also as', ids.slice(1)),
    ...(models.length === 0 || kind === 'scenario' ? [] : [['in models', some(models).join(', ')] as [string, string]]),
    ...(without === undefined ? [] : [['without it', without] as [string, string]]),
    ...listed(
      kind === 'defect' ? 'tried as' : 'defects',
      defects.map(
        (defect) =>
          (kind === 'defect' ? defect.reproduce : `${defect.id} ${defect.what}`) +
          lengths(defect, kind === 'property' ? ids[0] : undefined),
      ),
    ),
    ...(see === undefined || kind === 'defect' ? [] : [['see it', see] as [string, string]]),
  ];
  return [head, ...rowsOf(rows)];
}

const rowsOf = (rows: readonly (readonly [string, string])[]): Line[] =>
  rows.map(([title, fact]): Line => ['  ', styled('dim', pad(title, 12)), fact]);

/** `file:1,2` for `file:1` and `file:2`. */
function byFile(places: readonly string[]): string[] {
  const files = new Map<string, string[]>();
  for (const place of places) {
    const at = place.lastIndexOf(':');
    files.set(place.slice(0, at), [...(files.get(place.slice(0, at)) ?? []), place.slice(at + 1)]);
  }
  return [...files].map(([file, lines]) => `${file}:${lines.join(',')}`);
}

/** `: I-1 in 12, I-7 in 12 steps`. */
function lengths({ violates }: Related, property: string | undefined): string {
  const own = Object.entries(violates);
  const one = own.filter(([id]) => id === property);
  const all = (one.length > 0 ? one : own).map(([id, length]) => `${id} in ${length}`);
  return all.length === 0 ? ': breaks nothing' : `: ${all.join(', ')} steps`;
}

/** Some texts in rows of their own, only the first with a title. */
const listed = (title: string, texts: readonly string[]): [string, string][] =>
  some(texts).map((text, i) => [i === 0 ? title : '', text]);

const some = (texts: readonly string[]): string[] =>
  texts.length <= MANY
    ? [...texts]
    : [...texts.slice(0, MANY - 1), `and ${texts.length - MANY + 1} more (--json has all)`];
