/** The edits of an audit: all of some kinds that a model's programs allow, in the order of the programs. */
import { idsFor, printEdit, walk, type Described, type Edit, type Tree } from '../language/index.js';
import { matches } from '../language/ids.js';
import { listsOf } from '../language/tree.js';

/** What an audit can try; `call` drops a whole call. */
export const kinds = ['pass', 'drop', 'swap', 'unlock', 'call'] as const;
export type Kind = (typeof kinds)[number];

/** Tried unless the user says otherwise. */
export const usualKinds: readonly Kind[] = ['pass', 'drop', 'swap', 'unlock'];

/** One edit to try. */
export interface AuditEdit {
  readonly kind: Kind;
  /** As `check --edit` takes it, with whole ids. */
  readonly text: string;
  /** The same, with the shortest ids that are still unique. */
  readonly short: string;
  /** Ids of the steps that it is about: those dropped, exchanged, under the lock, or behind the guard in its handler. */
  readonly steps: readonly string[];
  /** Of `pass`: the id of the guard. */
  readonly guard: string | undefined;
  /** It changes the always-on rules of a process that has no program. */
  readonly rules: boolean;
}

interface Program {
  readonly trees: readonly Tree[];
  readonly rules: boolean;
}

/** All edits of these kinds: one kind after another, each in the order of the programs. */
export function auditEdits(described: Described, wanted: readonly Kind[]): AuditEdit[] {
  const programs = programsOf(described);
  const ids = {
    pass: idsFor('pass', described.editable),
    drop: idsFor('drop', described.editable),
    swap: idsFor('swap', described.editable),
    unlock: idsFor('unlock', described.editable),
  };
  const found = new Map<string, AuditEdit>();
  for (const kind of kinds) {
    if (!wanted.includes(kind)) continue;
    for (const program of programs) {
      for (const { edit, trees } of editsOf(kind, program)) {
        const text = printEdit(edit);
        // Processes that run the same handlers are edited together.
        if (found.has(text)) continue;
        const known = ids[edit.kind as keyof typeof ids];
        const short = printEdit(
          edit.kind === 'swap'
            ? { ...edit, id: shortId(edit.id, known), other: shortId(edit.other, known) }
            : { ...edit, id: shortId(edit.id, known) },
        );
        const guard = kind === 'pass' ? edit.id : undefined;
        found.set(text, { kind, text, short, steps: stepIds(trees), guard, rules: program.rules });
      }
    }
  }
  return [...found.values()];
}

function programsOf({ builder, editable }: Described): Program[] {
  let at = 0;
  return builder.processes.flatMap((process) => {
    const rules = process.kind === 'rules';
    const own = editable.programs.slice(at, (at += rules ? 1 : process.handlers.length));
    return own.map((trees): Program => ({ trees, rules }));
  });
}

/** The edits of one program, each with the nodes that it is about. */
function editsOf(kind: Kind, { trees, rules }: Program): { edit: Edit; trees: readonly Tree[] }[] {
  const one = { programs: [trees as Tree[]] };
  const all = [...walk(trees)];
  const at = (path: string): Tree => all.find((tree) => tree.path === path)!;
  switch (kind) {
    case 'pass':
      return idsFor('pass', one).map((id) => {
        const step = id.slice(0, id.lastIndexOf('/'));
        // What a guard keeps from happening is what would follow; a rule is followed by nothing.
        const behind = rules ? [at(step)] : all.slice(all.indexOf(at(step))).filter(isStep);
        return { edit: { kind, id }, trees: behind };
      });
    case 'drop':
    case 'call':
      return idsFor('drop', one)
        .filter((id) => (kind === 'call') === (at(id).kind === 'call'))
        .map((id) => ({ edit: { kind: 'drop', id }, trees: [at(id)] }));
    case 'unlock':
      return idsFor('unlock', one).map((id) => ({ edit: { kind, id }, trees: [at(id)] }));
    case 'swap':
      // Rules have no order.
      return rules
        ? []
        : neighbours(trees).map(([a, b]) => ({ edit: { kind, id: a.path, other: b.path }, trees: [a, b] }));
  }
}

function neighbours(list: readonly Tree[]): [Tree, Tree][] {
  const own = list.slice(1).map((tree, i): [Tree, Tree] => [list[i], tree]);
  return [...own, ...list.flatMap((tree) => listsOf(tree).flatMap(neighbours))];
}

const isStep = ({ kind }: Tree): boolean => kind === 'step' || kind === 'release';

const stepIds = (trees: readonly Tree[]): string[] => [
  ...new Set([...walk(trees)].filter(isStep).map(({ path }) => path)),
];

/** The shortest part of an id that names nothing else: its handler and its label, if need be with one label between. */
function shortId(id: string, all: readonly string[]): string {
  const labels = id.split('/');
  const [first, last] = [labels[0], labels[labels.length - 1]];
  const between = labels.slice(1, -1).map((label) => `${first}/${label}/${last}`);
  const unique = (query: string): boolean => all.every((path) => path === id || !matches(query, path));
  return [`${first}/${last}`, ...between].find((query) => query.length < id.length && unique(query)) ?? id;
}
