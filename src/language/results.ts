/** What a step answers: symbolic outcomes, resolved by the program (so that editing a neighbour changes no step). */
import type { Emission } from './machine.js';

/** Where a step goes. */
export type Exit =
  | { readonly kind: 'next' }
  | { readonly kind: 'goto'; readonly label: string }
  | { readonly kind: 'fail'; readonly errno: string }
  | { readonly kind: 'done'; readonly result: string };

/** One symbolic outcome: an exit, new values by footprint name, new locals, and what it announces. Immutable. */
export class Result<out S = unknown, out L = unknown> {
  private constructor(
    readonly exit: Exit,
    readonly set: S | undefined,
    readonly locals: L | undefined,
    readonly emits: readonly Emission[],
    readonly note: string,
  ) {}

  /** @internal Use {@link next}, {@link goto}, {@link fail} or {@link done}. */
  static of<S>(exit: Exit, set?: S): Result<S, object> {
    return new Result<S, object>(exit, set, undefined, [], '');
  }

  /** Also sets locals of the handler. */
  local<M>(locals: M): Result<S, M> {
    return new Result(this.exit, this.set, locals, this.emits, this.note);
  }

  /** Also announces something to monitors, transition properties and the reader of a trace. */
  emit(name: string, args: Readonly<Record<string, unknown>> = {}): Result<S, L> {
    return new Result(this.exit, this.set, this.locals, [...this.emits, { name, args }], this.note);
  }

  /** Also says in words what happened; part of the outcome's identity. */
  say(note: string): Result<S, L> {
    return new Result(this.exit, this.set, this.locals, this.emits, note);
  }
}

/** On to the following step, with new values by footprint name. */
export const next = <const S = object>(set?: S): Result<S, object> => Result.of({ kind: 'next' }, set);

/** To the step of that label, in this list or one around it; locks of blocks that are left are released. */
export const goto = <const S = object>(label: string, set?: S): Result<S, object> =>
  Result.of({ kind: 'goto', label }, set);

/** Out of the handler with an error: `finally` and `onFail` blocks run, locks are released; an `attempt` ends it. */
export const fail = <const S = object>(errno: string, set?: S): Result<S, object> =>
  Result.of({ kind: 'fail', errno }, set);

/** Out of the handler (or fragment) with success, through `finally` blocks and lock releases. */
export const done = <const S = object>(result = '', set?: S): Result<S, object> =>
  Result.of({ kind: 'done', result }, set);

/** Not enabled: the step waits. A handler's step that may wait must say `waits: true`. */
export const block: readonly never[] = Object.freeze([]);
