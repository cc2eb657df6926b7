/**
 * Lock order, as the kernel's lockdep sees it. Classes of locks are the nodes, or the locks themselves where two of one
 * class are held together; an edge says that one is held while the other is taken. The first finding is the one that a
 * search would notice first: the edges of a cycle are seen one after another, and the last one closes it.
 */
import type { LockRule, Machine } from '../language/index.js';
import type { Evidence, LockUse } from './evidence.js';
import type { Graph } from './graph.js';
import type { LearnedOutcome } from './learned.js';

/** A lock is held while another is taken; or, without `taken`, while something sleeps that may not. */
export interface LockEdge {
  readonly held: string;
  readonly heldClass: string;
  readonly taken?: string;
  readonly takenClass?: string;
  readonly sleeps: boolean;
  /** Who does it, and in which step. */
  readonly where: readonly { readonly process: string; readonly action: string }[];
  readonly uses: readonly LockUse[];
}

/** What is wrong: the edges of a cycle (the last one seen comes first), or one edge that is wrong by itself. */
export interface LockFinding {
  readonly kind: 'cycle' | 'twice' | 'sleeps';
  readonly edges: readonly LockEdge[];
  /** Nodes of the cycle, in the order in which they are taken. */
  readonly nodes: readonly string[];
}

const byName =
  <T>(name: (item: T) => string) =>
  (a: T, b: T) =>
    name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0;
/** Which edge it is. */
export const nameOf = ({ held, taken }: Pick<LockEdge, 'held' | 'taken'>): string => `${held} ${taken ?? ''}`;

/** The whole graph of what was seen, sorted by name. */
export function lockEdges({ variables, processes }: Machine, { locks }: Evidence): LockEdge[] {
  const groups = new Map<string, LockUse[]>();
  for (const use of locks.values()) {
    const key = `${use.held} ${use.taken ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), use]);
  }
  const edges = [...groups.values()].map((uses): LockEdge => {
    const { held, taken, sleeps } = uses[0];
    uses.sort(byName(({ process, action }) => `${action} ${processes[process].name}`));
    const where = uses.map(({ process, action }) => ({ process: processes[process].name, action }));
    const other = taken === undefined ? {} : { taken: variables[taken].name, takenClass: classOf(variables[taken]) };
    return { held: variables[held].name, heldClass: classOf(variables[held]), ...other, sleeps, where, uses };
  });
  return edges.sort(byName(nameOf));
}

const classOf = ({ name, lockClass }: Machine['variables'][number]): string => lockClass ?? name;

/** Where an edge begins and ends: at classes, or at locks if both are of one class. */
function endsOf({ held, heldClass, taken, takenClass }: LockEdge): readonly [from: string, to: string] {
  return heldClass === takenClass ? [`lock ${held}`, `lock ${taken}`] : [`class ${heldClass}`, `class ${takenClass}`];
}

/** The edges that are wrong by themselves or stand in a cycle. */
export function suspects(all: readonly LockEdge[], { allow, among }: LockRule): LockEdge[] {
  const edges = among
    ? all.filter(({ heldClass, takenClass }) => among.includes(heldClass) && among.includes(takenClass ?? ''))
    : all;
  const counted = edges.filter(
    (edge) =>
      edge.held === edge.taken ||
      !allow.some(({ held, taken }) => held === edge.heldClass && taken === edge.takenClass),
  );
  return counted.filter((edge) => {
    if (edge.sleeps || edge.held === edge.taken) return true;
    const [from, to] = endsOf(edge);
    return edge.taken !== undefined && pathBetween(to, from, counted) !== undefined;
  });
}

/** Does any lock-order property of the machine find fault with what was seen? */
export const anyLockFinding = (machine: Machine, seen: Evidence): boolean =>
  machine.properties.some(
    (property) => property.kind === 'lock-order' && suspects(lockEdges(machine, seen), property).length > 0,
  );

/** A shortest path over edges, none of them from a node to itself; the edges' order decides between equals. */
function pathBetween(from: string, to: string, edges: readonly LockEdge[]): LockEdge[] | undefined {
  const paths = new Map<string, LockEdge[]>([[from, []]]);
  for (const [node, path] of paths) {
    if (node === to) return path;
    for (const edge of edges) {
      const [start, end] = endsOf(edge);
      if (edge.taken !== undefined && start === node && !paths.has(end)) paths.set(end, [...path, edge]);
    }
  }
  return undefined;
}

/** The finding that a breadth-first search notices first, and where each of its edges is first seen. */
export async function firstFinding(
  graph: Graph,
  edges: readonly LockEdge[],
  rule: LockRule,
): Promise<{ finding: LockFinding; levelOf: ReadonlyMap<LockEdge, number> } | undefined> {
  const suspected = suspects(edges, rule);
  if (suspected.length === 0) return undefined;
  const levelOf = await firstLevels(graph, suspected);
  const inOrder = suspected.sort((a, b) => levelOf.get(a)! - levelOf.get(b)! || byName(nameOf)(a, b));
  return { finding: firstClosed(inOrder), levelOf };
}

/** The first finding among suspected edges, in the order in which they were seen. */
export function firstClosed(inOrder: readonly LockEdge[]): LockFinding {
  const before: LockEdge[] = [];
  for (const edge of inOrder) {
    const finding = closes(edge, before);
    if (finding) return finding;
    before.push(edge);
  }
  throw new Error('no finding among the suspected lock edges: the lock-order check is wrong');
}

/** What this edge completes, given those that were seen before it. */
function closes(edge: LockEdge, before: readonly LockEdge[]): LockFinding | undefined {
  if (edge.held === edge.taken) return { kind: 'twice', edges: [edge], nodes: [] };
  if (edge.sleeps) return { kind: 'sleeps', edges: [edge], nodes: [] };
  const [from, to] = endsOf(edge);
  const back = pathBetween(to, from, before);
  if (!back) return undefined;
  const cycle = [edge, ...back];
  const words = (node: string): string => node.slice(node.indexOf(' ') + 1);
  return { kind: 'cycle', edges: cycle, nodes: [...cycle.map((part) => words(endsOf(part)[0])), words(from)] };
}

/** Does this outcome take (or sleep) as the edge says? */
export const makes =
  ({ uses: [{ held, taken }] }: LockEdge) =>
  ({ action, interrupted }: Pick<LearnedOutcome, 'action' | 'interrupted'>): boolean =>
    !interrupted && action.locking.some((own) => own.held === held && own.taken === taken);

/** The length of the shortest trace that ends with each edge. */
async function firstLevels(graph: Graph, edges: readonly LockEdge[]): Promise<Map<LockEdge, number>> {
  const { engine, levels, machine, store } = graph;
  const found = new Map<LockEdge, number>();
  // Most frames have nothing to do with these edges: they are told apart by their code.
  const concerned = machine.processes.map(() => new Map<number, boolean>());
  const lookAt = (process: number, frame: number): boolean => {
    const known = concerned[process].get(frame);
    if (known !== undefined) return known;
    const actions = engine.knowledge.actions(process, frame);
    const concerns = actions.some((action) =>
      edges.some((edge) => makes(edge)({ action: action.action, interrupted: false })),
    );
    concerned[process].set(frame, concerns);
    return concerns;
  };
  for (let level = 0; level < levels.length - 1 && found.size < edges.length; level++) {
    await graph.states(levels[level], levels[level + 1], (words, at) => {
      machine.processes.forEach(({ frame }, process) => {
        const code = frame < 0 ? 0 : store.layout.code(words, at, frame);
        if (!lookAt(process, code)) return;
        for (const action of engine.knowledge.actions(process, code)) {
          const { outcomes } = engine.tables.learned(action, words, at);
          for (const edge of edges) if (!found.has(edge) && outcomes.some(makes(edge))) found.set(edge, level + 1);
        }
      });
      return found.size < edges.length;
    });
  }
  return found;
}

/** Why an edge is part of a finding, in words. */
export function because({ kind, nodes }: LockFinding, { held, taken }: LockEdge): string {
  switch (kind) {
    case 'twice':
      return `${held} is taken by who already holds it: a writer that comes between waits for ever, and so do both`;
    case 'sleeps':
      return taken === undefined
        ? `it sleeps while it holds ${held}, under which nobody may sleep`
        : `${taken}, which may sleep, is taken under ${held}, under which nobody may sleep`;
    case 'cycle':
      return `${taken} is taken while ${held} is held, and elsewhere the other way round: ${nodes.join(' → ')}`;
  }
}
