/**
 * Why what should come never comes: what stands in the way behind the end of a trace. The states that can follow are
 * searched as a machine of their own, which starts where the trace ends; of a loop, its own states are looked at.
 */
import {
  keyOf,
  type Machine,
  type MachineProcess,
  type MachineProperty,
  type PropertyInstance,
  type Read,
} from '../language/index.js';
import type { SearchOptions, Trace } from './result.js';
import { search } from './search.js';
import { idOf, readings, refusalsOf, waitsOf, type Reading, type Refusal, type Wait } from './obstacles.js';
import { Watched, type Reads, type StepNotes } from './watched.js';

/** A step that could be taken in so many states of the loop, and never is. */
export interface Aside {
  readonly process: string;
  readonly action: string;
  readonly at: StepNotes['at'];
  readonly enabled: number;
}

/** A step of the loop that somebody chose. */
export interface Choice {
  /** Its number, counted from 1. */
  readonly step: number;
  readonly process: string;
  readonly action: string;
  /** Nobody has to take it; or it could have ended otherwise, and how it ends is owed to nobody. */
  readonly why: 'may' | 'otherwise';
}

/** What stands in the way. */
export interface Impasse {
  /** How many states were looked at: all that can follow, or those of the loop. */
  readonly states: number;
  /** There are more than that: nothing else is said, since a rule must be true of all of them. */
  readonly cut: boolean;
  /** In how many of them nothing moves. */
  readonly ends: number;
  /** What the goal looks at. */
  readonly goal: readonly Reading[];
  /** Those that are enough first. */
  readonly refusals: readonly Refusal[];
  /** Those of the process that waits first, then of those who could change what it looks at. */
  readonly waits: readonly Wait[];
  /** Of a loop: what fairness does not ask for, and what it goes round by. */
  readonly aside: readonly Aside[];
  readonly choices: readonly Choice[];
}

/** How it is looked for. */
export interface ImpasseOptions extends Pick<SearchOptions, 'signal'> {
  /** The same machine with some guards, `STEP/GUARD`, out of action; `undefined` if there can be none. */
  readonly without?: (guards: readonly string[]) => Machine | undefined;
  /** The most states behind the end; and the most that are looked at to try which guards are enough. */
  readonly most?: number;
}

const MOST = 100_000;

/** What stands in the way at the end of a trace of an AG EF or leads-to property; `undefined` for others, or if it was interrupted. */
export async function impasseOf(
  machine: Machine,
  trace: Trace,
  options: ImpasseOptions = {},
): Promise<Impasse | undefined> {
  const property = machine.properties.find(({ id }) => id === trace.property);
  const last = trace.steps.at(-1)?.state ?? trace.initial;
  if (property?.kind === 'leads-to' && trace.loop !== undefined)
    return aroundLoop(machine, property, trace, trace.loop);
  if (property?.kind !== 'wedge-free' && property?.kind !== 'always-possible') return undefined;
  const by =
    property.kind === 'always-possible' ? property.by.map((number) => machine.processes[number]) : machine.processes;
  const goal = goalOf(machine, property, trace.guilty);
  if (!goal) return undefined;
  return new Region(machine, by, goal, last, trace.guilty.process, options).impasse();
}

type Goal = Pick<PropertyInstance, 'reads' | 'judge'>;

/** The goal of the instance that is violated. */
function goalOf(
  machine: Machine,
  property: Extract<MachineProperty, { kind: 'wedge-free' | 'always-possible' | 'leads-to' }>,
  guilty: Trace['guilty'],
): Goal | undefined {
  if (property.kind === 'wedge-free') {
    const process = machine.processes.find(({ name }) => name === guilty.process);
    if (!process) return undefined;
    const { frame, isIdle } = process;
    return { reads: [frame], judge: (read) => (isIdle(read(frame)) ? 'holds' : 'vacuous') };
  }
  const same = (args: Trace['guilty']): boolean => JSON.stringify(args) === JSON.stringify(guilty);
  return property.instances.find(({ args }) => same(args))?.goal;
}

/** All that can follow after a state. */
class Region {
  constructor(
    private readonly machine: Machine,
    private readonly by: readonly MachineProcess[],
    private readonly goal: Goal,
    private readonly last: readonly unknown[],
    private readonly stuck: string | undefined,
    private readonly options: ImpasseOptions,
  ) {}

  async impasse(): Promise<Impasse | undefined> {
    const { machine, last, by, options } = this;
    const { most = MOST, signal } = options;
    const watched = new Watched(machine, by);
    const looked: Reads = new Map();
    const noted = (variable: number): void => void looked.set(variable, new Map());
    const found = await search(this.from(watched.machine, last, noted), { maxStates: most + 1, signal });
    if (found.states > most)
      return { states: most, cut: true, ends: 0, goal: [], refusals: [], waits: [], aside: [], choices: [] };
    // Interrupted; or the goal was there after all, and the property is not a pure function.
    if (found.verdict !== 'holds') return undefined;
    const reading = readings(machine, last, (variable) => found.codes[machine.variables[variable].name] === 1);
    const notes = [...watched.steps.values()];
    const refusals = await this.tried(refusalsOf(notes, reading));
    return {
      states: found.states,
      cut: false,
      ends: found.deadlocks,
      goal: reading(looked),
      refusals,
      waits: waitsOf(notes, reading, this.stuck, this.stuck === undefined ? looked.keys() : []),
      aside: [],
      choices: [],
    };
  }

  /** A machine that starts here and of which nothing is asked but not to get to the goal. */
  private from(machine: Machine, state: readonly unknown[], noted?: (variable: number) => void): Machine {
    const { goal } = this;
    const judge = (read: Read) => {
      const noting: Read = (variable) => {
        noted?.(variable);
        return read(variable);
      };
      return goal.judge(noting) === 'holds' ? { violated: '' } : 'holds';
    };
    const never = { args: {}, reads: goal.reads, judge } as const;
    const about = { id: 'goal', kind: 'invariant', text: '', source: '', origin: {} } as const;
    return { ...machine, initialStates: [state], properties: [{ ...about, instances: [never] }] };
  }

  /** Which of them would be enough, as far as the states that may be looked at go. */
  private async tried(refusals: readonly Refusal[]): Promise<Refusal[]> {
    const { machine, last, by, options } = this;
    const { without, most = MOST, signal } = options;
    const all: Refusal[] = [];
    let left = most;
    for (const refusal of refusals) {
      const ids = refusal.steps.map((step) => `${step}/${refusal.guard}`);
      const edited = refusal.guard !== '' && left > 0 ? without?.(ids) : undefined;
      if (!edited || edited.variables.some(({ name }, i) => name !== machine.variables[i].name)) {
        all.push(refusal);
        continue;
      }
      const names = new Set(by.map(({ name }) => name));
      const processes = edited.processes.filter(({ name }) => names.has(name));
      const state = last.map((value, i) => edited.variables[i].sort.decode(machine.variables[i].sort.encode(value)));
      const found = await search(this.from({ ...edited, processes }, state), {
        maxStates: left + 1,
        stopAtFirst: true,
        signal,
      });
      const enough = found.properties.some(({ verdict }) => verdict === 'violated');
      const decided = found.states <= left && (enough || !found.incomplete);
      all.push(decided ? { ...refusal, enough } : refusal);
      left -= found.states;
    }
    return [...all.filter(({ enough }) => enough), ...all.filter(({ enough }) => !enough)];
  }
}

/** The states of a loop: what each step does in each of them. */
function aroundLoop(
  machine: Machine,
  property: Extract<MachineProperty, { kind: 'leads-to' }>,
  { initial, steps, guilty }: Trace,
  loop: number,
): Impasse {
  const states = [initial, ...steps.map(({ state }) => state)].slice(loop, Math.max(loop + 1, steps.length));
  const taken = new Set(steps.slice(loop).map(({ process, action }) => `${process} ${action}`));
  const watched = new Watched(machine);
  const goal = goalOf(machine, property, guilty);
  const looked: Reads = new Map();
  let ends = 0;
  for (const state of states) {
    const read: Read = (variable) => state[variable];
    goal?.judge((variable) => {
      looked.set(variable, new Map());
      return read(variable);
    });
    const before = movesOf(watched);
    for (const { frame, actions } of watched.machine.processes)
      for (const action of actions(frame < 0 ? undefined : state[frame])) action.run(read);
    if (movesOf(watched) === before) ends++;
  }
  const text = (state: readonly unknown[], variable: number): string =>
    keyOf(machine.variables[variable].sort, state[variable]);
  const reading = readings(machine, states[0], (variable) =>
    states.every((state) => text(state, variable) === text(states[0], variable)),
  );
  const notes = [...watched.steps.values()];
  return {
    states: states.length,
    cut: false,
    ends,
    goal: reading(looked),
    refusals: refusalsOf(notes, reading),
    waits: waitsOf(notes, reading, guilty.process, looked.keys()),
    aside: notes
      .filter(({ process, action, moves }) => moves > 0 && !taken.has(`${process} ${action.id}`))
      .map((step) => ({ process: step.process, action: idOf(step), at: step.at, enabled: step.moves })),
    choices: choicesOf(machine, states, steps, loop),
  };
}

/** Steps of the loop that nobody has to take, or that could end otherwise. */
function choicesOf(
  machine: Machine,
  states: readonly (readonly unknown[])[],
  steps: Trace['steps'],
  loop: number,
): Choice[] {
  return steps.slice(loop).flatMap(({ process, action }, i): Choice[] => {
    const state = states[i];
    const own = machine.processes.find(({ name }) => name === process);
    const all = own?.actions(own.frame < 0 ? undefined : state[own.frame]).filter(({ id }) => id === action) ?? [];
    const about = { step: loop + i + 1, process, action: action.replace(/~.*$/, '') };
    if (all.every(({ fair }) => fair === 'none')) return [{ ...about, why: 'may' }];
    const ends = all.flatMap(({ run }) => run((variable) => state[variable])).length;
    return ends > 1 ? [{ ...about, why: 'otherwise' }] : [];
  });
}

const movesOf = ({ steps }: Watched): number => [...steps.values()].reduce((sum, { moves }) => sum + moves, 0);
