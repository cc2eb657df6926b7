/** The model builder: components declare variables, processes and properties on it. */
import type { Assumption, Emission, MachineMonitor } from './machine.js';
import type { Handler, LocalSorts, Rule } from './nodes.js';
import type { Declared, About, Monitor, StatePredicate, TransitionPredicate } from './properties.js';
import type { Derived, Family, Footprint, FootprintItem, Lock, LockKind, ReadVar, Seen, Var } from './variables.js';
import type { Sort } from './sorts/sort.js';
import { ModelError } from './errors.js';
import { declare, responseInstances, returnInstances, stateInstances, transitionInstances } from './properties.js';
import { isFamilyView, changesOf, lockSort, see, variablesOf } from './variables.js';

/** An index sort, as `index()` makes it. */
interface Indices<I extends number> extends Sort<I> {
  readonly values: readonly I[];
}
type KeysOf<S extends readonly Indices<number>[]> = { [N in keyof S]: S[N] extends Indices<infer I> ? I : never };

/** How a lock is declared. */
export interface LockOptions {
  readonly kind?: LockKind;
  /** Variables that only a holder touches. */
  readonly protects?: readonly Var<unknown>[];
}

/** A process as declared. */
export type DeclaredProcess =
  | { readonly kind: 'handlers'; readonly name: string; readonly handlers: readonly Handler[] }
  | { readonly kind: 'rules'; readonly name: string; readonly rules: readonly Rule[] };

/** Collects what a model is made of. One builder makes one machine. */
export class Builder {
  readonly variables: Var<unknown>[] = [];
  readonly processes: DeclaredProcess[] = [];
  readonly declared: Declared[] = [];
  readonly assumptions: Assumption[] = [];
  readonly events = new Map<string, LocalSorts>();
  readonly observers = new Map<Monitor, MachineMonitor>();
  readonly starts: (() => Map<Var<unknown>, unknown>)[] = [];

  /** @param denied ids of assumptions to do without */
  constructor(private readonly denied: readonly string[] = []) {}

  /** A shared variable with its initial value. */
  variable<T>(name: string, sort: Sort<T>, initial: NoInfer<T>): Var<T> {
    return this.add({ item: 'var', name, kind: 'shared', sort, initial, number: -1 });
  }

  /** A variable that only hardware and properties look at (caches, in-flight accesses): exempt from the granularity rule. */
  ghost<T>(name: string, sort: Sort<T>, initial: NoInfer<T>): Var<T> {
    return this.add({ item: 'var', name, kind: 'ghost', sort, initial, number: -1 });
  }

  /** One variable per index or tuple of indices. `initial` is a value, or a function of the indices. */
  family<const S extends readonly Indices<number>[], T>(
    name: string,
    indices: S,
    sort: Sort<T>,
    initial: NoInfer<T> | ((...index: KeysOf<S>) => NoInfer<T>),
    kind: 'shared' | 'ghost' = 'shared',
  ): Family<KeysOf<S> & readonly number[], T> {
    return this.members(name, indices, (keys, member) => {
      const value = typeof initial === 'function' ? (initial as (...index: readonly number[]) => T)(...keys) : initial;
      return this.add<Var<T>>({ item: 'var', name: member, kind, sort, initial: value, number: -1 });
    }) as unknown as Family<KeysOf<S> & readonly number[], T>;
  }

  /** Says in one sentence what a variable or family stands for, to those who see its values in a trace. */
  explain(item: Exclude<FootprintItem, Derived<unknown>>, doc: string): void {
    for (const variable of variablesOf({ item })) variable.doc = doc;
  }

  /** A lock. */
  lock(name: string, options: LockOptions = {}): Lock {
    return this.addLock(name, name, options);
  }

  /** A lock per index. */
  locks<I extends number>(
    name: string,
    index: Indices<I>,
    options: (i: I) => LockOptions = () => ({}),
  ): Family<readonly [I], number, Lock> {
    return this.members(name, [index], ([i], member) =>
      this.addLock(member, name, options(i as I)),
    ) as unknown as Family<readonly [I], number, Lock>;
  }

  /** A value that follows from variables: computed where it is read, never stored. */
  derived<R extends Footprint, T>(name: string, reads: R, compute: (seen: Seen<R>) => T): Derived<T> {
    return {
      item: 'derived',
      name,
      variables: variablesOf(reads),
      compute: (read: ReadVar) => compute(see(reads, read)),
    };
  }

  /** A process that runs handlers, from idle to idle. */
  process(name: string, handlers: readonly Handler[]): void {
    this.addProcess({ kind: 'handlers', name, handlers });
  }

  /** A piece of hardware: always-on rules. */
  hardware(name: string, rules: readonly Rule[]): void {
    this.addProcess({ kind: 'rules', name, rules });
  }

  /** One more initial state, given as changes to the variables' initial values. Without any, there is one: the initial values. */
  start(...changes: readonly (readonly [Var<unknown>, unknown])[]): void {
    this.starts.push(() => new Map(changes));
  }

  /**
   * History that a property needs: variables of its own, written when something is announced (`next().emit(...)`).
   * Part of the model only while a selected property names it.
   */
  monitor<W extends Footprint>(
    name: string,
    variables: W,
    on: Readonly<Record<string, (args: never, seen: Seen<W>) => Partial<Seen<W>>>>,
  ): Monitor {
    const own = variablesOf(variables);
    for (const variable of own) (variable as { kind: Var<unknown>['kind'] }).kind = 'monitor';
    const monitor: Monitor = { name, variables: own };
    this.observers.set(monitor, {
      name,
      observe: (emission, read) => observe(variables, on, emission, (variable) => read(variable.number) as never),
    });
    return monitor;
  }

  /** The sorts of what an event announces (`emit`), for traces that print its arguments in their words. */
  event(name: string, args: LocalSorts): void {
    this.events.set(name, args);
  }

  /** True in every reachable state. */
  invariant<R extends Footprint, K extends LocalSorts = Record<never, never>>(
    id: string,
    spec: About & StatePredicate<K, R>,
  ): void {
    this.declared.push(declare(id, 'invariant', spec, () => ({ instances: stateInstances(id, spec) })));
  }

  /** True in every reachable state in which no handler is in flight (`when` says what else must be quiet). */
  quiescent<R extends Footprint, K extends LocalSorts = Record<never, never>>(
    id: string,
    spec: About & StatePredicate<K, R>,
  ): void {
    this.declared.push(declare(id, 'quiescent', spec, () => ({ instances: stateInstances(id, spec) })));
  }

  /** A cover goal: true in some reachable state. */
  reachable<R extends Footprint, K extends LocalSorts = Record<never, never>>(
    id: string,
    spec: About & StatePredicate<K, R>,
  ): void {
    this.declared.push(declare(id, 'reachable', spec, () => ({ instances: stateInstances(id, spec) })));
  }

  /** True of every transition that announces or writes what it names. */
  transition<R extends Footprint, K extends LocalSorts = Record<never, never>>(
    id: string,
    spec: About & TransitionPredicate<K, R>,
  ): void {
    this.declared.push(declare(id, 'transition', spec, () => ({ instances: transitionInstances(id, spec) })));
  }

  /**
   * AG EF: from every reachable state (where `when` is true) the goal `holds` can be reached by steps of the processes
   * named in `by`, except where `excused` holds.
   */
  alwaysPossible<R extends Footprint, E extends Footprint, K extends LocalSorts = Record<never, never>>(
    id: string,
    spec: About & StatePredicate<K, R> & { by: readonly string[]; excused?: Excuse<E> },
  ): void {
    this.declared.push(
      declare(id, 'always-possible', spec, ({ numberOf }) => ({
        instances: responseInstances(id, spec),
        by: spec.by.map(numberOf),
        excused: excuse(id, spec.excused),
      })),
    );
  }

  /**
   * Where `when` is true, `holds` is true then or later, on every fair run. Fairness is that of the steps: who takes a
   * lock gets it in the end, handlers in flight and hardware go on, nobody has to start a handler; a step's `fair` says
   * otherwise. A run that reaches a state where `excused` holds owes nothing.
   */
  leadsTo<R extends Footprint, E extends Footprint, K extends LocalSorts = Record<never, never>>(
    id: string,
    spec: About & StatePredicate<K, R> & { excused?: Excuse<E> },
  ): void {
    this.declared.push(
      declare(id, 'leads-to', spec, () => ({
        instances: responseInstances(id, spec),
        excused: excuse(id, spec.excused),
      })),
    );
  }

  /** Under fairness, every handler in flight returns in the end, but for those who reach an excused state. */
  returns<E extends Footprint>(id: string, spec: About & { excused?: Excuse<E> }): void {
    this.declared.push(
      declare(id, 'leads-to', spec, (processes) => ({
        instances: returnInstances(processes),
        excused: excuse(id, spec.excused),
      })),
    );
  }

  /** No reachable state is stuck, except where `allowed` holds. */
  deadlockFree<R extends Footprint>(id: string, about: About & { allowed?: Excuse<R> }): void {
    this.declared.push(declare(id, 'deadlock-free', about, () => ({ allowed: excuse(id, about.allowed) })));
  }

  /** From every reachable state each process can get back to idle, except where `excused` holds (a panic, say). */
  wedgeFree<R extends Footprint>(id: string, about: About & { excused?: Excuse<R> }): void {
    this.declared.push(declare(id, 'wedge-free', about, () => ({ excused: excuse(id, about.excused) })));
  }

  /**
   * Lock order, over all that is reachable: no two classes of locks are taken in both orders, nor two locks of one class;
   * none is taken twice; nobody sleeps under a `spin` or `rw` lock. `allow` names pairs of classes that are known to be
   * safe; with `among`, only these classes count.
   */
  lockOrder(
    id: string,
    about: About & {
      allow?: readonly { held: string; taken: string; because: string }[];
      among?: readonly string[];
    },
  ): void {
    const { allow = [], among } = about;
    this.declared.push(
      declare(id, 'lock-order', about, () => {
        const classes = this.variables.flatMap((variable) => (variable as Partial<Lock>).lockClass ?? []);
        const unknown = [...allow.flatMap(({ held, taken }) => [held, taken]), ...(among ?? [])].find(
          (name) => !classes.includes(name),
        );
        if (unknown !== undefined) throw new ModelError(`${id} names "${unknown}", which is no class of locks`);
        return { allow, among };
      }),
    );
  }

  /** An assumption that every verdict of this model rests on. */
  assume(id: string, text: string): void {
    this.addAssumption({ id, text, deniable: false });
  }

  /** An assumption that `--deny` can drop. False: it is denied, and the model must allow what it rules out. */
  assumed(id: string, text: string): boolean {
    this.addAssumption({ id, text, deniable: true });
    return !this.denied.includes(id);
  }

  /** Several components may rest on one assumption. */
  private addAssumption(assumption: Assumption): void {
    const { id, text, deniable } = assumption;
    const at = this.assumptions.findIndex((known) => known.id === id);
    if (at < 0) this.assumptions.push(assumption);
    else if (this.assumptions[at].text !== text) throw new ModelError(`assumption "${id}" has two different texts`);
    else if (deniable) this.assumptions[at] = assumption;
  }

  private add<V extends Var<unknown>>(variable: V): V {
    if (this.variables.some(({ name }) => name === variable.name)) {
      throw new ModelError(`two variables are called "${variable.name}"`);
    }
    this.variables.push(variable);
    this.refuseTwins(variable.name);
    return variable;
  }

  private addLock(name: string, lockClass: string, { kind = 'spin', protects = [] }: LockOptions): Lock {
    const sort = lockSort(kind, 8);
    const shared = { item: 'var', name, kind: 'lock', sort, initial: 0, number: -1 } as const;
    return this.add<Lock>({ ...shared, number: -1, lockKind: kind, lockClass, protects });
  }

  private addProcess(process: DeclaredProcess): void {
    if (this.processes.some(({ name }) => name === process.name))
      throw new ModelError(`two processes are called "${process.name}"`);
    this.processes.push(process);
    this.refuseTwins(process.name);
  }

  /** Where a process is stands in a variable of its name. */
  private refuseTwins(name: string): void {
    const twins = [this.variables, this.processes].every((all) => all.some((one) => one.name === name));
    if (twins) throw new ModelError(`a process and a variable are both called "${name}"`);
  }

  private members<V extends Var<unknown>>(
    name: string,
    indices: readonly Indices<number>[],
    make: (keys: readonly number[], member: string) => V,
  ): Family<readonly number[], unknown, V> {
    let keys: number[][] = [[]];
    for (const index of indices) keys = keys.flatMap((head) => index.values.map((value) => [...head, value]));
    const at = new Map<string, V>();
    for (const key of keys) {
      const member = `${name}[${key.map((value, n) => indices[n].print(value)).join(', ')}]`;
      at.set(key.join(), make(key, member));
    }
    const find = (...key: readonly number[]): V => {
      const found = at.get(key.join());
      if (!found) throw new RangeError(`${name} has no member [${key.join(', ')}]`);
      return found;
    };
    return Object.assign(find, { item: 'family' as const, familyName: name, all: [...at.values()], keys });
  }
}

/** States that a property does not ask anything of. */
interface Excuse<R extends Footprint> {
  readonly reads: R;
  holds(seen: Seen<R>): boolean;
}

function excuse<R extends Footprint>(id: string, spec: Excuse<R> | undefined) {
  return spec && stateInstances(id, { reads: () => spec.reads, holds: (seen) => spec.holds(seen) })[0];
}

function observe<W extends Footprint>(
  footprint: W,
  on: Readonly<Record<string, (args: never, seen: Seen<W>) => Partial<Seen<W>>>>,
  emission: Emission,
  read: ReadVar,
): Map<number, unknown> {
  const written = new Map<number, unknown>();
  if (!Object.hasOwn(on, emission.name)) return written;
  const answer = on[emission.name](emission.args as never, see(footprint, read));
  for (const [name, value] of Object.entries(answer as Record<string, unknown>)) {
    const item = footprint[name];
    if (isFamilyView(value)) for (const [variable, own] of value[changesOf]) written.set(variable.number, own);
    else if (item.item === 'var') written.set(item.number, value);
  }
  return written;
}
