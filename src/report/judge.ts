/** Is a property still broken at the end of a path? Asked of the machine directly, without the explorer's tables. */
import { execute, type Offer } from '../explorer/execute.js';
import { keyOfState, unfairness } from '../explorer/fair-run.js';
import type { Machine, MachineProperty, PropertyInstance, Read } from '../language/index.js';

/** What became of the violation: still there, gone, or not to be decided by looking at this path alone. */
export type Standing = {
  readonly kind: 'violated' | 'gone' | 'undecided';
  readonly because: string;
  /** The instance that is violated, where one state or step shows it. */
  readonly guilty?: Readonly<Record<string, string>>;
};

/** How many states the search for a way back may look at. */
const HORIZON = 20_000;

/** A state of a path, and how the path came there. */
export interface Point {
  readonly state: readonly unknown[];
  /** The point before, and the transition from there; an initial state has none. */
  readonly from?: { readonly point: Point; readonly offer: Offer };
}

/** What a trace says of its end. */
export interface Claim {
  /** Where its loop starts. */
  readonly loop: number | null;
  /** What was found there. */
  readonly guilty: Readonly<Record<string, string>>;
}

/** Judges a property at the last state of a path (and of its last transition). */
export function judgeEnd(machine: Machine, property: MachineProperty, end: Point, { loop, guilty }: Claim): Standing {
  const read = reading(end.state);
  switch (property.kind) {
    case 'invariant':
      return anyViolated(property.instances, read);
    case 'quiescent':
      return allIdle(machine, end.state)
        ? anyViolated(property.instances, read)
        : { kind: 'gone', because: 'a handler is in flight there' };
    case 'reachable':
      return property.instances.some((instance) => instance.judge(read) === 'holds')
        ? { kind: 'violated', because: 'the goal is reached' }
        : { kind: 'gone', because: 'the goal is not reached there' };
    case 'transition': {
      if (!end.from) return { kind: 'gone', because: 'there is no transition to judge' };
      const { point, offer } = end.from;
      const { label, emits, writes } = offer.outcome;
      const { process, action } = offer;
      const outcome = { action, emits, writes: new Set(writes.keys()) };
      const transition = { process, action, label, emits, before: reading(point.state), after: read };
      for (const instance of property.instances) {
        if (!instance.concerns(outcome)) continue;
        const judgement = instance.judge(transition);
        if (typeof judgement !== 'object') continue;
        return { kind: 'violated', because: judgement.violated, guilty: instance.args };
      }
      return { kind: 'gone', because: 'it holds there' };
    }
    case 'lock-order': {
      const number = (name: string | undefined): number => machine.variables.findIndex((one) => one.name === name);
      const taken = guilty.taken === undefined ? undefined : number(guilty.taken);
      const again = end.from?.offer?.locking.some((use) => use.held === number(guilty.held) && use.taken === taken);
      const what = guilty.taken === undefined ? 'sleeps' : `takes ${guilty.taken}`;
      return again
        ? { kind: 'violated', because: `the last step ${what} while ${guilty.held} is held` }
        : { kind: 'gone', because: `the last step no longer ${what} while ${guilty.held} is held` };
    }
    case 'deadlock-free': {
      if (property.allowed?.judge(read) === 'holds') return { kind: 'gone', because: 'it may stop there' };
      const key = keyOfState(machine, end.state);
      const moves = execute(machine, end.state).offers.some(({ state }) => keyOfState(machine, state) !== key);
      return moves
        ? { kind: 'gone', because: 'there is a step on' }
        : { kind: 'violated', because: 'there is no step on' };
    }
    case 'wedge-free': {
      if (property.excused?.judge(read) === 'holds') return { kind: 'gone', because: 'it is excused there' };
      const goals = machine.processes
        .filter(({ frame }) => frame >= 0)
        .map(({ name, frame, isIdle }) => ({
          words: `${name} can't get back to idle`,
          holds: (state: readonly unknown[]) => isIdle(state[frame]),
        }));
      return neverReached(machine, end.state, goals, () => true);
    }
    case 'always-possible': {
      if (property.excused?.judge(read) === 'holds') return { kind: 'gone', because: 'it is excused there' };
      const by = new Set(property.by.map((number) => machine.processes[number].name));
      const goals = property.instances
        .filter(({ trigger }) => trigger.judge(read) === 'holds')
        .map(({ goal }) => ({
          words: `no step of ${[...by].join(', ')} leads there`,
          holds: (state: readonly unknown[]) => goal.judge(reading(state)) === 'holds',
        }));
      return neverReached(machine, end.state, goals, (process) => by.has(process));
    }
    case 'leads-to':
      return neverAnswered(machine, property, end, loop);
  }
}

const reading =
  (state: readonly unknown[]): Read =>
  (variable) =>
    state[variable];

function anyViolated(instances: readonly PropertyInstance[], read: Read): Standing {
  for (const instance of instances) {
    const judgement = instance.judge(read);
    if (typeof judgement === 'object') return { kind: 'violated', because: judgement.violated, guilty: instance.args };
  }
  return { kind: 'gone', because: 'it holds there' };
}

/** Is no handler in flight? */
export function allIdle(machine: Machine, state: readonly unknown[]): boolean {
  return machine.processes.every(({ frame, isIdle }) => frame < 0 || isIdle(state[frame]));
}

/** Does a path with a loop ask for something that never comes, and is the loop a fair run? */
function neverAnswered(
  machine: Machine,
  property: Extract<MachineProperty, { kind: 'leads-to' }>,
  end: Point,
  loop: number | null,
): Standing {
  if (loop === null) return { kind: 'undecided', because: 'the trace has no loop' };
  const states: (readonly unknown[])[] = [];
  const offers: Offer[] = [];
  for (let point: Point | undefined = end; point; point = point.from?.point) {
    states.push(point.state);
    if (point.from) offers.push(point.from.offer);
  }
  states.reverse();
  offers.reverse();
  const asks = (instance: (typeof property.instances)[number]): boolean => {
    const reached = (state: readonly unknown[]): boolean =>
      [instance.goal, property.excused].some((goal) => goal?.judge(reading(state)) === 'holds');
    const pending = states.slice(states.findLastIndex(reached) + 1);
    return (
      pending.length >= states.length - loop &&
      pending.some((state) => instance.trigger.judge(reading(state)) === 'holds')
    );
  };
  if (!property.instances.some(asks))
    return { kind: 'gone', because: 'what is asked for comes, or nobody asks for it' };
  const unfair = unfairness(machine, states.slice(loop), offers.slice(loop));
  return unfair === undefined
    ? { kind: 'violated', because: 'what is asked for never comes' }
    : { kind: 'gone', because: `the loop is no fair run: ${unfair}` };
}

/** A goal that no path from here meets, or `gone` if all are met, or `undecided` beyond the horizon. */
function neverReached(
  machine: Machine,
  from: readonly unknown[],
  goals: readonly { words: string; holds: (state: readonly unknown[]) => boolean }[],
  helps: (process: string) => boolean,
): Standing {
  let open = [...goals];
  const seen = new Set([keyOfState(machine, from)]);
  const queue = [from];
  for (let i = 0; i < queue.length; i++) {
    open = open.filter((goal) => !goal.holds(queue[i]));
    if (open.length === 0) return { kind: 'gone', because: 'there is a way back' };
    for (const { process, state } of execute(machine, queue[i]).offers) {
      const key = keyOfState(machine, state);
      if (!helps(process) || seen.has(key)) continue;
      if (seen.size >= HORIZON) {
        return { kind: 'undecided', because: `more than ${HORIZON} states follow: only a whole check can tell` };
      }
      seen.add(key);
      queue.push(state);
    }
  }
  return { kind: 'violated', because: open[0].words };
}
