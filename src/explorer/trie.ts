/** What was learned of one pure function of the state: its answer by the codes that it actually read, in order. */
import type { Read } from '../language/index.js';
import type { Interner } from './intern.js';
import type { Layout } from './layout.js';

/** The code of a variable in the state that is looked at. */
export type CodeOf = (variable: number) => number;

interface Node<T> {
  /** The variable read next, or -1 in a leaf. */
  variable: number;
  readonly kids: (Node<T> | undefined)[];
  answer: T | undefined;
}

/** A decision trie. Equal codes so far mean the same next read, because the function is pure. */
export class Trie<T> {
  private root: Node<T> | undefined;
  /** Every variable that the function has ever read. */
  readonly observed = new Set<number>();

  /** The answer for a packed state, if its projection was seen before. */
  lookup(layout: Layout, words: Int32Array, at: number): T | undefined {
    let node = this.root;
    while (node && node.variable >= 0) node = node.kids[layout.code(words, at, node.variable)];
    return node?.answer;
  }

  /** The same for a state that is not packed. */
  recall(codeOf: CodeOf): T | undefined {
    let node = this.root;
    while (node && node.variable >= 0) node = node.kids[codeOf(node.variable)];
    return node?.answer;
  }

  /** Runs the function on a state and remembers its answer. */
  learn(interner: Interner, codeOf: CodeOf, run: (read: Read) => T): T {
    const path: [variable: number, code: number][] = [];
    const known = new Set<number>();
    const answer = run((variable) => {
      const code = codeOf(variable);
      if (!known.has(variable)) {
        known.add(variable);
        path.push([variable, code]);
      }
      return interner.value(variable, code);
    });
    let node = (this.root ??= leaf());
    for (const [variable, code] of path) {
      this.observed.add(variable);
      if (node.variable < 0 && node.answer === undefined) node.variable = variable;
      else if (node.variable !== variable)
        throw new ImpureError(`read variable ${variable} where it read ${node.variable} before`);
      node = node.kids[code] ??= leaf();
    }
    if (node.variable >= 0) throw new ImpureError(`stopped reading where it read variable ${node.variable} before`);
    node.answer = answer;
    return answer;
  }
}

/** A spec function did not do the same twice on equal reads. */
export class ImpureError extends Error {
  override readonly name = 'ImpureError';
}

const leaf = <T>(): Node<T> => ({ variable: -1, kids: [], answer: undefined });
