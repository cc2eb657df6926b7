/** `ringfence list`: the models, or everything in one of them that has an id, one line each. */
import { describe, walk, type Described, type Model, type Tree } from '../language/index.js';
import { functionName, guardEnd, pad, styled, widest, type Line, type Margin } from '../report/index.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { listLocks } from './locks.js';
import { builtinModels, findModels } from './models.js';
import { shortPlace } from './package.js';
import { say, type Terminal } from './terminal.js';

/** Options of `list`. */
export interface ListOptions {
  readonly scope: Readonly<Record<string, string>>;
  /** The lock-order graph instead, from a search. */
  readonly locks: boolean;
  readonly json: boolean;
}

/** Lists the models, or the parts of one model. @throws InputError, ModelError */
export async function list(
  name: string | undefined,
  { scope, locks, json }: ListOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (json && !locks) throw new InputError('--json goes with --locks only');
  if (locks && name === undefined) throw new InputError('--locks needs a model: "ringfence list SC-01 --locks"');
  if (name === undefined) {
    const models = builtinModels().map(({ model }) => model);
    const width = widest(
      models.map((model) => model.name),
      30,
    );
    say(
      terminal,
      models.map((model) => [
        styled('bold', pad(model.name, width)),
        `  ${model.title}`,
        styled('dim', model.onlyByName ? '  (only by name)' : ''),
      ]),
    );
    return Exit.asExpected;
  }
  const found = await findModels([name], terminal.cwd);
  for (const [i, one] of found.entries()) {
    if (i > 0 && !json) say(terminal, [[]]);
    if (locks) await listLocks(one, scope, json, terminal);
    else
      say(
        terminal,
        modelLines(one.model, describe(one.model, { scope }), (at) => shortPlace(at, terminal.cwd)),
      );
  }
  return Exit.asExpected;
}

/** Makes a source position short. */
type Place = (at: string) => string;

function modelLines(model: Model, described: Described, place: Place): Line[] {
  return [
    [styled('bold', model.name), `  ${model.title}`],
    ...scopeLines(model, described),
    ...programLines(described, place),
    ...propertyLines(described),
    ...section(
      'assumptions',
      described.builder.assumptions.map(({ id, text, deniable }) => [id, deniable ? `${text} (--deny)` : text]),
    ),
    [],
    [
      styled(
        'dim',
        'edits: --without ID for a step, guard or lock; --edit "once LOOP", "swap STEP STEP", "move STEP before STEP", "split STEP", "reread STEP"',
      ),
    ],
  ];
}

/** A heading and rows in two columns. */
function section(title: string, rows: readonly (readonly [string, string])[]): Line[] {
  if (rows.length === 0) return [];
  const width = widest(
    rows.map(([first]) => first),
    60,
  );
  return [
    [],
    [styled('bold', title)],
    ...rows.map(([first, second]): Line => ['  ', pad(first, width), '  ', styled('dim', second)]),
  ];
}

function scopeLines(model: Model, { scope }: Described): Line[] {
  const rows = Object.entries(model.scope).map(([name, parameter]): [string, string] => {
    const allowed =
      parameter.kind === 'int'
        ? `${parameter.min}..${parameter.max}`
        : parameter.kind === 'choice'
          ? parameter.choices.join(' | ')
          : 'true | false';
    return [`${name}=${String(scope[name])}`, `${allowed}  ${parameter.doc}`];
  });
  return section('scope', rows);
}

/** The steps, guards and locks of all programs; `margin` may say something before each. */
export function programLines({ builder, editable }: Described, place: Place, margin: Margin = () => []): Line[] {
  // Processes that run the same handlers are listed once.
  const groups = new Map<string, { processes: string[]; title: string; rows: [string, string, string][] }>();
  let at = 0;
  for (const process of builder.processes) {
    const size = process.kind === 'handlers' ? process.handlers.length : 1;
    const trees = editable.programs.slice(at, (at += size)).flatMap((program) => [...walk(program)]);
    const rows = trees.flatMap((tree) => treeRows(tree, place));
    const own = process.kind === 'rules' ? rows.map(([, id]) => id) : rows.map(([kind, id]) => `${kind} ${id}`);
    const key = own.join('\n');
    const group = groups.get(key);
    if (group) group.processes.push(process.name);
    else
      groups.set(key, {
        processes: [process.name],
        title: process.kind === 'handlers' ? 'runs handlers' : 'hardware',
        rows,
      });
  }
  return [...groups.values()].flatMap(({ processes, title, rows }) => {
    const width = widest(
      rows.map(([, id]) => id),
      60,
    );
    const seen = new Set<string>();
    const fresh = rows.filter(([kind, id]) => !seen.has(`${kind} ${id}`) && seen.add(`${kind} ${id}`));
    return [
      [],
      [styled('bold', processes.join(', ')), styled('dim', `  ${title}`)],
      ...fresh.map(([kind, id, about]): Line => [
        ...margin(kind, id),
        '  ',
        styled('accent', pad(kind, 5)),
        '  ',
        pad(id, width),
        '  ',
        styled('dim', about),
      ]),
    ];
  });
}

function treeRows(tree: Tree, place: Place): [kind: string, id: string, about: string][] {
  const words = (...parts: (string | undefined)[]): string =>
    parts.filter((part) => part !== undefined && part !== '').join('  ');
  const where = (at: string | undefined): string => (at === undefined ? '' : place(at));
  switch (tree.kind) {
    case 'step': {
      const { origin, spec } = tree.node;
      const fn = functionName(origin.fn ?? '');
      const guards = (spec.guards ?? []).map((guard): [string, string, string] => [
        'guard',
        `${tree.path}/${guard.id}`,
        words(guard.doc, `else ${guardEnd(guard.else)}`, guard.source),
      ]);
      return [['step', tree.path, words(origin.doc, fn, where(origin.at))], ...guards];
    }
    case 'release':
      return [['step', tree.path, words('releases its lock', where(tree.node.origin.at))]];
    case 'locked':
      return [['lock', tree.path, where(tree.node.origin.at)]];
    case 'each':
      return [['loop', tree.path, `for each ${tree.node.as}`]];
    default:
      return [];
  }
}

function propertyLines({ builder }: Described): Line[] {
  const rows = builder.declared.map(({ id, kind, build }): [string, string, string] => [
    id,
    kind,
    build({ all: [], numberOf: () => 0 }).text,
  ]);
  if (rows.length === 0) return [];
  const ids = widest(
    rows.map(([id]) => id),
    40,
  );
  const kinds = widest(
    rows.map(([, kind]) => kind),
    40,
  );
  return [
    [],
    [styled('bold', 'properties')],
    ...rows.map(([id, kind, text]): Line => [
      '  ',
      pad(id, ids),
      '  ',
      styled('accent', pad(kind, kinds)),
      '  ',
      styled('dim', text),
    ]),
  ];
}
