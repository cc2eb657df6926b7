/** Variables, families of variables over indices, locks, and derived values: what footprints are made of. */
import type { MachineVariable } from './machine.js';
import type { Encoded, Sort } from './sorts/sort.js';
import { FootprintError } from './errors.js';

/** One variable of the state. Made by the model builder, which also gives it its number. */
export interface Var<T> {
  readonly item: 'var';
  readonly name: string;
  readonly kind: MachineVariable['kind'];
  readonly sort: Sort<T>;
  readonly initial: T;
  /** What it stands for, in one sentence. */
  doc?: string;
  /** Place in the state, set when the machine is built; -1 while it is not part of one. */
  number: number;
}

/**
 * How a lock excludes. `interruptible` is a mutex whose taker gives up with EINTR when it would wait with a signal pending;
 * `rw` spins, `rwsem` sleeps.
 */
export type LockKind = 'spin' | 'mutex' | 'interruptible' | 'rw' | 'rwsem';

/** A lock: an ordinary variable (0 free, 1 held exclusively, 1+n held by n readers) that only `locked` blocks write. */
export interface Lock extends Var<number> {
  readonly lockKind: LockKind;
  /** The lock's class for the lock-order graph, e.g. `pgt_lock` for `pgt_lock[dom0]`. */
  readonly lockClass: string;
  /** Variables that only a holder touches. */
  readonly protects: readonly Var<unknown>[];
}

/** A variable per index, or per tuple of indices: `owner(page)`, `pte(domain, iova)`. */
export interface Family<K extends readonly number[], T, V extends Var<T> = Var<T>> {
  (...index: K): V;
  readonly item: 'family';
  readonly familyName: string;
  readonly all: readonly V[];
  /** The index tuples, in the order of `all`. */
  readonly keys: readonly K[];
}

/** A function of variables, computed where it is read and never stored. */
export interface Derived<T> {
  readonly item: 'derived';
  readonly name: string;
  readonly variables: readonly Var<unknown>[];
  compute(read: ReadVar): T;
}

/** Reads a variable's value. */
export type ReadVar = <T>(variable: Var<T>) => T;

/** What can stand in a footprint. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a footprint mixes variables of every sort; the mapped type below recovers each
export type FootprintItem = Var<any> | Family<any, any, any> | Derived<any>;
export type Footprint = Readonly<Record<string, FootprintItem>>;

/** A family as a step sees it: persistent, so `set` gives a new view that `next` takes as the family's new values. */
export interface FamilyView<K extends readonly number[], T> {
  at(...index: K): T;
  set(...indexAndValue: [...K, T]): FamilyView<K, T>;
}

/** The value a step sees for one footprint item. */
export type SeenAs<I> =
  I extends Derived<infer T>
    ? T
    : I extends { readonly item: 'family' }
      ? I extends Family<infer K, infer T>
        ? FamilyView<K, T>
        : never
      : I extends Var<infer T>
        ? T
        : never;

/** The values a step sees for a footprint. */
export type Seen<F> = { readonly [N in keyof F]: SeenAs<F[N]> };

/** All variables that a footprint may touch, in order, each once. */
export function variablesOf(footprint: Footprint): Var<unknown>[] {
  const all = new Set<Var<unknown>>();
  for (const item of Object.values(footprint)) {
    if (item.item === 'var') all.add(item);
    else if (item.item === 'family') for (const member of item.all) all.add(member as Var<unknown>);
    else for (const member of (item as Derived<unknown>).variables) all.add(member);
  }
  return [...all];
}

/** Changes that a family view has collected: new value by variable. */
export const changesOf: unique symbol = Symbol('changes');

class View<K extends readonly number[], T> implements FamilyView<K, T> {
  readonly [changesOf]: ReadonlyMap<Var<T>, T>;

  constructor(
    private readonly family: Family<K, T>,
    private readonly read: ReadVar,
    changes: ReadonlyMap<Var<T>, T>,
  ) {
    this[changesOf] = changes;
  }

  at(...index: K): T {
    const member = this.family(...index);
    const changes = this[changesOf];
    return changes.has(member) ? (changes.get(member) as T) : this.read(member);
  }

  set(...indexAndValue: [...K, T]): FamilyView<K, T> {
    const index = indexAndValue.slice(0, -1) as unknown as K;
    const changes = new Map(this[changesOf]);
    changes.set(this.family(...index), indexAndValue[indexAndValue.length - 1] as T);
    return new View(this.family, this.read, changes);
  }
}

/** Is this the view of a family, with changes to be written? */
export function isFamilyView(value: unknown): value is { [changesOf]: ReadonlyMap<Var<unknown>, unknown> } {
  return value instanceof View;
}

/** What is seen under a name that the footprint lacks: types forbid it, and a cast must not turn it into `undefined`. */
const unnamed: object = new Proxy(Object.create(null) as object, {
  get(_, name) {
    if (typeof name === 'symbol') return undefined;
    throw new FootprintError(`reads "${name}", which its footprint does not name`);
  },
});

/** The values of a footprint, each read only when it is asked for, so that only what decided is learned. */
export function see<F extends Footprint>(footprint: F, read: ReadVar): Seen<F> {
  const seen = Object.create(unnamed) as Record<string, unknown>;
  for (const [name, item] of Object.entries(footprint)) {
    const get =
      item.item === 'var'
        ? () => read(item)
        : item.item === 'family'
          ? () => new View(item as Family<readonly number[], unknown>, read, new Map())
          : () => (item as Derived<unknown>).compute(read);
    Object.defineProperty(seen, name, { get, enumerable: true });
  }
  return seen as Seen<F>;
}

/** The sort of a lock's value. */
export function lockSort(kind: LockKind, readers: number): Sort<number> {
  const top = kind === 'rw' || kind === 'rwsem' ? 1 + readers : 1;
  const words = (value: number): string =>
    value === 0 ? 'free' : value === 1 ? 'held' : `held by ${value - 1} reader${value > 2 ? 's' : ''}`;
  const check = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > top) {
      throw new RangeError(`lock: ${String(value)} is not in 0..${top}`);
    }
    return value;
  };
  return {
    name: `${kind} lock`,
    shape: { kind: 'range', low: 0, high: top },
    cardinality: top + 1,
    encode: (value): Encoded => check(value),
    decode: check,
    print: words,
    diff: (before, after) => (before === after ? [] : [{ path: '', before: words(before), after: words(after) }]),
    permute: (value) => value,
  };
}
