/** The oracle's own reading of expressions. Values: numbers, and lists of numbers for queues and sets. */
import { List, type Map as ImmutableMap } from 'immutable';
import type { Expr, LocalValue, RandomModel } from './ast.js';

/** A value of a variable or local. Frames are text. */
export type Value = number | string | List<number>;
/** A state: value by variable name (`f[0]` for a member), and the frame of each process by its name. */
export type State = ImmutableMap<string, Value>;
/** Locals by full name: scope, dot, name. */
export type Locals = Map<string, Value>;

/** What went wrong in a step. */
export class Wrong extends Error {}

/** The value of an expression for a step whose locals live in `scope`. @throws Wrong */
export function evaluate(e: Expr, model: RandomModel, state: State | undefined, locals: Locals, scope: string): number {
  const go = (of: Expr): number => evaluate(of, model, state, locals, scope);
  switch (e.k) {
    case 'const':
      return e.n;
    case 'var':
      return state!.get(e.v) as number;
    case 'local': {
      const value = locals.get(`${scope}.${e.l}`);
      if (value === undefined) throw new Wrong(`unset local ${e.l}`);
      return value as number;
    }
    case 'member':
      return state!.get(memberName(e.f, e.i, model, state, locals, scope)) as number;
    case 'length':
      return (state!.get(e.q) as List<number>).size;
    case 'head': {
      const head = (state!.get(e.q) as List<number>).first();
      if (head === undefined) throw new Wrong(`${e.q} is empty`);
      return head;
    }
    case 'plus':
      return go(e.a) + go(e.b);
    case 'mod':
      return go(e.a) % e.n;
    case 'eq':
      return go(e.a) === go(e.b) ? 1 : 0;
    case 'less':
      return go(e.a) < go(e.b) ? 1 : 0;
    case 'and':
      return go(e.a) !== 0 && go(e.b) !== 0 ? 1 : 0;
    case 'or':
      return go(e.a) !== 0 || go(e.b) !== 0 ? 1 : 0;
    case 'not':
      return go(e.a) === 0 ? 1 : 0;
  }
}

/** The name of the member that an index expression means. */
export function memberName(
  f: string,
  i: Expr,
  model: RandomModel,
  state: State | undefined,
  locals: Locals,
  scope: string,
): string {
  const family = model.variables.find(({ name }) => name === f);
  if (family?.k !== 'family') throw new Error(`no family ${f}`);
  return `${f}[${evaluate(i, model, state, locals, scope) % family.size}]`;
}

/** A local's new value; sets are sorted lists without repetition. */
export function localValue(
  value: LocalValue,
  model: RandomModel,
  state: State | undefined,
  locals: Locals,
  scope: string,
): Value {
  if (value.k === 'number') return evaluate(value.e, model, state, locals, scope);
  const items = value.of.map((e) => evaluate(e, model, state, locals, scope));
  return List([...new Set(items)].sort((a, b) => a - b));
}

/** Is the value one of the variable's, by the declarations? */
export function inRange(name: string, value: Value, model: RandomModel): boolean {
  const base = name.replace(/\[.*/, '');
  const variable = model.variables.find((one) => one.name === base)!;
  const within = (n: number, max: number): boolean => Number.isInteger(n) && n >= 0 && n <= max;
  switch (variable.k) {
    case 'bool':
      return true;
    case 'queue':
      return (
        (value as List<number>).size <= variable.size && (value as List<number>).every((n) => within(n, variable.max))
      );
    default:
      return within(value as number, variable.max);
  }
}

/** All numbers in the locals of a frame. */
export function localNumbers(locals: readonly (readonly [string, number | readonly number[]])[]): number[] {
  return locals.flatMap(([, value]) => value);
}
