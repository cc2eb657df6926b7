/**
 * The oracle's "leads to", by definition. A run without a goal stays, from some point on, in a set of states that is
 * strongly connected and fair. For every choice of strongly fair steps that are never enabled again, the states that
 * enable them are taken away; each strongly connected set of the rest is looked at as it is.
 */
import type { Fair } from './ast.js';

/** A state: what it says of the property, and its moves; one without `to` went wrong. */
export interface Node {
  readonly initial: boolean;
  readonly asked: boolean;
  readonly goal: boolean;
  readonly moves: readonly { readonly key: string; readonly fair: Fair; readonly to: number | undefined }[];
}

/** So many strongly fair steps are tried out; there are 2^n choices. */
const MOST = 6;

/** How far away fair sets are: fewest moves from an initial state, by way of one that asks, without a goal since then. */
export interface Distances {
  readonly nearest: number;
  /** The nearest state in which nobody has to do anything. */
  readonly rest: number | undefined;
  /** The states of all fair sets. */
  readonly fair: ReadonlySet<number>;
}

/** How far away they are if there are any. */
export function fairSets(nodes: readonly Node[]): Distances | 'unknown' | undefined {
  // What is owed in a state, and who pays: a step counts where one of its moves leads elsewhere, or goes wrong.
  const enabled = nodes.map(({ moves }, i) => {
    const owed = moves.filter(({ fair, to }) => fair !== 'none' && to !== i);
    return new Set(owed.map(({ key, fair }) => `${fair} ${key}`));
  });
  const isStrong = (key: string): boolean => key.startsWith('strong');
  const distances = pendingDistances(nodes);
  const pending = [...distances.keys()];
  const strong = [...new Set(pending.flatMap((i) => [...enabled[i]].filter(isStrong)))];
  if (strong.length > MOST) return 'unknown';
  const fair = new Set<number>();
  for (let choice = 0; choice < 2 ** strong.length; choice++) {
    const over = strong.filter((_, i) => (choice & (1 << i)) !== 0);
    const rest = new Set(pending.filter((i) => over.every((key) => !enabled[i].has(key))));
    for (const set of connectedSets(nodes, rest)) {
      const taken = new Set<string>();
      for (const i of set) {
        for (const { key, fair: kind, to } of nodes[i].moves)
          if (to !== undefined && set.has(to) && enabled[i].has(`${kind} ${key}`)) taken.add(`${kind} ${key}`);
      }
      const all = [...set];
      const isFair = all.every((i) =>
        [...enabled[i]].every(
          (key) => taken.has(key) || (!isStrong(key) && all.some((other) => !enabled[other].has(key))),
        ),
      );
      if (isFair) for (const i of set) fair.add(i);
    }
  }
  if (fair.size === 0) return undefined;
  const least = (of: readonly number[]): number => Math.min(...of.map((i) => distances.get(i)!));
  const rests = pending.filter((i) => enabled[i].size === 0);
  return { fair, nearest: least([...fair]), rest: rests.length === 0 ? undefined : least(rests) };
}

/** Is a counterexample one of those that the engine may give: to a rest, unless one to a loop is shorter? */
export function isShortest({ nearest, rest }: Distances, steps: number, loop: number): boolean {
  if (steps === loop) return loop === rest;
  return loop >= nearest && (rest === undefined || steps < rest);
}

/** Distances of all states that a run can be in while it waits for the goal. */
function pendingDistances(nodes: readonly Node[]): Map<number, number> {
  const found = new Map<number, number>();
  const seen = new Set<string>();
  let level = nodes.flatMap(({ initial }, i) => (initial ? [{ i, waits: false }] : []));
  for (let distance = 0; level.length > 0; distance++) {
    const next: typeof level = [];
    for (const from of level) {
      const { asked, goal, moves } = nodes[from.i];
      const waits = !goal && (from.waits || asked);
      if (seen.has(`${from.i} ${waits}`)) continue;
      seen.add(`${from.i} ${waits}`);
      if (waits && !found.has(from.i)) found.set(from.i, distance);
      for (const { to } of moves) if (to !== undefined) next.push({ i: to, waits });
    }
    level = next;
  }
  return found;
}

/** The strongly connected sets of these states, also those of one state. */
function connectedSets(nodes: readonly Node[], states: ReadonlySet<number>): Set<number>[] {
  const forward = new Map([...states].map((i) => [i, nodes[i].moves.flatMap(({ to }) => (to !== undefined && states.has(to) ? [to] : []))])); // prettier-ignore
  const backward = new Map([...states].map((i): [number, number[]] => [i, []]));
  for (const [i, all] of forward) for (const to of all) backward.get(to)!.push(i);
  const reach = (from: number, edges: ReadonlyMap<number, readonly number[]>): Set<number> => {
    const reached = new Set([from]);
    for (const i of reached) for (const to of edges.get(i)!) reached.add(to);
    return reached;
  };
  const left = new Set(states);
  const sets: Set<number>[] = [];
  for (const i of left) {
    const after = reach(i, forward);
    const set = new Set([...reach(i, backward)].filter((other) => after.has(other)));
    for (const other of set) left.delete(other);
    sets.push(set);
  }
  return sets;
}
