/** The oracle: naive breadth-first search over Immutable Maps in an Immutable Set. No caching, no cleverness. */
import { List, Map as ImmutableMap, Set as ImmutableSet } from 'immutable';
import type { Expr, Predicate, Property, RandomModel } from './ast.js';
import { Text } from './control.js';
import { evaluate, type State, type Value } from './evaluate.js';
import { instantiate, rewrite } from './instance.js';
import { fairSets, type Distances } from './fair-sets.js';
import { firstWrong, type LockPair } from './lock-order.js';
import { IDLE, movesOf, type Move } from './semantics.js';

export interface OracleVerdict {
  readonly violated: boolean;
  /** Length of the shortest counterexample (for `reachable`: of the shortest way to the goal). */
  readonly length?: number;
  /** Was its antecedent ever true? Unknown to some kinds. */
  readonly asked?: boolean;
  /** `leads-to`: how far away the fair sets are, of the instances that have the nearest one. */
  readonly fair?: readonly Distances[];
  /** Too much for the oracle. */
  readonly unknown?: boolean;
}

export interface OracleResult {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly deadlocks: number;
  /** Steps that went wrong somewhere, with the depth of the first such state. */
  readonly wrong: ReadonlyMap<string, number>;
  readonly properties: ReadonlyMap<string, OracleVerdict>;
  /** `HELD TAKEN PROCESS STEP`; without `TAKEN`, the step sleeps. */
  readonly locks: ReadonlySet<string>;
}

/** The initial states, from the declarations. */
export function initialStates(model: RandomModel): State[] {
  const values: [string, Value][] = model.variables.flatMap((one): [string, Value][] => {
    if (one.k === 'queue') return [[one.name, List<number>()]];
    if (one.k === 'family') return one.init.map((value, i) => [`${one.name}[${i}]`, value]);
    return [[one.name, one.init]];
  });
  for (const { name, size } of model.locks) {
    if (size === 0) values.push([name, 0]);
    for (let i = 0; i < size; i++) values.push([`${name}[${i}]`, 0]);
  }
  if (model.properties.some(({ k }) => k === 'monitor')) values.push(['events', 0]);
  for (const process of model.processes) if (process.k === 'handlers') values.push([process.name, IDLE]);
  const initial: State = ImmutableMap(values);
  return model.starts.length === 0 ? [initial] : model.starts.map(([name, value]) => initial.set(name, value));
}

/** Searches the whole graph; `undefined` if it has more than `most` states. */
export function search(model: RandomModel, most: number): OracleResult | undefined {
  const programs = instantiate(model);
  for (const edit of model.edits) rewrite(edit, programs);
  const text = new Text(model, programs);
  const graph: { state: State; depth: number; moves: Move[] }[] = [];
  let seen = ImmutableSet<State>();
  let level = ImmutableSet(initialStates(model));
  for (let depth = 0; level.size > 0; depth++) {
    if (seen.size + level.size > most) return undefined;
    seen = seen.union(level);
    const next = ImmutableSet<State>().asMutable();
    for (const state of level) {
      const moves = movesOf(text, state);
      graph.push({ state, depth, moves });
      for (const { to } of moves) if (to && !seen.has(to)) next.add(to);
    }
    level = next.asImmutable();
  }

  const level0 = graph.filter(({ depth }) => depth === 0).length;

  const wrong = new Map<string, number>();
  for (const { depth, moves } of graph)
    for (const move of moves) if (move.wrong !== undefined && !wrong.has(move.step)) wrong.set(move.step, depth);
  const stuck = graph.filter(({ state, moves }) => moves.every(({ to }) => !to || to.equals(state)));
  const lengths = (found: readonly { depth: number }[], more = 0): number | undefined =>
    found.length === 0 ? undefined : Math.min(...found.map(({ depth }) => depth)) + more;
  const broken = (length: number | undefined): OracleVerdict => ({ violated: length !== undefined, length });

  const numbers = ImmutableMap(graph.map(({ state }, i): [State, number] => [state, i]));
  const edges = graph.map(({ moves }) =>
    moves.flatMap(({ process, to }) => (to ? [{ process, to: numbers.get(to)! }] : [])),
  );
  /** States from which no path of these processes' moves leads to the goal: naive backward closure. */
  const lost = (goal: (state: State) => boolean, by?: readonly string[]): typeof graph => {
    const reaching = graph.map(({ state }) => goal(state));
    for (let more = true; more;) {
      more = false;
      edges.forEach((out, i) => {
        if (reaching[i] || !out.some(({ process, to }) => reaching[to] && (by?.includes(process) ?? true))) return;
        reaching[i] = more = true;
      });
    }
    return graph.filter((_, i) => !reaching[i]);
  };
  /** One instance for each value of the local `p`. */
  const instances = ({
    e,
    when,
  }: Predicate): { asked: (state: State) => boolean; holds: (state: State) => boolean }[] =>
    [0, 1, 2].map((p) => {
      const is = (of: Expr) => (state: State) => evaluate(of, model, state, new Map([['.p', p]]), '') !== 0;
      return { asked: when ? is(when) : () => true, holds: is(e) };
    });
  const locks = new Set<string>();
  const pairs = new Map<string, { pair: LockPair; length: number }>();
  for (const { depth, moves } of graph) {
    for (const move of moves) {
      for (const pair of (move.to && move.locking) ?? []) {
        const key = `${pair.held} ${pair.taken}`;
        locks.add(`${key} ${move.process} ${move.step}`);
        if (!pairs.has(key)) pairs.set(key, { pair, length: depth + 1 });
      }
    }
  }
  const isIdle =
    (name: string) =>
    (state: State): boolean =>
      state.get(name) === IDLE;
  const running = model.processes.filter(({ k }) => k === 'handlers').map(({ name }) => name);

  const judge = (property: Property): OracleVerdict => {
    const is = (e: Expr, state: State): boolean => evaluate(e, model, state, new Map(), '') !== 0;
    const transitions = (bad: (from: State, move: Extract<Move, { to: State }>) => boolean): OracleVerdict =>
      broken(
        lengths(
          graph.filter(({ state, moves }) => moves.some((move) => move.to && bad(state, move))),
          1,
        ),
      );
    const excused = (state: State): boolean =>
      'excused' in property && property.excused !== undefined && is(property.excused, state);
    switch (property.k) {
      case 'invariant':
      case 'quiescent': {
        const judged = graph.filter(
          ({ state }) => property.k === 'invariant' || running.every((name) => isIdle(name)(state)),
        );
        const all = instances(property);
        const wrong = judged.filter(({ state }) => all.some(({ asked, holds }) => asked(state) && !holds(state)));
        const asked = judged.some(({ state }) => all.some((one) => one.asked(state)));
        return { ...broken(lengths(wrong)), asked };
      }
      case 'reachable': {
        const all = instances(property);
        const length = lengths(
          graph.filter(({ state }) => all.some(({ asked, holds }) => asked(state) && holds(state))),
        );
        return { violated: length === undefined, length };
      }
      case 'grows':
        return transitions(
          (from, { to }) =>
            (to.get(property.v) as number) < (from.get(property.v) as number) && !is(property.unless, to),
        );
      case 'event':
        return transitions((_, { event }) => event !== undefined && event > property.most);
      case 'monitor':
        return broken(lengths(graph.filter(({ state }) => (state.get('events') as number) > property.most)));
      case 'possible': {
        const all = instances(property);
        const out = all.flatMap(({ asked, holds }) =>
          lost((state) => holds(state) || excused(state), property.by).filter(({ state }) => asked(state)),
        );
        return { ...broken(lengths(out)), asked: graph.some(({ state }) => all.some((one) => one.asked(state))) };
      }
      case 'leads-to': {
        const all = instances(property);
        const found = all.map(({ asked, holds }) =>
          fairSets(
            graph.map(({ state, moves }, i) => ({
              initial: i < level0,
              asked: asked(state),
              goal: holds(state) || excused(state),
              moves: moves.map(({ process, step, fair, to }) => ({
                key: `${process} ${step}`,
                fair,
                to: to && numbers.get(to),
              })),
            })),
          ),
        );
        const asked = graph.some(({ state }) => all.some((one) => one.asked(state)));
        if (found.includes('unknown')) return { violated: false, unknown: true };
        const sets = found.filter((one) => typeof one === 'object');
        const nearest = Math.min(...sets.map((one) => one.nearest));
        return { violated: sets.length > 0, fair: sets.filter((one) => one.nearest === nearest), asked };
      }
      case 'deadlock-free':
        return broken(lengths(stuck.filter(({ state }) => !excused(state))));
      case 'wedge-free':
        return broken(lengths(running.flatMap((name) => lost((state) => isIdle(name)(state) || excused(state)))));
      case 'lock-order':
        return broken(firstWrong(pairs));
    }
  };

  return {
    states: graph.length,
    transitions: graph.reduce((sum, { moves }) => sum + moves.filter(({ to }) => to).length, 0),
    depth: Math.max(...graph.map(({ depth }) => depth)),
    deadlocks: stuck.length,
    wrong,
    locks,
    properties: new Map(model.properties.map((property) => [property.id, judge(property)])),
  };
}
