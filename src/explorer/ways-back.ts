/** Decides AG EF: wedge freedom, which asks it of every process's idleness, and "always possible". */
import type { MachineProperty } from '../language/index.js';
import type { Graph } from './graph.js';
import type { Trace } from './result.js';
import { predicateOf, type Predicate } from './predicate.js';

type Possible = Extract<MachineProperty, { kind: 'wedge-free' | 'always-possible' }>;

/** Something that must be within reach of every state in which it is asked for. */
interface Goal {
  readonly asked: Predicate | undefined;
  readonly is: Predicate;
  readonly because: (words: Int32Array) => string;
  readonly guilty: Trace['guilty'];
}

/** The nearest states from which a goal is out of reach. */
export interface Lost {
  readonly level: number;
  readonly is: Predicate;
  readonly because: Goal['because'];
  readonly guilty: Trace['guilty'];
}

/** @returns the lost states if there are any, whether anything was asked for at all, or undefined if it was given up */
export async function findLost(
  graph: Graph,
  property: Possible,
): Promise<{ lost: Lost | undefined; asked: boolean } | undefined> {
  const goals = property.kind === 'wedge-free' ? idleGoals(graph) : goalsOf(graph, property);
  const helps = property.kind === 'wedge-free' ? () => true : (process: number) => property.by.includes(process);
  const excused = property.excused && predicateOf(graph, property.excused);
  let lost: Lost | undefined;
  let asked = property.kind === 'wedge-free';
  // Up to 8 goals a pass.
  for (let first = 0; first < goals.length; first += 8) {
    const part = goals.slice(first, first + 8);
    const whole = (1 << part.length) - 1;
    const bits = await graph.canReach((words, at) => {
      if (excused?.(words, at)) return whole;
      return part.reduce((union, goal, i) => union | (goal.is(words, at) ? 1 << i : 0), 0);
    }, helps);
    if (!bits) return undefined;
    for (const [i, goal] of part.entries()) {
      const is: Predicate = (words, at) =>
        (bits[graph.slotOf(words, at)] & (1 << i)) === 0 && (goal.asked?.(words, at) ?? true);
      const found = await firstLevel(graph, goal, (slot) => (bits[slot] & (1 << i)) === 0);
      asked ||= found.asked;
      if (found.level === undefined || (lost && lost.level <= found.level)) continue;
      lost = { level: found.level, is, because: goal.because, guilty: goal.guilty };
    }
  }
  return { lost, asked };
}

/** The first level with a state from which the goal is out of reach and in which it is asked for. */
async function firstLevel(
  graph: Graph,
  { asked }: Goal,
  out: (slot: number) => boolean,
): Promise<{ level: number | undefined; asked: boolean }> {
  const { levels, store } = graph;
  const { slots, length } = store.log;
  const levelOf = (first: number): number => levels.findLastIndex((start) => start <= first);
  if (!asked) {
    const first = slots.subarray(0, length).findIndex(out);
    return { level: first < 0 ? undefined : levelOf(first), asked: true };
  }
  let any = false;
  let first = 0;
  const none = await graph.states(0, length, (words, at, slot) => {
    if (asked(words, at)) {
      any = true;
      if (out(slot)) return false;
    }
    first++;
    return true;
  });
  return { level: none ? undefined : levelOf(first), asked: any };
}

function idleGoals({ machine, engine, store }: Graph): Goal[] {
  return machine.processes.flatMap(({ name, frame }) => {
    if (frame < 0) return [];
    const place = (words: Int32Array): string =>
      machine.variables[frame].sort.print(engine.interner.value(frame, store.layout.code(words, 0, frame)));
    return [{
      asked: undefined,
      is: (words: Int32Array, at: number) => store.layout.code(words, at, frame) === 0,
      because: (words: Int32Array) => `${name} is at ${place(words)} and nothing that anybody does can bring it back to idle`,
      guilty: { process: name },
    }]; // prettier-ignore
  });
}

function goalsOf(graph: Graph, { instances }: Extract<Possible, { kind: 'always-possible' }>): Goal[] {
  return instances.map(({ args, trigger, goal }) => ({
    asked: predicateOf(graph, trigger),
    is: predicateOf(graph, goal),
    because: (words: Int32Array) => {
      const values = graph.engine.values(words, 0);
      const judged = goal.judge((variable) => values[variable]);
      const own = typeof judged === 'object' ? judged.violated : '';
      return `from here the goal can no longer be reached${own === '' ? '' : `: ${own}`}`;
    },
    guilty: args,
  }));
}
