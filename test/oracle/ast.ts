/**
 * Random models as data: guarded commands, calls, locks, loops and cleanups, with names for everything. Two back ends
 * give them meaning: `translate.ts` in the modelling language, `semantics.ts` directly. This file is all they share.
 */

/** Numbers only; booleans are 0 and 1. */
export type Expr =
  | { readonly k: 'const'; readonly n: number }
  | { readonly k: 'var'; readonly v: string }
  | { readonly k: 'local'; readonly l: string }
  /** Member `i mod size` of a family: a dependent read. */
  | { readonly k: 'member'; readonly f: string; readonly i: Expr }
  | { readonly k: 'length'; readonly q: string }
  /** First item of a queue. Throws where it is empty. */
  | { readonly k: 'head'; readonly q: string }
  | { readonly k: 'plus' | 'eq' | 'less' | 'and' | 'or'; readonly a: Expr; readonly b: Expr }
  | { readonly k: 'mod'; readonly a: Expr; readonly n: number }
  | { readonly k: 'not'; readonly a: Expr };

export type Exit =
  | { readonly k: 'next' }
  | { readonly k: 'goto'; readonly to: string }
  | { readonly k: 'fail'; readonly errno: string }
  | { readonly k: 'done'; readonly result: string };

export type Assign =
  | { readonly k: 'var'; readonly v: string; readonly e: Expr }
  | { readonly k: 'member'; readonly f: string; readonly i: Expr; readonly e: Expr }
  | { readonly k: 'push'; readonly q: string; readonly e: Expr }
  | { readonly k: 'pop'; readonly q: string };

/** A new value of a local: a number, or the set of some numbers. */
export type LocalValue =
  { readonly k: 'number'; readonly e: Expr } | { readonly k: 'set'; readonly of: readonly Expr[] };
export type LocalAssign = Readonly<Record<string, LocalValue>>;

export interface Choice {
  /** Offered only where this is not 0. */
  readonly when: Expr;
  readonly set: readonly Assign[];
  readonly locals: LocalAssign;
  readonly exit: Exit;
  readonly note: string;
  /** Announces `event` with this argument. */
  readonly emit?: Expr;
}

export interface Guard {
  readonly id: string;
  readonly test: Expr;
  readonly else: Exit | { readonly k: 'block' };
}

/** What is expected of a step that is enabled; left out: what its kind deserves. */
export type Fair = 'none' | 'weak' | 'strong';

export interface Step {
  readonly k: 'step';
  readonly label: string;
  readonly guards: readonly Guard[];
  readonly choices: readonly Choice[];
  readonly waits: boolean;
  readonly sleeps: boolean;
  readonly forget: readonly string[];
  readonly fair?: Fair;
}

/** A lock by name, or the member of a family of locks that a local says. */
export interface LockRef {
  readonly lock: string;
  readonly by?: string;
}

export type Node =
  | Step
  | {
      readonly k: 'call';
      readonly label: string;
      readonly fragment: string;
      readonly args: LocalAssign;
      /** The caller's local that takes the result. */
      readonly into?: string;
    }
  /** Only as the last node of a handler. */
  | { readonly k: 'tail'; readonly label: string; readonly fragment: string; readonly args: LocalAssign }
  | {
      readonly k: 'locked';
      readonly label: string;
      readonly lock: LockRef;
      readonly separate: boolean;
      readonly shared: boolean;
      readonly fair?: Fair;
      /** A boolean variable: a signal is pending. */
      readonly pending?: string;
      readonly tail?: { readonly fragment: string; readonly args: LocalAssign };
      readonly body: readonly Node[];
    }
  /** Only in a tail fragment. */
  | { readonly k: 'release'; readonly label: string; readonly lock: LockRef }
  | {
      readonly k: 'each';
      readonly label: string;
      readonly as: string;
      readonly over: string;
      readonly body: readonly Node[];
    }
  | {
      readonly k: 'cleanup';
      readonly label: string;
      readonly when: 'always' | 'failure' | 'caught';
      readonly body: readonly Node[];
      readonly cleanup: readonly Node[];
    };

export interface Program {
  readonly name: string;
  readonly body: readonly Node[];
  /** Fragments: the result, in terms of its locals. */
  readonly returns?: Expr;
  /** Names of number locals (0..2) and set locals (of 0..2). */
  readonly numbers: readonly string[];
  readonly sets: readonly string[];
}

export type Variable =
  | { readonly k: 'int'; readonly name: string; readonly max: number; readonly init: number }
  | { readonly k: 'bool'; readonly name: string; readonly init: number }
  | { readonly k: 'queue'; readonly name: string; readonly max: number; readonly size: number }
  | {
      readonly k: 'family';
      readonly name: string;
      readonly size: number;
      readonly max: number;
      readonly init: readonly number[];
    };

export interface LockVariable {
  readonly name: string;
  readonly kind: 'spin' | 'mutex' | 'interruptible' | 'rw';
  /** A family of this many locks; 0: one lock. */
  readonly size: number;
}

/** A statement about states, for each value of the local `p`, 0..2; says nothing where `when` is 0. */
export interface Predicate {
  readonly when?: Expr;
  readonly e: Expr;
}

export type Property =
  | ({ readonly k: 'invariant' | 'quiescent' | 'reachable'; readonly id: string } & Predicate)
  /** `v` never falls, unless `unless` holds afterwards. */
  | { readonly k: 'grows'; readonly id: string; readonly v: string; readonly unless: Expr }
  /** No event is announced with a greater argument. */
  | { readonly k: 'event'; readonly id: string; readonly most: number }
  /** The monitor's count of events never passes this. */
  | { readonly k: 'monitor'; readonly id: string; readonly most: number }
  | ({
      readonly k: 'possible';
      readonly id: string;
      readonly by: readonly string[];
      readonly excused?: Expr;
    } & Predicate)
  | ({ readonly k: 'leads-to'; readonly id: string; readonly excused?: Expr } & Predicate)
  | { readonly k: 'deadlock-free' | 'wedge-free'; readonly id: string; readonly excused?: Expr }
  | { readonly k: 'lock-order'; readonly id: string };

export type ProcessDecl =
  | { readonly k: 'handlers'; readonly name: string; readonly handlers: readonly string[] }
  | { readonly k: 'rules'; readonly name: string; readonly rules: readonly Step[] };

export interface EditDecl {
  readonly k: 'drop' | 'pass' | 'unlock' | 'once' | 'split' | 'reread' | 'swap' | 'move';
  readonly id: string;
  readonly other?: string;
}

export interface RandomModel {
  readonly variables: readonly Variable[];
  readonly locks: readonly LockVariable[];
  readonly fragments: readonly Program[];
  readonly tails: readonly Program[];
  readonly handlers: readonly Program[];
  readonly processes: readonly ProcessDecl[];
  /** Changes of int and bool variables, one initial state each; none: one initial state. */
  readonly starts: readonly (readonly [string, number])[];
  readonly properties: readonly Property[];
  readonly edits: readonly EditDecl[];
}

/** The edit as a user writes it. */
export const editText = ({ k, id, other }: EditDecl): string =>
  k === 'swap' ? `swap ${id} ${other!}` : k === 'move' ? `move ${id} before ${other!}` : `${k} ${id}`;
