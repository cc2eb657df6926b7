/** The program of a handler as a graph: steps with their guards, locks and loops as boxes, ways out as edges. */
import { slug, type Tree } from '../language/index.js';
import type { Graph, GraphEdge, GraphNode, Group } from './dot.js';
import { functionName } from './counterexample.js';
import { guardEnd } from './guards.js';

/** Where control goes from a list of nodes. */
interface Around {
  /** Behind its end, and for `done`. */
  readonly next: string;
  readonly done: string;
  readonly fail: (errno: string) => string;
  readonly goto: (label: string) => string | undefined;
}

/** `fail('EPERM')`, `goto('label')` and `done(...)` in the text of a step's effects. */
const EXITS = /\b(fail|goto|done)\(\s*(?:'([^']*)'|"([^"]*)")?/g;

/**
 * Draws a handler. Ways out that a guard names are exact. What a step's effects may answer is taken from their text:
 * `fail`, `goto` and `done` with a text as argument; where the effects call other functions for it, an edge may be missing.
 */
export function programGraph(handler: string, trees: readonly Tree[]): Graph {
  return new Drawing().graph(handler, trees);
}

/** Marks the edges that close a circle, on the way from the start: where Graphviz chooses itself, loops stand on their heads. */
function withBacks(start: string, edges: readonly GraphEdge[]): GraphEdge[] {
  const backs = new Set<GraphEdge>();
  const seen = new Set<string>();
  const path = new Set<string>();
  const visit = (id: string): void => {
    seen.add(id);
    path.add(id);
    for (const edge of edges) {
      if (edge.from !== id) continue;
      if (path.has(edge.to)) backs.add(edge);
      else if (!seen.has(edge.to)) visit(edge.to);
    }
    path.delete(id);
  };
  visit(start);
  return edges.map((edge) => (backs.has(edge) ? { ...edge, back: true } : edge));
}

class Drawing {
  private readonly edges = new Map<string, GraphEdge>();
  private readonly ends = new Map<string, GraphNode>();

  graph(handler: string, trees: readonly Tree[]): Graph {
    const around: Around = {
      next: this.end('returns', 'end'),
      done: this.end('returns', 'end'),
      fail: (errno) => this.end(errno === '' ? 'fails' : `returns -${errno}`, 'fails'),
      goto: () => undefined,
    };
    const body = this.list(trees, around);
    const start: GraphNode = { id: 'start', lines: [handler], mark: 'start' };
    this.edge('start', body.entry, '', 'plain');
    const edges = withBacks('start', [...this.edges.values()]);
    const reached = new Set(edges.map(({ to }) => to));
    const ends = [...this.ends.values()].filter(({ id }) => reached.has(id));
    return { title: handler, nodes: [start, ...body.nodes, ...ends], groups: body.groups, edges };
  }

  private end(text: string, mark: 'end' | 'fails'): string {
    const id = `end: ${text}`;
    this.ends.set(id, { id, lines: [text], mark });
    return id;
  }

  private edge(from: string, to: string, text: string, mark: GraphEdge['mark']): void {
    const key = `${from}\0${to}\0${mark}`;
    const lines = text === '' ? [] : [text];
    const known = this.edges.get(key);
    if (!known) this.edges.set(key, { from, to, lines, mark });
    else if (text !== '' && !known.lines.includes(text))
      this.edges.set(key, { ...known, lines: [...known.lines, text] });
  }

  /** A list of nodes, back to front: each needs to know where the next one begins. */
  private list(trees: readonly Tree[], around: Around): Omit<Group, 'title'> & { entry: string } {
    const entries = new Map(trees.map((tree) => [labelOf(tree), entryOf(tree)]));
    const goto = (label: string): string | undefined => entries.get(slug(label)) ?? around.goto(label);
    const nodes: GraphNode[] = [];
    const groups: Group[] = [];
    let next = around.next;
    for (const tree of [...trees].reverse()) {
      const drawn = this.node(tree, { ...around, next, goto });
      nodes.unshift(...drawn.nodes);
      groups.unshift(...drawn.groups);
      next = drawn.entry;
    }
    return { nodes, groups, entry: next };
  }

  private node(tree: Tree, around: Around): Omit<Group, 'title'> & { entry: string } {
    switch (tree.kind) {
      case 'gone':
        return { nodes: [], groups: [], entry: around.next };
      case 'step':
        return { nodes: [this.step(tree, around)], groups: [], entry: tree.path };
      case 'release': {
        this.edge(tree.path, around.next, '', 'plain');
        return {
          nodes: [{ id: tree.path, lines: [labelOf(tree), 'releases the lock'], mark: 'plain' }],
          groups: [],
          entry: tree.path,
        };
      }
      case 'call': {
        const name = tree.node.fragment.name;
        const inside = { ...around, done: around.next, goto: () => undefined };
        return this.box(name === tree.node.label ? name : `${tree.node.label}: ${name}`, tree.body, inside);
      }
      case 'locked': {
        const tail = tree.tail ? this.node(tree.tail, around) : undefined;
        const inside = tail
          ? { ...around, next: tail.entry, done: tail.entry, fail: () => tail.entry, goto: () => undefined }
          : around;
        const box = this.box(
          tree.unlocked ? `${tree.node.label} (left out)` : `lock ${tree.node.label}`,
          tree.body,
          inside,
        );
        return tail ? { ...box, nodes: [...box.nodes, ...tail.nodes], groups: [...box.groups, ...tail.groups] } : box;
      }
      case 'each': {
        const head = `${tree.path} `;
        const box = this.box(`for each ${tree.node.as}${tree.once ? ' (once)' : ''}`, tree.body, {
          ...around,
          next: head,
        });
        this.edge(head, box.entry, 'next', 'plain');
        this.edge(head, around.next, 'no more', 'plain');
        const node: GraphNode = { id: head, lines: [labelOf(tree)], mark: 'end' };
        return { ...box, nodes: [node], entry: head };
      }
      case 'cleanup': {
        const always = tree.node.when === 'always';
        const cleanup = this.box(`${tree.node.label}: ${always ? 'in any case' : 'on failure'}`, tree.cleanup, {
          ...around,
          next: always ? around.next : around.fail(''),
        });
        if (always) this.leave(tree.cleanup, around.fail(''));
        const enter = cleanup.entry;
        const inside: Around = always
          ? { next: enter, done: enter, fail: () => enter, goto: (label) => around.goto(label) && enter }
          : { ...around, fail: () => enter };
        const body = this.list(tree.body, inside);
        return {
          nodes: [...body.nodes, ...cleanup.nodes],
          groups: [...body.groups, ...cleanup.groups],
          entry: body.entry,
        };
      }
    }
  }

  /** Behind a cleanup for all cases, a failure goes on as one. */
  private leave(trees: readonly Tree[], to: string): void {
    const last = trees.at(-1);
    if (!last) return;
    const exit = lastOf(last);
    if (exit !== undefined) this.edge(exit, to, 'after a failure', 'fails');
  }

  private box(title: string, trees: readonly Tree[], around: Around): Omit<Group, 'title'> & { entry: string } {
    const { nodes, groups, entry } = this.list(trees, around);
    return { nodes: [], groups: [{ title, nodes, groups }], entry };
  }

  private step(tree: Extract<Tree, { kind: 'step' }>, around: Around): GraphNode {
    const { spec, origin } = tree.node;
    const guards = spec.guards ?? [];
    for (const guard of guards) {
      if (tree.passed.has(guard.id) || Array.isArray(guard.else)) continue;
      const { exit } = guard.else as { exit: { kind: string; errno?: string; label?: string } };
      this.exit(tree.path, exit.kind, exit.errno ?? exit.label ?? '', `not ${guard.id}`, around);
    }
    this.edge(tree.path, around.next, '', 'plain');
    for (const [, kind, single, double] of String(spec.run ?? '').matchAll(EXITS))
      this.exit(tree.path, kind, single ?? double ?? '', '', around);
    const fn = functionName(origin.fn ?? '');
    const waits = spec.waits ? ['may wait'] : [];
    const tests = guards.map(
      ({ id, else: otherwise }) => `${tree.passed.has(id) ? '(passed) ' : ''}${id}? else ${guardEnd(otherwise)}`,
    );
    return { id: tree.path, lines: [labelOf(tree), ...(fn === '' ? [] : [fn]), ...tests, ...waits], mark: 'plain' };
  }

  private exit(from: string, kind: string, to: string, why: string, around: Around): void {
    if (kind === 'fail')
      this.edge(from, around.fail(to), [why, to === '' ? '' : `-${to}`].filter(Boolean).join(': '), 'fails');
    else if (kind === 'done') this.edge(from, around.done, why, 'plain');
    else if (kind === 'next') this.edge(from, around.next, why, 'plain');
    else {
      const target = around.goto(to);
      if (target !== undefined) this.edge(from, target, why, 'jump');
    }
  }
}

const labelOf = ({ path }: Tree): string => path.slice(path.lastIndexOf('/') + 1);

/** Where a node begins: its first step, or the head of a loop. */
function entryOf(tree: Tree): string {
  if (tree.kind === 'each') return `${tree.path} `;
  if (tree.kind === 'call' || tree.kind === 'locked' || tree.kind === 'cleanup') {
    const [first] = tree.body;
    return first ? entryOf(first) : tree.path;
  }
  return tree.path;
}

/** Where a node ends, if that is one place. */
function lastOf(tree: Tree): string | undefined {
  if (tree.kind === 'each') return `${tree.path} `;
  if (tree.kind === 'call' || tree.kind === 'locked' || tree.kind === 'cleanup') {
    const last = tree.body.at(-1);
    return last && lastOf(last);
  }
  return tree.kind === 'gone' ? undefined : tree.path;
}
