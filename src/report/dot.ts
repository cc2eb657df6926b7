/** Graphs in the DOT language of Graphviz. Every text is escaped: what it holds is never read as DOT. */
import { printable } from './lines.js';

/** How a node or edge is marked. */
export type Mark = 'plain' | 'start' | 'end' | 'bad' | 'fails' | 'hardware' | 'jump';

/** A node with its lines of text. */
export interface GraphNode {
  readonly id: string;
  readonly lines: readonly string[];
  readonly mark: Mark;
}

/** An edge between nodes. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly string[];
  readonly mark: Mark;
  /** It leads back to where one comes from: `from` need not stand above `to`. */
  readonly back?: boolean;
}

/** Nodes in a box with a title, boxes within. */
export interface Group {
  readonly title: string;
  readonly nodes: readonly GraphNode[];
  readonly groups: readonly Group[];
}

/** A graph: its title stands above it, and its outermost group has no box. */
export interface Graph extends Group {
  readonly edges: readonly GraphEdge[];
}

const nodeMarks: Readonly<Record<Mark, string>> = {
  plain: '',
  start: 'style=filled, fillcolor="#dbe9ff"',
  end: 'shape=ellipse',
  bad: 'style=filled, fillcolor="#ffd9d2", penwidth=2',
  fails: 'shape=ellipse, style=dashed',
  hardware: 'style=rounded',
  jump: '',
};

const edgeMarks: Readonly<Record<Mark, string>> = {
  plain: '',
  start: '',
  end: '',
  bad: 'color="#b3261e", penwidth=2',
  fails: 'style=dashed, color="#b3261e"',
  hardware: 'style=dotted',
  jump: 'style=bold, color="#1f5fbf"',
};

/** The text of a graph in DOT; equal graphs give equal texts. */
export function dotOf(graph: Graph): string {
  let boxes = 0;
  const group = ({ title, nodes, groups }: Group, indent: string): string[] => [
    `${indent}label=${quoted([title])};`,
    ...nodes.map(({ id, lines, mark }) => `${indent}${quoted([id])} [${attributes(lines, nodeMarks[mark])}];`),
    ...groups.flatMap((inner) => [
      `${indent}subgraph cluster_${boxes++} {`,
      `${indent}  style=rounded; color="#888888"; labeljust=l;`,
      ...group(inner, `${indent}  `),
      `${indent}}`,
    ]),
  ];
  const edges = graph.edges.map(
    ({ from, to, lines, mark, back = false }) =>
      `  ${quoted([from])} -> ${quoted([to])} [${attributes(lines, edgeMarks[mark])}${back ? ', constraint=false' : ''}];`,
  );
  return [
    'digraph ringfence {',
    '  labelloc=t; fontname="sans-serif";',
    '  node [shape=box, fontname="monospace", fontsize=10];',
    '  edge [fontname="sans-serif", fontsize=9];',
    ...group(graph, '  '),
    ...edges,
    '}',
    '',
  ].join('\n');
}

const attributes = (lines: readonly string[], mark: string): string =>
  [`label=${quoted(lines)}`, mark].filter((part) => part !== '').join(', ');

/** A DOT string of some lines; what could deceive is written as an escape, and a backslash is one. */
function quoted(lines: readonly string[]): string {
  const escaped = lines.map((line) => printable(line).replace(/[\\"]/g, '\\$&'));
  return `"${escaped.join('\\n')}"`;
}
