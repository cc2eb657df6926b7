/** Programs as data: the nodes a handler is made of, and the typed builder that writes them. */
import type { Sort, ValueOf } from './sorts/sort.js';
import type { Footprint, Lock, Seen, Var } from './variables.js';
import type { Fairness, Origin } from './machine.js';
import type { Result } from './results.js';
import { callSite } from './origin.js';

/** Sorts of a handler's or fragment's locals. */
export type LocalSorts = Readonly<Record<string, Sort<unknown>>>;

/** The locals as spec functions see them. Reading one that is unset throws {@link UnsetLocalError}. */
export type Locals<L extends LocalSorts> = { readonly [N in keyof L]: ValueOf<L[N]> };

type Answer<S, L> = Result<Partial<S>, Partial<L>> | readonly Result<Partial<S>, Partial<L>>[];

/** A check that protects something. Data: listed, covered, and dropped by the audit. */
export interface GuardSpec<S, L> {
  readonly id: string;
  /** One line: what it lets pass. */
  readonly doc: string;
  readonly source?: string;
  test(seen: S, locals: L): boolean;
  /** What happens where the test fails. */
  readonly else: Result<Partial<S>, Partial<L>> | readonly never[];
}

/** What a step touches, checks and does. */
export interface StepSpec<R extends Footprint, W extends Footprint, L> {
  readonly doc?: string;
  /** The real function or operation. */
  readonly fn?: string;
  readonly source?: string;
  /** What it may read, besides what it may write. */
  reads?(locals: L): R;
  /** What it may write (and read). */
  writes?(locals: L): W;
  readonly guards?: readonly GuardSpec<Seen<R & W>, L>[];
  /** Pure. Left out: on to the next step. An empty list: not enabled. */
  run?(seen: Seen<R & W>, locals: L): Answer<Seen<W>, L>;
  /** The step may be disabled (it waits for others). A handler's step that blocks without saying so is a fault. */
  readonly waits?: boolean;
  /** Locals that nobody needs after this step. */
  readonly forget?: readonly (keyof L & string)[];
  /** Why this step may touch several unprotected shared variables at once. */
  readonly atomic?: string;
  /**
   * What `leadsTo` may expect of it. By default `strong` for a step that takes a lock, `none` for a handler's first step,
   * `weak` for all others. What an attacker or a broken device may do, or leave undone, is `none`: say so.
   */
  readonly fair?: Fairness;
  /** The step may sleep in the kernel: not allowed under a `spin` or `rw` lock. */
  readonly sleeps?: boolean;
}

/** A step with its types erased: what the compiler works on. */
export interface AnyStep {
  readonly doc?: string;
  readonly fn?: string;
  readonly source?: string;
  reads?(locals: unknown): Footprint;
  writes?(locals: unknown): Footprint;
  readonly guards?: readonly GuardSpec<unknown, unknown>[];
  run?(seen: unknown, locals: unknown): Answer<unknown, unknown>;
  readonly waits?: boolean;
  readonly forget?: readonly string[];
  readonly atomic?: string;
  readonly fair?: Fairness;
  readonly sleeps?: boolean;
}

/** A fragment: a list of steps with locals of its own, inlined where it is called. */
export interface Fragment<L extends LocalSorts = LocalSorts, R = unknown> {
  readonly name: string;
  readonly locals: L;
  readonly doc?: string;
  readonly body: readonly Node[];
  readonly returns?: (locals: Locals<L>) => R;
}

/** One handler of a process: entered from idle, back to idle at its end. */
export interface Handler {
  readonly name: string;
  readonly locals: LocalSorts;
  readonly origin: Origin;
  readonly body: readonly Node[];
}

/** A node of a program, types erased. */
export type Node =
  | { readonly kind: 'step'; readonly label: string; readonly spec: AnyStep; readonly origin: Origin }
  | {
      readonly kind: 'call';
      readonly label: string;
      readonly fragment: Fragment;
      readonly args: (locals: unknown) => Readonly<Record<string, unknown>>;
      readonly into?: (result: unknown, locals: unknown) => Readonly<Record<string, unknown>>;
      /** Never returns: the caller's locals are dropped and the places are shared by all who call it so. */
      readonly tail: boolean;
    }
  | {
      readonly kind: 'locked';
      readonly label: string;
      readonly lock: (locals: unknown) => Lock;
      readonly options: LockedOptions<unknown>;
      readonly body: readonly Node[];
      readonly origin: Origin;
    }
  | {
      readonly kind: 'release';
      readonly label: string;
      readonly lock: (locals: unknown) => Lock;
      readonly origin: Origin;
    }
  | {
      readonly kind: 'each';
      readonly label: string;
      readonly as: string;
      readonly over: (locals: unknown) => Iterable<unknown>;
      readonly sort: Sort<unknown>;
      readonly body: readonly Node[];
    }
  | {
      readonly kind: 'cleanup';
      readonly when: 'always' | 'failure' | 'caught';
      readonly label: string;
      readonly body: readonly Node[];
      readonly cleanup: readonly Node[];
    };

/** How a lock is taken. */
export interface LockedOptions<L> {
  /** Taking and releasing are transitions of their own, instead of merged into the first and last step. */
  readonly separate?: boolean;
  /** For `rw` locks: take it shared. */
  readonly shared?: boolean;
  /** For `interruptible` locks: a signal is pending for the taker. */
  readonly pending?: (locals: L) => Var<boolean>;
  /** What an interrupted taker fails with. `EINTR` by default. */
  readonly errno?: string;
  /** Is its taking fair? `strong` by default, as with ticket locks: who waits gets it. */
  readonly fair?: Fairness;
  /** Instead of a release of its own: the shared tail that releases it, whatever the block's exit. */
  readonly tail?: Node;
}

/** Writes the body of a handler or fragment whose locals are `L`. */
export class Body<L extends LocalSorts> {
  /** One atomic step of the real machine. */
  step<R extends Footprint = Record<never, never>, W extends Footprint = Record<never, never>>(
    label: string,
    spec: StepSpec<R, W, Locals<L>>,
  ): Node {
    const at = callSite();
    const { fn, source, doc } = spec;
    const origin = { fn, source, doc, get at() { return at(); } }; // prettier-ignore
    return { kind: 'step', label, spec: spec as unknown as AnyStep, origin };
  }

  /** Inlines a fragment: its own locals, set from `args`; `into` turns its result into the caller's locals. */
  call<F extends LocalSorts, R>(
    fragment: Fragment<F, R>,
    args: (locals: Locals<L>) => Partial<Locals<F>> = () => ({}),
    options: { into?: (result: R, locals: Locals<L>) => Partial<Locals<L>>; as?: string } = {},
  ): Node {
    return this.inline(fragment, args, options.into, options.as ?? fragment.name, false);
  }

  /** Ends in a fragment that is one set of places for all handlers that end in it, and drops the caller's locals. */
  tail<F extends LocalSorts>(
    fragment: Fragment<F>,
    args: (locals: Locals<L>) => Partial<Locals<F>> = () => ({}),
  ): Node {
    return this.inline(fragment, args, undefined, fragment.name, true);
  }

  /**
   * The body runs with the lock held. Acquire merges with the first step and release with the last (Lipton 1975),
   * unless `separate`; every way out releases it.
   */
  locked(
    label: string,
    lock: (locals: Locals<L>) => Lock,
    body: readonly Node[],
    options: LockedOptions<Locals<L>> = {},
  ): Node {
    const at = callSite();
    return {
      kind: 'locked',
      label,
      lock: lock as (locals: unknown) => Lock,
      options: options as LockedOptions<unknown>,
      body,
      origin: { get at() { return at(); } }, // prettier-ignore
    };
  }

  /** Releases the lock that a `locked` block with this tail took. A step of its own. */
  release(label: string, lock: (locals: Locals<L>) => Lock): Node {
    const at = callSite();
    return { kind: 'release', label, lock: lock as (locals: unknown) => Lock, origin: { get at() { return at(); } } }; // prettier-ignore
  }

  /** The body once per element of a snapshot, in the sort's order; `as` is the local that holds the element. */
  each<N extends keyof L & string>(
    label: string,
    as: N,
    over: (locals: Locals<L>) => Iterable<Locals<L>[N]>,
    body: readonly Node[],
  ): Node {
    return {
      kind: 'each',
      label,
      as,
      over: over as (locals: unknown) => Iterable<unknown>,
      sort: this.locals[as],
      body,
    };
  }

  /** Whatever the body's exit, the cleanup runs after it. */
  finally(label: string, body: readonly Node[], cleanup: readonly Node[]): Node {
    return { kind: 'cleanup', when: 'always', label, body, cleanup };
  }

  /** Where the body fails, the cleanup runs before the failure goes on. */
  onFail(label: string, body: readonly Node[], cleanup: readonly Node[]): Node {
    return { kind: 'cleanup', when: 'failure', label, body, cleanup };
  }

  /** Where the body fails, the failure ends: `caught` runs, and it goes on behind the block. */
  attempt(label: string, body: readonly Node[], caught: readonly Node[] = []): Node {
    return { kind: 'cleanup', when: 'caught', label, body, cleanup: caught };
  }

  constructor(private readonly locals: L) {}

  private inline<F extends LocalSorts, R>(
    fragment: Fragment<F, R>,
    args: (locals: Locals<L>) => Partial<Locals<F>>,
    into: ((result: R, locals: Locals<L>) => Partial<Locals<L>>) | undefined,
    label: string,
    tail: boolean,
  ): Node {
    return {
      kind: 'call',
      label,
      fragment: fragment as unknown as Fragment,
      args: args as (locals: unknown) => Readonly<Record<string, unknown>>,
      into: into as ((result: unknown, locals: unknown) => Readonly<Record<string, unknown>>) | undefined,
      tail,
    };
  }
}

/** A fragment: steps with their own locals, to be inlined by `call` or ended in by `tail`. */
export function fragment<L extends LocalSorts, R = undefined>(
  name: string,
  locals: L,
  body: (h: Body<L>) => readonly Node[],
  returns?: (locals: Locals<L>) => R,
): Fragment<L, R> {
  return { name, locals, body: body(new Body(locals)), returns };
}

/** A handler, as the kernel source reads, top to bottom. */
export function handler<L extends LocalSorts>(
  name: string,
  locals: L,
  body: (h: Body<L>) => readonly Node[],
  about: { doc?: string; fn?: string; source?: string } = {},
): Handler {
  const at = callSite();
  return { name, locals, body: body(new Body(locals)), origin: { ...about, get at() { return at(); } } }; // prettier-ignore
}

/** One always-on rule of a piece of hardware: enabled whenever its guards pass and it has an outcome. */
export interface Rule {
  readonly name: string;
  readonly spec: AnyStep;
  readonly origin: Origin;
}

/** A rule of hardware: no program counter; disabled where it has no outcome. */
export function rule<R extends Footprint = Record<never, never>, W extends Footprint = Record<never, never>>(
  name: string,
  spec: StepSpec<R, W, Record<never, never>>,
): Rule {
  const at = callSite();
  const { fn, source, doc } = spec;
  const origin = { fn, source, doc, get at() { return at(); } }; // prettier-ignore
  return { name, spec: spec as unknown as AnyStep, origin };
}
