/** A handler with its calls inlined: the tree that edits work on and the compiler walks. */
import type { Handler, Node } from './nodes.js';

type Of<K extends Node['kind']> = Extract<Node, { kind: K }>;

/** A node with its place in the program. Lists are mutable on purpose: edits move nodes before anything is compiled. */
export type Tree =
  | {
      kind: 'step';
      path: string;
      scope: string;
      node: Of<'step'>;
      passed: Set<string>;
      split: boolean;
    }
  | { kind: 'release'; path: string; scope: string; node: Of<'release'>; dropped: boolean }
  | { kind: 'call'; path: string; scope: string; inner: string; node: Of<'call'>; body: Tree[] }
  | { kind: 'locked'; path: string; scope: string; node: Of<'locked'>; body: Tree[]; tail?: Tree; unlocked: boolean }
  | { kind: 'each'; path: string; scope: string; node: Of<'each'>; body: Tree[]; once: boolean }
  | { kind: 'cleanup'; path: string; scope: string; node: Of<'cleanup'>; body: Tree[]; cleanup: Tree[] }
  /** What a dropped step leaves: a label to jump to, and nothing else. */
  | { kind: 'gone'; path: string; scope: string };

/** A label as it stands in ids. */
export const slug = (label: string): string => label.trim().replace(/\s+/g, '-');

/** Inlines all calls of a handler. @throws Error if a fragment calls itself */
export function expand(handler: Handler): Tree[] {
  return expandList(handler.body, slug(handler.name), slug(handler.name), []);
}

function expandList(nodes: readonly Node[], path: string, scope: string, within: readonly unknown[]): Tree[] {
  return nodes.map((node) => expandNode(node, `${path}/${slug(node.label)}`, scope, within));
}

function expandNode(node: Node, path: string, scope: string, within: readonly unknown[]): Tree {
  switch (node.kind) {
    case 'step':
      return { kind: 'step', path, scope, node, passed: new Set(), split: false };
    case 'release':
      return { kind: 'release', path, scope, node, dropped: false };
    case 'call': {
      if (within.includes(node.fragment)) {
        throw new Error(
          `fragment "${node.fragment.name}" calls itself (at ${path}): programs are finite, write a loop`,
        );
      }
      // A tail's places are shared by all handlers, so neither its path nor its locals may name one of them.
      const own = node.tail ? slug(node.fragment.name) : path;
      const inner = node.tail ? own : `${scope}/${slug(node.label)}`;
      const body = expandList(node.fragment.body, own, inner, [...within, node.fragment]);
      return { kind: 'call', path, scope, inner, node, body };
    }
    case 'locked': {
      const body = expandList(node.body, path, scope, within);
      const tail =
        node.options.tail && expandNode(node.options.tail, `${path}/${slug(node.options.tail.label)}`, scope, within);
      return { kind: 'locked', path, scope, node, body, tail, unlocked: false };
    }
    case 'each':
      return { kind: 'each', path, scope, node, body: expandList(node.body, path, scope, within), once: false };
    case 'cleanup': {
      const body = expandList(node.body, path, scope, within);
      return {
        kind: 'cleanup',
        path,
        scope,
        node,
        body,
        cleanup: expandList(node.cleanup, `${path}/cleanup`, scope, within),
      };
    }
  }
}

/** The lists of nodes below a node. */
export function listsOf(tree: Tree): Tree[][] {
  switch (tree.kind) {
    case 'call':
    case 'each':
      return [tree.body];
    case 'locked':
      return tree.tail ? [tree.body, [tree.tail]] : [tree.body];
    case 'cleanup':
      return [tree.body, tree.cleanup];
    default:
      return [];
  }
}

/** All nodes of a list, parents before children. */
export function* walk(list: readonly Tree[]): Generator<Tree> {
  for (const tree of list) {
    yield tree;
    for (const below of listsOf(tree)) yield* walk(below);
  }
}

/** A copy of a node under other paths: a cleanup that stands on several ways out. */
export function renamed(tree: Tree, suffix: string): Tree {
  const path = tree.path + suffix;
  switch (tree.kind) {
    case 'call':
    case 'each':
      return { ...tree, path, body: tree.body.map((below) => renamed(below, suffix)) };
    case 'locked':
      return { ...tree, path, body: tree.body.map((below) => renamed(below, suffix)) };
    case 'cleanup':
      return {
        ...tree,
        path,
        body: tree.body.map((below) => renamed(below, suffix)),
        cleanup: tree.cleanup.map((below) => renamed(below, suffix)),
      };
    default:
      return { ...tree, path };
  }
}
