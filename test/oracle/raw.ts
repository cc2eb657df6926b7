/** Random models before names are given: numbers that pick something, so that they shrink well and always fit. */
import fc from 'fast-check';
import type { Fair } from './ast.js';

export interface RawExpr {
  readonly t: number;
  readonly n: number;
  readonly a?: RawExpr;
  readonly b?: RawExpr;
}
export interface RawChoice {
  readonly when?: RawExpr;
  readonly set: readonly { readonly n: number; readonly i: RawExpr; readonly e: RawExpr; readonly wild: boolean }[];
  readonly local?: { readonly n: number; readonly e: RawExpr };
  readonly exit: number;
  readonly n: number;
  readonly note: boolean;
  readonly emit?: RawExpr;
}
export interface RawStep {
  readonly k: 'step';
  readonly guards: readonly { readonly test: RawExpr; readonly exit: number }[];
  readonly choices: readonly RawChoice[];
  readonly waits: boolean;
  readonly sleeps: boolean;
  readonly careless: boolean;
  readonly forget: boolean;
  readonly fair: Fair | undefined;
}
export type RawNode =
  | RawStep
  | {
      readonly k: 'call';
      readonly n: number;
      readonly x: RawExpr;
      readonly d: number;
      readonly into: boolean;
      readonly bare: boolean;
    }
  | {
      readonly k: 'locked';
      readonly n: number;
      readonly separate: boolean;
      readonly shared: boolean;
      readonly pending: boolean;
      readonly fair: Fair | undefined;
      readonly body: readonly RawNode[];
    }
  | { readonly k: 'each'; readonly body: readonly RawNode[] }
  | {
      readonly k: 'cleanup';
      readonly when: 'always' | 'failure' | 'caught';
      readonly body: readonly RawNode[];
      readonly cleanup: readonly RawNode[];
    };

export interface RawHandler {
  readonly entry: readonly { readonly x: number; readonly s: readonly number[]; readonly d: number }[];
  readonly body: readonly RawNode[];
  /** A tail: none, plain, or that of a lock that the last node's block takes. */
  readonly end: { readonly k: 'none' | 'plain' | 'locked'; readonly n: number; readonly body: readonly RawNode[] };
}
export interface RawModel {
  readonly ints: readonly { readonly max: number; readonly init: number }[];
  readonly queue: boolean;
  readonly family: number;
  readonly fragments: readonly { readonly body: readonly RawNode[]; readonly returns?: RawExpr }[];
  readonly tail: {
    readonly n: number;
    readonly before: readonly RawStep[];
    readonly after: readonly RawStep[];
    readonly plain: readonly RawStep[];
  };
  readonly handlers: readonly RawHandler[];
  readonly processes: readonly (readonly number[])[];
  readonly hardware: readonly (readonly RawStep[])[];
  readonly starts: readonly number[];
  readonly properties: readonly {
    readonly t: number;
    readonly n: number;
    readonly e: RawExpr;
    readonly when?: RawExpr;
    readonly excused?: RawExpr;
  }[];
  readonly edits: readonly { readonly t: number; readonly n: number }[];
}

const n = fc.nat(11);
const rarely = fc.integer({ min: 0, max: 11 }).map((i) => i === 11);
const maybe = fc.integer({ min: 0, max: 2 }).map((i) => i === 2);

const leaf = fc.record({ t: fc.nat(3), n });
const { expr } = fc.letrec<{ expr: RawExpr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { arbitrary: leaf, weight: 2 },
    { arbitrary: fc.record({ t: fc.nat(11), n, a: tie('expr'), b: tie('expr') }), weight: 2 },
  ),
}));
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq: 2 });

const fair = fc.constantFrom<(Fair | undefined)[]>(...new Array<undefined>(5), 'none', 'weak', 'strong');

const rawChoice: fc.Arbitrary<RawChoice> = fc.record({
  when: optional(expr),
  set: fc.array(fc.record({ n, i: expr, e: expr, wild: rarely }), { maxLength: 2 }),
  local: optional(fc.record({ n, e: expr })),
  exit: fc.nat(19),
  n,
  note: rarely,
  emit: fc.option(expr, { nil: undefined, freq: 6 }),
});
const rawStep: fc.Arbitrary<RawStep> = fc.record({
  k: fc.constant('step' as const),
  guards: fc.array(fc.record({ test: expr, exit: fc.nat(19) }), { maxLength: 2, size: 'small' }),
  choices: fc.array(rawChoice, { minLength: 1, maxLength: 2 }),
  waits: maybe,
  sleeps: rarely,
  careless: rarely,
  forget: rarely,
  fair,
});
const { nodes } = fc.letrec<{ node: RawNode; nodes: readonly RawNode[] }>((tie) => {
  const body = tie('nodes');
  return {
    nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
    node: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { arbitrary: rawStep, weight: 5 },
      {
        arbitrary: fc.record({ k: fc.constant('call' as const), n, x: expr, d: n, into: maybe, bare: rarely }),
        weight: 2,
      },
      {
        arbitrary: fc.record({
          k: fc.constant('locked' as const),
          n,
          separate: maybe,
          shared: maybe,
          pending: maybe,
          fair,
          body,
        }),
        weight: 3,
      },
      { arbitrary: fc.record({ k: fc.constant('each' as const), body }), weight: 1 },
      {
        arbitrary: fc.record({
          k: fc.constant('cleanup' as const),
          when: fc.constantFrom('always' as const, 'failure' as const, 'caught' as const),
          body,
          cleanup: fc.array(tie('node'), { minLength: 1, maxLength: 2 }),
        }),
        weight: 2,
      },
    ),
  };
});
const steps = fc.array(rawStep, { maxLength: 1 });

export const rawModel: fc.Arbitrary<RawModel> = fc.record({
  ints: fc.array(fc.record({ max: fc.integer({ min: 1, max: 3 }), init: fc.nat(1) }), { minLength: 1, maxLength: 2 }),
  queue: fc.boolean(),
  family: fc.constantFrom(0, 2, 3),
  fragments: fc.array(fc.record({ body: nodes, returns: optional(expr) }), { maxLength: 2 }),
  tail: fc.record({ n, before: steps, after: steps, plain: fc.array(rawStep, { minLength: 1, maxLength: 2 }) }),
  handlers: fc.array(
    fc.record({
      entry: fc.array(fc.record({ x: n, s: fc.subarray([0, 1, 2]), d: n }), { minLength: 1, maxLength: 2 }),
      body: nodes,
      end: fc.record({
        k: fc.constantFrom('none' as const, 'none' as const, 'plain' as const, 'locked' as const),
        n,
        body: nodes,
      }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  processes: fc.array(fc.array(n, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  hardware: fc.array(fc.array(rawStep, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
  starts: fc.array(n, { maxLength: 2 }),
  properties: fc.array(
    fc.record({
      t: fc.nat(21),
      n,
      e: expr,
      when: optional(expr),
      excused: fc.option(expr, { nil: undefined, freq: 1 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  edits: fc.oneof(
    fc.constant([]),
    fc.array(fc.record({ t: fc.nat(7), n: fc.nat(999) }), { minLength: 1, maxLength: 3 }),
  ),
});
