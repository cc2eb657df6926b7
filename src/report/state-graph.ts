/** The state graph of a small scope: every state and transition, or a projection of them to some variables. */
import { keyOf, type Machine } from '../language/index.js';
import { execute } from '../explorer/execute.js';
import type { Graph, GraphEdge, GraphNode } from './dot.js';
import { plural } from './lines.js';

/** What is drawn of a state graph. */
export interface StateGraphOptions {
  /** Numbers of variables: states that agree in them are one node. Empty: every state is a node. */
  readonly by: readonly number[];
  /** More states than these are not explored. */
  readonly maxStates: number;
  /** More nodes than these are not drawn. */
  readonly maxNodes: number;
}

/** A graph that is larger than its limits. */
export class GraphTooLarge extends Error {
  override readonly name = 'GraphTooLarge';
  constructor(readonly limit: 'maxStates' | 'maxNodes') {
    super(`the graph is larger than ${limit}`);
  }
}

interface Drawn {
  readonly id: string;
  readonly lines: readonly string[];
  readonly start: boolean;
  readonly broken: Set<string>;
}

/** Longer values are cut: a graph is looked at from afar. */
const LONG = 100;

/** The graph, in the order of a breadth-first walk. @throws GraphTooLarge */
export function stateGraph(machine: Machine, { by, maxStates, maxNodes }: StateGraphOptions): Graph {
  const nodes = new Map<string, Drawn>();
  const edges = new Map<string, GraphEdge>();
  const seen = new Set<string>();
  const all = machine.variables.map((_, i) => i);
  const keyBy = (state: readonly unknown[], which: readonly number[]): string =>
    JSON.stringify(which.map((i) => keyOf(machine.variables[i].sort, state[i])));
  const shown = by.length > 0 ? by : all;

  const visit = (state: readonly unknown[], from: readonly unknown[] | undefined): Drawn => {
    const key = keyBy(state, all);
    const own = keyBy(state, shown);
    const fresh = !seen.has(key);
    if (fresh && seen.size === maxStates) throw new GraphTooLarge('maxStates');
    let node = nodes.get(own);
    if (!node) {
      if (nodes.size === maxNodes) throw new GraphTooLarge('maxNodes');
      const lines = by.length > 0 ? values(machine, state, by) : changes(machine, from, state);
      node = { id: `s${nodes.size}`, lines, start: from === undefined, broken: new Set() };
      nodes.set(own, node);
    }
    if (fresh) {
      seen.add(key);
      for (const id of brokenIn(machine, state)) node.broken.add(id);
      next.push(state);
    }
    return node;
  };

  let next: (readonly unknown[])[] = [];
  for (const state of machine.initialStates) visit(state, undefined);
  let faults = 0;
  while (next.length > 0) {
    const level = next;
    next = [];
    for (const state of level) {
      const from = nodes.get(keyBy(state, shown)) as Drawn;
      const done = execute(machine, state);
      for (const { process, action, outcome, state: after } of done.offers) {
        const to = visit(after, state);
        // In a projection, what changes nothing that is looked at would be a loop at every node.
        if (by.length > 0 && to === from) continue;
        const mark = machine.processes.some(({ name, frame }) => name === process && frame < 0) ? 'hardware' : 'plain';
        addEdge(edges, { from: from.id, to: to.id, lines: [stepWords(process, action, outcome.label)], mark });
      }
      for (const { process, action, fault } of done.faults) {
        faults++;
        addEdge(edges, { from: from.id, to: 'fault', lines: [`${process} ${action}: ${fault.id}`], mark: 'bad' });
      }
    }
  }
  const title = `${machine.model}: ${plural(seen.size, 'state')}${by.length > 0 ? ` in ${plural(nodes.size, 'group')}` : ''}`;
  const drawn = [...nodes.values()].map(({ id, lines, start, broken }): GraphNode => ({
    id,
    lines: [...lines, ...[...broken].map((one) => `✗ ${one}`)],
    mark: broken.size > 0 ? 'bad' : start ? 'start' : 'plain',
  }));
  const fault: GraphNode[] = faults > 0 ? [{ id: 'fault', lines: ['the model is at fault'], mark: 'bad' }] : [];
  return { title, nodes: [...drawn, ...fault], groups: [], edges: [...edges.values()] };
}

/** Several steps between two nodes are one edge, a line each. */
function addEdge(edges: Map<string, GraphEdge>, edge: GraphEdge): void {
  const key = `${edge.from} ${edge.to} ${edge.mark}`;
  const known = edges.get(key);
  if (!known) edges.set(key, edge);
  else if (!known.lines.includes(edge.lines[0])) edges.set(key, { ...known, lines: [...known.lines, edge.lines[0]] });
}

/** `cpu0 unmap_pages … wait-for-CMD_SYNC -EPERM`. */
function stepWords(process: string, action: string, label: string): string {
  const parts = action.split('/');
  const first = parts[0] === process ? [] : [parts[0]];
  const way = parts.length > 2 ? [...first, '…'] : first;
  return [process, ...way, parts[parts.length - 1], label].filter((part) => part !== '').join(' ');
}

const values = ({ variables }: Machine, state: readonly unknown[], which: readonly number[]): string[] =>
  which.map((i) => cut(`${variables[i].name} = ${variables[i].sort.print(state[i])}`));

/** What is new in a state, seen from the one it was first reached from. */
function changes({ variables }: Machine, from: readonly unknown[] | undefined, to: readonly unknown[]): string[] {
  if (!from) return ['initial state'];
  return variables.flatMap(({ name, kind, sort }, i) =>
    kind === 'frame'
      ? sort
          .diff(from[i], to[i])
          .filter(({ path }) => path === '.pc')
          .map(({ after }) => cut(`${name} at ${after.slice(after.lastIndexOf('/') + 1)}`))
      : sort.diff(from[i], to[i]).map(({ path, after }) => cut(`${name}${path} = ${after}`)),
  );
}

/** The invariants that a state breaks; other kinds of properties are not of a state alone. */
function brokenIn({ properties }: Machine, state: readonly unknown[]): string[] {
  return properties
    .filter(
      (property) =>
        property.kind === 'invariant' &&
        property.instances.some((instance) => typeof instance.judge((variable) => state[variable]) === 'object'),
    )
    .map(({ id }) => id);
}

const cut = (text: string): string => (text.length > LONG ? `${text.slice(0, LONG - 1)}…` : text);
