/** Expressions of a random model over what the language lets a step see. */
import type { List } from 'immutable';
import type { FamilyView } from '../../src/language/index.js';
import type { Expr } from './ast.js';
import { keyOfMember } from './footprint.js';

export type Seen = Readonly<Record<string, unknown>>;
export type AnyLocals = Readonly<Record<string, unknown>>;
type View = FamilyView<readonly number[], number>;

/** Is it a family as a step sees it? */
export const isView = (value: unknown): value is View =>
  typeof value === 'object' && value !== null && 'at' in value && 'set' in value;

/** The value of an expression. @throws Error for the head of an empty queue, and for unset locals */
export function valueOf(e: Expr, seen: Seen, locals: AnyLocals, sizeOf: (family: string) => number): number {
  const go = (of: Expr): number => valueOf(of, seen, locals, sizeOf);
  const truth = (is: boolean): number => (is ? 1 : 0);
  switch (e.k) {
    case 'const':
      return e.n;
    case 'var':
      return Number(seen[e.v]);
    case 'local':
      return locals[e.l] as number;
    case 'member': {
      const item = seen[keyOfMember(e.f, e.i)];
      return isView(item) ? item.at(go(e.i) % sizeOf(e.f)) : (item as number);
    }
    case 'length':
      return (seen[e.q] as List<number>).size;
    case 'head': {
      const head = (seen[e.q] as List<number>).first();
      if (head === undefined) throw new Error(`${e.q} is empty`);
      return head;
    }
    case 'plus':
      return go(e.a) + go(e.b);
    case 'mod':
      return go(e.a) % e.n;
    case 'eq':
      return truth(go(e.a) === go(e.b));
    case 'less':
      return truth(go(e.a) < go(e.b));
    case 'and':
      return truth(go(e.a) !== 0 && go(e.b) !== 0);
    case 'or':
      return truth(go(e.a) !== 0 || go(e.b) !== 0);
    case 'not':
      return truth(go(e.a) === 0);
  }
}
