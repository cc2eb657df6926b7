/** The oracle's programs: handlers with each call written out, and edits as rewriting of that text. */
import type { EditDecl, LockRef, Node, Program, RandomModel, Step } from './ast.js';

interface Placed {
  readonly path: string;
  readonly label: string;
  /** Whose locals it means. */
  readonly scope: string;
}
export type Instance = Placed &
  (
    | { readonly k: 'step'; readonly step: Step; passed: ReadonlySet<string>; split: boolean }
    | { readonly k: 'gone' }
    | { readonly k: 'release'; readonly lock: LockRef; gone: boolean }
    | {
        readonly k: 'call';
        readonly node: Of<'call'>;
        readonly inner: string;
        readonly program: Program;
        readonly body: Instance[];
      }
    | {
        readonly k: 'tail';
        readonly node: Pick<Of<'tail'>, 'fragment' | 'args'>;
        readonly inner: string;
        readonly body: Instance[];
      }
    | {
        readonly k: 'locked';
        readonly node: Of<'locked'>;
        readonly body: Instance[];
        readonly tail?: Of2<'tail'>;
        unlocked: boolean;
      }
    | { readonly k: 'each'; readonly node: Of<'each'>; readonly body: Instance[]; once: boolean }
    | { readonly k: 'cleanup'; readonly node: Of<'cleanup'>; readonly body: Instance[]; readonly cleanup: Instance[] }
  );
type Of<K extends Node['k']> = Extract<Node, { k: K }>;
type Of2<K extends Instance['k']> = Extract<Instance, { k: K }>;

/** The edited programs of a model, by handler; and the rules of each hardware process. */
export interface Programs {
  readonly handlers: ReadonlyMap<string, Instance[]>;
  readonly rules: ReadonlyMap<string, Instance[]>;
}

/** Writes out all programs, without edits. */
export function instantiate(model: RandomModel): Programs {
  const find = (list: readonly Program[], name: string): Program => list.find((one) => one.name === name)!;
  const place = (node: Node, above: string, scope: string): Instance => {
    const path = `${above}/${node.label}`;
    const at = { path, label: node.label, scope };
    const list = (nodes: readonly Node[], under = path): Instance[] => nodes.map((one) => place(one, under, scope));
    switch (node.k) {
      case 'step':
        return { ...at, k: 'step', step: node, passed: new Set(), split: false };
      case 'release':
        return { ...at, k: 'release', lock: node.lock, gone: false };
      case 'call': {
        const program = find(model.fragments, node.fragment);
        const inner = `${scope}/${node.label}`;
        return { ...at, k: 'call', node, inner, program, body: program.body.map((one) => place(one, path, inner)) };
      }
      case 'tail':
        return tail(node, path, scope);
      case 'locked':
        return {
          ...at,
          k: 'locked',
          node,
          body: list(node.body),
          unlocked: false,
          tail: node.tail && tail(node.tail, path, scope),
        };
      case 'each':
        return { ...at, k: 'each', node, body: list(node.body), once: false };
      case 'cleanup':
        return { ...at, k: 'cleanup', node, body: list(node.body), cleanup: list(node.cleanup, `${path}/cleanup`) };
    }
  };
  const tail = (node: Pick<Of<'tail'>, 'fragment' | 'args'>, above: string, scope: string): Of2<'tail'> => {
    const { name, body } = find(model.tails, node.fragment);
    // One text for all who end in it: paths and locals are the fragment's own.
    return {
      path: `${above}/${name}`,
      label: name,
      scope,
      k: 'tail',
      node,
      inner: name,
      body: body.map((one) => place(one, name, name)),
    };
  };
  return {
    handlers: new Map(model.handlers.map(({ name, body }) => [name, body.map((node) => place(node, name, name))])),
    rules: new Map(
      model.processes.flatMap((process) =>
        process.k === 'rules' ? [[process.name, process.rules.map((rule) => place(rule, process.name, ''))]] : [],
      ),
    ),
  };
}

/** All lists of nodes in a list, itself first. */
export function* listsIn(list: Instance[]): Generator<Instance[]> {
  yield list;
  for (const one of list) {
    if ('body' in one) yield* listsIn(one.body);
    if (one.k === 'locked' && one.tail) yield* listsIn(one.tail.body);
    if (one.k === 'cleanup') yield* listsIn(one.cleanup);
  }
}

/** Rewrites the programs for one edit, in place. */
export function rewrite({ k, id, other }: EditDecl, programs: Programs): void {
  for (const list of [...programs.handlers.values(), ...programs.rules.values()]) {
    const lists = [...listsIn(list)];
    if (k === 'swap') lists.forEach((one) => swap(one, id, other!));
    else if (k === 'move') move(lists, id, other!);
    else for (const one of lists) for (let i = one.length - 1; i >= 0; i--) change(k, id, one, i);
  }
}

function change(k: EditDecl['k'], id: string, list: Instance[], i: number): void {
  const one = list[i];
  const { path, label, scope } = one;
  if (k === 'pass' && one.k === 'step') {
    const guard = one.step.guards.find((each) => `${path}/${each.id}` === id);
    if (guard) one.passed = new Set([...one.passed, guard.id]);
  }
  if (path !== id) return;
  if (k === 'drop') list[i] = { k: 'gone', path, label, scope };
  else if (k === 'split' && one.k === 'step') one.split = true;
  else if (k === 'once' && one.k === 'each') one.once = true;
  else if (k === 'unlock' && one.k === 'locked') {
    one.unlocked = true;
    for (const below of one.tail?.body ?? []) if (below.k === 'release') below.gone = true;
  } else if (k === 'reread' && one.k === 'step') {
    list.splice(i + 2, 0, { ...one, path: `${path}~reread`, label: `${label}~reread` });
  }
}

function swap(list: Instance[], a: string, b: string): void {
  const i = list.findIndex(({ path }) => path === a);
  const j = list.findIndex(({ path }) => path === b);
  if (i >= 0 && j >= 0) [list[i], list[j]] = [list[j], list[i]];
}

function move(lists: Instance[][], what: string, before: string): void {
  const from = lists.find((list) => list.some(({ path }) => path === what));
  const to = lists.find((list) => list.some(({ path }) => path === before));
  if (!from || !to) return;
  const [moved] = from.splice(
    from.findIndex(({ path }) => path === what),
    1,
  );
  to.splice(
    to.findIndex(({ path }) => path === before),
    0,
    moved,
  );
}

/** Only what the processes run: what no process runs can't be edited. */
export function inUse(model: RandomModel, programs: Programs): Programs {
  const names = new Set(model.processes.flatMap((process) => (process.k === 'handlers' ? process.handlers : [])));
  return { handlers: new Map([...programs.handlers].filter(([name]) => names.has(name))), rules: programs.rules };
}

/** The edits that can still be made, in order. */
export function remainingEdits(model: RandomModel): EditDecl[] {
  const programs = inUse(model, instantiate(model));
  return model.edits.filter((edit) => {
    const possible = possibleEdits(edit.k, programs).some(({ id, other }) => id === edit.id && other === edit.other);
    if (possible) rewrite(edit, programs);
    return possible;
  });
}

/** The edits of a kind that can be made now. */
export function possibleEdits(k: EditDecl['k'], { handlers, rules }: Programs): EditDecl[] {
  const found = new Map<string, EditDecl>();
  const add = (id: string, other?: string): void => void found.set(`${id} ${other ?? ''}`, { k, id, other });
  const scan = (list: Instance[], hardware: boolean): void => {
    const lists = [...listsIn(list)];
    for (const here of lists) {
      here.forEach((one, i) => {
        const { path } = one;
        if (k === 'pass' && one.k === 'step') one.step.guards.forEach((guard) => add(`${path}/${guard.id}`));
        if (k === 'drop' && (one.k === 'step' || one.k === 'call' || (one.k === 'release' && !one.gone))) add(path);
        if (hardware) return;
        if (k === 'unlock' && one.k === 'locked') add(path);
        if (k === 'once' && one.k === 'each') add(path);
        if (one.k === 'step' && (k === 'reread' || (k === 'split' && one.step.guards.length > 0))) add(path);
        const after = here.at(i + 1);
        if (k === 'swap' && after && movable(one) && movable(after)) add(path, after.path);
        if (k === 'move' && one.k === 'step') {
          for (const target of lists.flat())
            if (target !== one && movable(target) && within(target.scope, one.scope)) add(path, target.path);
        }
      });
    }
  };
  for (const list of handlers.values()) scan(list, false);
  for (const list of rules.values()) scan(list, true);
  return [...found.values()];
}

const movable = ({ k }: Instance): boolean => k !== 'gone' && k !== 'tail';
const within = (scope: string, around: string): boolean => scope === around || scope.startsWith(`${around}/`);
