/** Which variables a step of a random model names: honestly, or leaving one out. */
import type { Expr, RandomModel, Step } from './ast.js';

/** One name of a footprint: a variable, a whole family, or one member that a constant or local says. */
export interface Named {
  readonly key: string;
  readonly variable: string;
  readonly member?: Expr;
}
export type Footprints = (step: Step, ast: RandomModel) => { reads: readonly Named[]; writes: readonly Named[] };

/** Under which name a member is seen: members with a fixed index have names of their own, all others are in the family. */
export const keyOfMember = (f: string, i: Expr): string =>
  i.k === 'const' ? `${f}#${i.n}` : i.k === 'local' ? `${f}@${i.l}` : f;

const member = (f: string, i: Expr): Named => {
  const key = keyOfMember(f, i);
  return key === f ? { key, variable: f } : { key, variable: f, member: i };
};

/** All variables in an expression. */
export function namesIn(e: Expr): Named[] {
  switch (e.k) {
    case 'const':
    case 'local':
      return [];
    case 'var':
      return [{ key: e.v, variable: e.v }];
    case 'member':
      return [member(e.f, e.i), ...namesIn(e.i)];
    case 'length':
    case 'head':
      return [{ key: e.q, variable: e.q }];
    case 'not':
    case 'mod':
      return namesIn(e.a);
    default:
      return [...namesIn(e.a), ...namesIn(e.b)];
  }
}

/** What the step reads and writes. */
export const honest: Footprints = (step) => {
  const expressions = [...step.guards.map(({ test }) => test), ...step.choices.map(({ when }) => when)];
  const writes: Named[] = [];
  for (const { set, locals, emit } of step.choices) {
    for (const assign of set) {
      if (assign.k === 'member') {
        writes.push(member(assign.f, assign.i));
        expressions.push(assign.i);
      } else
        writes.push(assign.k === 'var' ? { key: assign.v, variable: assign.v } : { key: assign.q, variable: assign.q });
      if (assign.k !== 'pop') expressions.push(assign.e);
    }
    for (const value of Object.values(locals)) expressions.push(...(value.k === 'number' ? [value.e] : value.of));
    if (emit) expressions.push(emit);
  }
  return { reads: expressions.flatMap(namesIn), writes };
};
