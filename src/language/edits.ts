/** Program edits as data: parsed from text, applied to trees before they are compiled. */
import { ModelError } from './errors.js';
import { resolve } from './ids.js';
import { listsOf, walk, type Tree } from './tree.js';

/** One edit, its operands as ids the user wrote. */
export type Edit =
  | { readonly kind: 'drop' | 'pass' | 'unlock' | 'once' | 'split' | 'reread'; readonly id: string }
  | { readonly kind: 'swap' | 'move'; readonly id: string; readonly other: string };

/** What an id can name, for messages and `list`. */
const operand: Readonly<Record<Edit['kind'], string>> = {
  drop: 'step',
  pass: 'guard',
  unlock: 'lock',
  once: 'loop',
  split: 'step',
  reread: 'step',
  swap: 'step',
  move: 'step',
};

/** The text of an edit, as {@link parseEdit} reads it. */
export function printEdit(edit: Edit): string {
  if (edit.kind === 'swap') return `swap ${edit.id} ${edit.other}`;
  if (edit.kind === 'move') return `move ${edit.id} before ${edit.other}`;
  return `${edit.kind} ${edit.id}`;
}

/** Reads `drop STEP`, `swap A B`, `pass GUARD`, `move X before Y`, `unlock L`, `once LOOP`, `split STEP`, `reread READ`. @throws ModelError */
export function parseEdit(text: string): Edit {
  const words = text.trim().split(/\s+/);
  const [kind, id, third, fourth] = words;
  if (kind === 'swap' && words.length === 3) return { kind, id, other: third };
  if (kind === 'move' && words.length === 4 && third === 'before') return { kind, id, other: fourth };
  if (['drop', 'pass', 'unlock', 'once', 'split', 'reread'].includes(kind) && words.length === 2) {
    return { kind: kind as 'drop', id };
  }
  throw new ModelError(
    `"${text}" is no edit: write "drop STEP", "swap A B", "pass GUARD", "move X before Y", "unlock LOCK", "once LOOP", "split STEP" or "reread STEP"`,
  );
}

/** The trees of all handlers and rules of a model, to be edited together. Several processes may share a path. */
export interface Editable {
  readonly programs: readonly Tree[][];
}

/** The ids that an edit of this kind can name. */
export function idsFor(kind: Edit['kind'], { programs }: Editable): string[] {
  const ids = new Set<string>();
  for (const list of programs) {
    const trees = [...walk(list)];
    // Without its tail a locked block has no way out: what can be dropped is the release in it.
    const tails = new Set(trees.flatMap((tree) => (kind === 'drop' && tree.kind === 'locked' && tree.tail) || []));
    for (const tree of trees) {
      if (tails.has(tree)) continue;
      if (kind === 'pass') for (const id of guardsOf(tree)) ids.add(id);
      else if (nameable(kind, tree)) ids.add(tree.path);
    }
  }
  return [...ids];
}

function guardsOf(tree: Tree): string[] {
  return tree.kind === 'step' ? (tree.node.spec.guards ?? []).map(({ id }) => `${tree.path}/${id}`) : [];
}

function nameable(kind: Edit['kind'], tree: Tree): boolean {
  switch (kind) {
    case 'unlock':
      return tree.kind === 'locked';
    case 'once':
      return tree.kind === 'each';
    case 'split':
      return tree.kind === 'step' && (tree.node.spec.guards ?? []).length > 0;
    case 'reread':
      return tree.kind === 'step';
    case 'drop':
      return tree.kind === 'step' || tree.kind === 'call' || tree.kind === 'release';
    default:
      return tree.kind !== 'gone';
  }
}

/** What `--without ID` means: drop a step, pass a guard, or unlock a lock. @throws ModelError */
export function withoutEdit(id: string, programs: Editable): Edit {
  const kinds = ['drop', 'pass', 'unlock'] as const;
  const hits = kinds.filter((kind) => {
    try {
      return resolve(operand[kind], id, idsFor(kind, programs)).length > 0;
    } catch {
      return false;
    }
  });
  if (hits.length === 1) return { kind: hits[0], id };
  const all = kinds.flatMap((kind) => idsFor(kind, programs));
  if (hits.length > 1)
    throw new ModelError(
      `"${id}" names a ${hits.map((k) => operand[k]).join(' and a ')}: write --edit "${hits[0]} ${id}"`,
    );
  resolve('step, guard or lock', id, all);
  throw new ModelError(`"${id}" is ambiguous: write more of its path`);
}

/**
 * Applies edits in order, in place.
 * @returns the edits with their ids written out
 * @throws ModelError for an id that is unknown or ambiguous, or an edit that can't be done there
 */
export function applyEdits(edits: readonly Edit[], programs: Editable): string[] {
  return edits.map((edit) => {
    const paths = resolve(operand[edit.kind], edit.id, idsFor(edit.kind, programs));
    if (edit.kind === 'swap' || edit.kind === 'move') {
      const [path] = paths;
      const [other] = resolve('step', edit.other, idsFor(edit.kind, programs));
      let hits = 0;
      for (const program of programs.programs)
        hits += edit.kind === 'swap' ? swap(program, path, other) : move(program, path, other);
      if (hits === 0)
        throw new ModelError(
          `"${printEdit(edit)}": the two are not ${edit.kind === 'swap' ? 'neighbours in one list' : 'in one handler, the first in a scope around the second'}`,
        );
      return printEdit({ ...edit, id: path, other });
    }
    const kind = edit.kind;
    for (const path of paths) for (const program of programs.programs) applyAt(kind, path, program);
    return paths.map((path) => printEdit({ kind, id: path })).join('; ');
  });
}

function applyAt(kind: 'drop' | 'pass' | 'unlock' | 'once' | 'split' | 'reread', path: string, program: Tree[]): void {
  if (kind === 'pass') {
    const step = path.slice(0, path.lastIndexOf('/'));
    const id = path.slice(path.lastIndexOf('/') + 1);
    for (const tree of walk(program)) if (tree.kind === 'step' && tree.path === step) tree.passed.add(id);
    return;
  }
  // A tail stands in a handler once for each node that ends in it.
  for (const list of listsBelow(program)) {
    for (let at = list.length - 1; at >= 0; at--) if (list[at].path === path) changeAt(kind, list, at);
  }
}

function changeAt(kind: 'drop' | 'unlock' | 'once' | 'split' | 'reread', list: Tree[], at: number): void {
  const tree = list[at];
  const { path } = tree;
  if (kind === 'drop') list[at] = { kind: 'gone', path, scope: tree.scope };
  else if (kind === 'unlock' && tree.kind === 'locked') {
    tree.unlocked = true;
    // A release in a shared tail goes with the lock that it releases.
    if (tree.tail) for (const below of walk([tree.tail])) if (below.kind === 'release') below.dropped = true;
  } else if (kind === 'once' && tree.kind === 'each') tree.once = true;
  else if (kind === 'split' && tree.kind === 'step') tree.split = true;
  else if (kind === 'reread' && tree.kind === 'step') {
    const after = Math.min(at + 2, list.length);
    list.splice(after, 0, { ...tree, passed: new Set(tree.passed), path: `${path}~reread` });
  }
}

function listsBelow(list: Tree[]): Tree[][] {
  return [list, ...list.flatMap((tree) => listsOf(tree).flatMap(listsBelow))];
}

function find(list: Tree[], path: string): { list: Tree[]; at: number } | undefined {
  for (let at = 0; at < list.length; at++) {
    if (list[at].path === path) return { list, at };
    for (const below of listsOf(list[at])) {
      const found = find(below, path);
      if (found) return found;
    }
  }
  return undefined;
}

function swap(program: Tree[], a: string, b: string): number {
  const first = find(program, a);
  const second = find(program, b);
  if (!first || !second || first.list !== second.list || Math.abs(first.at - second.at) !== 1) return 0;
  const { list } = first;
  [list[first.at], list[second.at]] = [list[second.at], list[first.at]];
  return 1;
}

/** The moved node keeps its own locals: it must stand in a scope that is still in the frame where it goes. */
function move(program: Tree[], what: string, before: string): number {
  const from = find(program, what);
  const to = find(program, before);
  if (!from || !to) return 0;
  const node = from.list[from.at];
  const target = to.list[to.at];
  if (target.scope !== node.scope && !target.scope.startsWith(`${node.scope}/`)) return 0;
  if ([...walk([node])].includes(target)) return 0;
  from.list.splice(from.at, 1);
  const place = find(program, before);
  if (!place) return 0;
  place.list.splice(place.at, 0, node);
  return 1;
}
