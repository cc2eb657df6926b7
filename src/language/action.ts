/** One atomic step, executed: locks taken, guards, effects, exits resolved, locks released, sorts checked. */
import { Map as ImmutableMap } from 'immutable';
import type { Action, Emission, Fairness, Fault, GuardWatch, Locking, Outcome, Read } from './machine.js';
import type { Place } from './places.js';
import type { GuardSpec } from './nodes.js';
import type { Footprint, Lock, ReadVar, Var } from './variables.js';
import { Frame, idleFrame } from './frame.js';
import { FootprintError } from './errors.js';
import { RuleError, faultAt, staysInSort } from './faults.js';
import { Result, next } from './results.js';
import { isFamilyView, changesOf, see, variablesOf } from './variables.js';
import { truth } from './truth.js';
import { localsView, setLocals, type LocalValues } from './locals.js';

/** What actions of one machine share. */
export interface ActionContext {
  /** Edited programs are exempt from the granularity rule. */
  readonly edited: boolean;
}

/** What the guards' half of a split step answers if they let it pass. */
const passed = next();

type Writes = Map<Var<unknown>, unknown>;

/** Makes the action of a place (of a process with this frame variable) at these locals; `entry`: it starts a handler. */
export function actionAt(
  place: Place,
  locals: LocalValues,
  frame: Var<unknown> | null,
  context: ActionContext,
  entry = false,
): Action {
  const run = new Run(place, locals, frame, context);
  return {
    id: place.id,
    origin: place.origin,
    fair: fairnessOf(place, entry),
    reads: run.readable.map((variable) => variable.number),
    writes: run.writable.map((variable) => variable.number),
    locking: run.locking,
    run: (read, watch) => run.outcomes(read, watch),
  };
}

/** What the step says of itself, or the block whose lock it takes; else what its kind deserves. */
function fairnessOf({ spec, acquires }: Place, entry: boolean): Fairness {
  const said = [spec.fair, ...acquires.map(({ tree }) => tree.node.options.fair)].find((fair) => fair !== undefined);
  return said ?? (entry ? 'none' : acquires.length > 0 ? 'strong' : 'weak');
}

class Run {
  readonly readable: readonly Var<unknown>[];
  readonly writable: readonly Var<unknown>[];
  locking: readonly Locking[] = [];
  private readonly reads: Footprint = {};
  private readonly writes: Footprint = {};
  private readonly view: unknown;
  private readonly held: readonly Lock[] = [];
  private readonly broken: Fault | undefined;

  constructor(
    private readonly place: Place,
    private readonly locals: LocalValues,
    private readonly frame: Var<unknown> | null,
    private readonly context: ActionContext,
  ) {
    this.view = localsView(locals, place.scope);
    let locks: Lock[] = [];
    let pending: Var<unknown>[] = [];
    try {
      if (place.phase !== 'effects' || place.spec.run) {
        this.reads = place.spec.reads?.(this.view) ?? {};
        this.writes = place.spec.writes?.(this.view) ?? {};
      }
      const lockOf = (held: { lock: (l: unknown) => Lock; scope: string }): Lock =>
        held.lock(localsView(locals, held.scope));
      this.held = place.held.map(lockOf);
      const taken = place.acquires.map(({ held }) => lockOf(held));
      locks = [...this.held, ...taken];
      this.locking = lockingOf(this.held, taken, place.spec.sleeps === true && place.phase !== 'guards');
      pending = place.acquires.flatMap(
        ({ tree, held }) => tree.node.options.pending?.(localsView(locals, held.scope)) ?? [],
      );
      this.broken = this.granularity(locks);
    } catch (error) {
      this.broken = this.fault(error);
    }
    const own = frame ? [frame] : [];
    const written = [...variablesOf(this.writes), ...locks, ...own];
    this.writable = [...new Set(written)];
    this.readable = [...new Set([...variablesOf(this.reads), ...pending, ...written])];
  }

  /** At most one shared variable that no held lock protects (semantics: acquire merges right, release left). */
  private granularity(locks: readonly Lock[]): Fault | undefined {
    if (!this.frame || this.context.edited || this.place.spec.atomic !== undefined) return undefined;
    const safe = new Set(locks.flatMap((lock) => lock.protects));
    const touched = variablesOf({ ...this.reads, ...this.writes });
    const open = touched.filter((variable) => variable.kind === 'shared' && !safe.has(variable));
    if (open.length <= 1) return undefined;
    const names = open.map((variable) => variable.name).join(', ');
    return this.fault(
      new FootprintError(
        `touches ${open.length} shared variables that no lock it holds protects (${names}): split the step, name the lock that protects them, or say why it is atomic`,
      ),
    );
  }

  outcomes(read: Read, watch?: GuardWatch): readonly Outcome[] {
    if (this.broken) return [{ kind: 'fault', fault: this.broken }];
    const allowed = new Set(this.readable);
    const readVar: ReadVar = (variable) => {
      if (!allowed.has(variable as Var<unknown>)) {
        throw new FootprintError(`reads ${variable.name}, which its footprint does not name`);
      }
      return read(variable.number) as never;
    };
    try {
      return this.execute(readVar, watch);
    } catch (error) {
      return [{ kind: 'fault', fault: this.fault(error) }];
    }
  }

  private execute(read: ReadVar, watch: GuardWatch | undefined): Outcome[] {
    const taken: Writes = new Map();
    const acquired = this.acquire(read, taken);
    if (acquired === 'waits') return [];
    if (acquired) return [acquired];
    const results = this.results(read, watch);
    if (results.length === 0 && this.frame && this.place.spec.waits !== true) {
      throw new RuleError('blocked', 'has no outcome, but does not say "waits: true": a step that waits must say so');
    }
    return results.map((result) => {
      try {
        return this.resolve(result, new Map(taken), read);
      } catch (error) {
        return { kind: 'fault', fault: this.fault(error) };
      }
    });
  }

  /** Takes the place's locks: an outcome if the wait was interrupted. */
  private acquire(read: ReadVar, taken: Writes): Outcome | 'waits' | undefined {
    for (const { held, tree, interrupted } of this.place.acquires) {
      const lock = held.lock(localsView(this.locals, held.scope));
      const value = (taken.get(lock) as number | undefined) ?? read(lock);
      const free = held.shared ? value !== 1 : value === 0;
      if (this.held.includes(lock) && !(held.shared && free)) {
        throw new RuleError('lock', `takes ${lock.name}, which it already holds`);
      }
      if (!free) {
        const { pending, errno = 'EINTR' } = tree.node.options;
        if (!pending || !read(pending(localsView(this.locals, held.scope)))) return 'waits';
        const outcome = this.depart(interrupted, new Map(this.locals), new Map(), read, `-${errno}`, []);
        return outcome.kind === 'ok' ? { ...outcome, interrupted: true } : outcome;
      }
      taken.set(lock, held.shared ? (value === 0 ? 2 : value + 1) : 1);
    }
    return undefined;
  }

  private results(read: ReadVar, watch: GuardWatch | undefined): readonly Result[] {
    const { spec, phase, passed: dropped } = this.place;
    const seen = see({ ...this.reads, ...this.writes }, read);
    if (phase !== 'effects') {
      for (const guard of spec.guards ?? []) {
        if (dropped.has(guard.id)) continue;
        const passes = truth(`guard ${guard.id}`, (guard as GuardSpec<unknown, unknown>).test(seen, this.view));
        watch?.(guard.id, passes);
        if (passes) continue;
        return guard.else instanceof Result ? [guard.else] : guard.else;
      }
      if (phase === 'guards') return [passed];
    }
    const answer = spec.run?.(seen, this.view) ?? next();
    return answer instanceof Result ? [answer] : (answer as readonly Result[]);
  }

  private resolve(result: Result, writes: Writes, read: ReadVar): Outcome {
    for (const [name, value] of Object.entries((result.set ?? {}) as Record<string, unknown>)) {
      if (value === undefined) continue;
      const item = Object.hasOwn(this.writes, name) ? this.writes[name] : undefined;
      if (!item || item.item === 'derived') throw new FootprintError(`writes "${name}", which is not among its writes`);
      if (isFamilyView(value)) for (const [variable, own] of value[changesOf]) writes.set(variable, own);
      else if (item.item === 'var') writes.set(item, value);
      else throw new FootprintError(`writes "${name}": a family is written with its view's set()`);
    }
    const locals: LocalValues = new Map(this.locals);
    setLocals(locals, this.place.scope, (result.locals ?? {}) as Record<string, unknown>);
    // Between its guards and its effects a split step still needs what it forgets.
    for (const name of result === passed ? [] : (this.place.spec.forget ?? []))
      locals.delete(`${this.place.scope}.${name}`);
    const { exit } = result;
    const label =
      exit.kind === 'fail' ? `-${exit.errno}` : exit.kind === 'done' && exit.result !== '' ? exit.result : '';
    const words = [label, result.note].filter((part) => part !== '').join(' ');
    return this.depart(this.continuation(result), locals, writes, read, words, result.emits);
  }

  private continuation(result: Result): Place['exits']['next'] {
    const { exits, effects } = this.place;
    const { exit } = result;
    if (result === passed && effects) return effects;
    if (exit.kind !== 'goto') return exits[exit.kind];
    const target = exits.goto(exit.label);
    if (!target) throw new RuleError('throw', `jumps to "${exit.label}", and there is no such label in its reach`);
    return target;
  }

  private depart(
    where: Place['exits']['next'],
    locals: LocalValues,
    writes: Writes,
    read: ReadVar,
    label: string,
    emits: readonly Emission[],
  ): Outcome {
    const released: { held: Place['held'][number]; lock: Lock }[] = [];
    const place = where({ locals, released });
    for (const { held, lock } of released) {
      const value = (writes.get(lock) as number | undefined) ?? read(lock);
      if (held.shared ? value < 2 : value !== 1)
        throw new RuleError('lock', `releases ${lock.name}, which it does not hold`);
      writes.set(lock, held.shared ? (value === 2 ? 0 : value - 1) : 0);
    }
    if (this.frame) {
      const frame = place ? new Frame({ pc: place.pc, locals: ImmutableMap(locals) }) : idleFrame;
      writes.set(this.frame, frame);
    }
    const checked = new Map<number, unknown>();
    for (const [variable, value] of writes) {
      if (!this.writable.includes(variable)) {
        throw new FootprintError(`writes ${variable.name}, which its footprint does not name`);
      }
      read(variable);
      staysInSort(variable, value);
      checked.set(variable.number, value);
    }
    return { kind: 'ok', writes: checked, label, emits };
  }

  private fault(error: unknown): Fault {
    return faultAt(this.place.id, error);
  }
}

const mayNotSleep = ({ lockKind }: Lock): boolean => lockKind === 'spin' || lockKind === 'rw';

/** Each lock that is taken, under each lock that is held by then; and what sleeps where that is forbidden. */
function lockingOf(held: readonly Lock[], taken: readonly Lock[], sleeps: boolean): Locking[] {
  const order = taken.flatMap((lock, i) =>
    [...held, ...taken.slice(0, i)].map((under): Locking => {
      return { held: under.number, taken: lock.number, sleeps: !mayNotSleep(lock) && mayNotSleep(under) };
    }),
  );
  const asleep = sleeps ? [...held, ...taken].filter(mayNotSleep) : [];
  return [...order, ...asleep.map((under): Locking => ({ held: under.number, sleeps: true }))];
}
