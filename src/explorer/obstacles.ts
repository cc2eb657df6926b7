/** What stands in the way, as far as single steps tell it: checks that always refuse, and steps that can nowhere be taken. */
import type { Machine } from '../language/index.js';
import { MANY, addValue, type GuardSeen, type Reads, type StepNotes } from './watched.js';

/** A variable that somebody looks at. */
export interface Reading {
  readonly variable: number;
  /** The values that it had whenever it was looked at; none: too many to tell. */
  readonly values: readonly unknown[];
  /** It has this one value in all states. */
  readonly stays: boolean;
  /** Of a lock that is held whenever it is looked at: by whom, where that is known. */
  readonly holders: readonly string[];
}

/** A check that says no wherever anybody gets to it. */
export interface Refusal {
  /** The guard, or empty: the step fails whatever it finds. */
  readonly guard: string;
  /** Ids of the step, one for each place that it is inlined in. */
  readonly steps: readonly string[];
  readonly processes: readonly string[];
  /** How the step ends then; none: it waits. */
  readonly labels: readonly string[];
  readonly reads: readonly Reading[];
  /** Were it out of action, the goal could be reached from here. Absent: not tried. */
  readonly enough?: boolean;
}

/** Steps of one process that are reached, and can nowhere be taken, with all that they look at. */
export interface Wait {
  readonly process: string;
  readonly steps: readonly string[];
  /** They would start a handler; or they are in the middle of one; or rules. */
  readonly at: StepNotes['at'];
  readonly reads: readonly Reading[];
}

export type ReadingsOf = (reads: Reads) => Reading[];

/** How readings are told, by what stays as it is in all states. */
export function readings(
  machine: Machine,
  state: readonly unknown[],
  stays: (variable: number) => boolean,
): ReadingsOf {
  const holders = (variable: number): string[] =>
    machine.processes.flatMap(({ name, frame, held }) =>
      frame >= 0 && held(state[frame]).includes(variable) ? [name] : [],
    );
  return (reads) =>
    [...reads]
      .sort(([a], [b]) => a - b)
      .map(([variable, seen]) => {
        const kept = stays(variable);
        const values = [...seen].sort(([a], [b]) => order(a, b)).map(([, value]) => value);
        return {
          variable,
          values: kept ? [state[variable]] : values.length < MANY ? values : [],
          stays: kept,
          holders: kept && machine.variables[variable].kind === 'lock' ? holders(variable) : [],
        };
      });
}

/** What several steps read. */
function together(all: Iterable<Reads>): Reads {
  const union: Reads = new Map();
  for (const reads of all)
    for (const [variable, values] of reads) {
      if (values.size === 0) union.set(variable, union.get(variable) ?? new Map());
      for (const [key, value] of values) addValue(union, variable, key, value);
    }
  return union;
}

/** A step's id without what a copy of it adds. */
export const idOf = ({ action }: StepNotes): string => action.id.replace(/~.*$/, '');

/** Checks that always refuse. One that looks at nothing but locals only passes on what was refused before. */
export function refusalsOf(notes: readonly StepNotes[], reading: ReadingsOf): Refusal[] {
  const found = notes.flatMap((step) => {
    const guards = [...step.guards.values()].filter(always);
    const own = guards.map((guard) => ({ step, guard: guard.id, labels: guard.labels, reads: guard.reads }));
    const asked = [...step.guards.values()].some(({ passed, refused }) => refused && !passed);
    const fails = !asked && step.labels.size > 0 && [...step.labels].every((label) => label.startsWith('-'));
    return fails ? [{ step, guard: '', labels: step.labels, reads: step.reads }] : own;
  });
  const groups = new Map<string, typeof found>();
  for (const one of found) {
    const label = idOf(one.step).split('/').at(-1);
    const key = JSON.stringify([label, one.guard, [...one.labels].sort(), sorted(one.reads.keys())]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const all = [...groups.values()].map((group): Refusal => ({
    guard: group[0].guard,
    steps: [...new Set(group.map(({ step }) => idOf(step)))].sort(),
    processes: [...new Set(group.map(({ step }) => step.process))].sort(),
    labels: [...group[0].labels].sort(),
    reads: reading(together(group.map(({ reads }) => reads))),
  }));
  return all.sort((a, b) => order(a.steps[0] + a.guard, b.steps[0] + b.guard));
}

/**
 * Steps that are asked, and can nowhere be taken. What is told is who waits in the middle of something, who could change
 * what they look at (or what `looked` are) but waits too, and so on; and whoever waits for a lock that stays held.
 */
export function waitsOf(
  notes: readonly StepNotes[],
  reading: ReadingsOf,
  stuck: string | undefined,
  looked: Iterable<number>,
): Wait[] {
  const groups = new Map<string, StepNotes[]>();
  for (const step of notes) {
    if (step.moves > 0 || [...step.guards.values()].some(always)) continue;
    const key = JSON.stringify([step.process, step.at, sorted(step.reads.keys())]);
    groups.set(key, [...(groups.get(key) ?? []), step]);
  }
  const rank = rankOf([...groups.values()], stuck, looked);
  return [...groups.values()]
    .map((steps) => {
      const [{ process, at }] = steps;
      const ids = [...new Set(steps.map(idOf))].sort();
      const owed = steps.some(({ action }) => action.fair !== 'none');
      const reads = reading(together(steps.map((step) => step.reads))).map((one) => {
        // What it waits for is what it holds itself.
        const own = steps.every(({ holds }) => holds.has(one.variable)) && one.values.length > 0;
        return own ? { ...one, holders: [process] } : one;
      });
      return { rank: rank.get(steps), owed, wait: { process, steps: ids, at, reads } };
    })
    .filter(({ rank, wait }) => rank !== undefined || wait.reads.some(({ holders }) => holders.length > 0))
    .sort(
      (a, b) =>
        (a.rank ?? groups.size) - (b.rank ?? groups.size) ||
        Number(b.owed) - Number(a.owed) ||
        b.wait.steps.length - a.wait.steps.length ||
        order(a.wait.process + a.wait.steps[0], b.wait.process + b.wait.steps[0]),
    )
    .map(({ wait }) => wait);
}

/** 0: who is in the middle of something, and who may write what is looked at; n+1: who may write what those of n look at. */
function rankOf(
  groups: readonly StepNotes[][],
  stuck: string | undefined,
  looked: Iterable<number>,
): Map<StepNotes[], number> {
  const ranks = new Map<StepNotes[], number>();
  let wanted = new Set(looked);
  for (const group of groups) {
    const [{ process, at }] = group;
    if (at === 'program' && (stuck === undefined || process === stuck)) ranks.set(group, 0);
  }
  for (let n = 0; n < groups.length; n++) {
    for (const group of groups) {
      const may = group.some(({ action }) => action.writes.some((variable) => wanted.has(variable)));
      if (may && !ranks.has(group)) ranks.set(group, n);
    }
    wanted = new Set(groups.flatMap((group) => (ranks.get(group) === n ? [...group[0].reads.keys()] : [])));
  }
  return ranks;
}

/** Refused wherever it was asked, because of something that it looked at. */
const always = ({ passed, refused, reads }: GuardSeen): boolean => refused && !passed && reads.size > 0;

const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
