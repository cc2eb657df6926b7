/**
 * A count of everything in the graph: which steps, how often, what guards said, what properties were asked. It walks the
 * whole levels of a finished search once more, so that a search that nobody wants counted pays nothing.
 */
import type { MachineProperty, PropertyInstance, Read } from '../language/index.js';
import type { Graph } from './graph.js';
import type { Learned, LearnedAction } from './learned.js';
import { predicateOf, type Predicate } from './predicate.js';

/** How often something was seen. */
export interface Count {
  /** Distinct situations: a process at one frame, with one combination of the values that were read. */
  projections: number;
  /** Transitions of steps, guards and codes; states of properties (transitions of transition properties). */
  times: number;
}

/** What a count found. */
export interface Census {
  /** How many states were counted: those of all levels that were expanded to their end. */
  readonly states: number;
  /** States by level, from the initial ones on. */
  readonly levels: readonly number[];
  /** By the id of the action: where it could be taken. */
  readonly steps: ReadonlyMap<string, Count>;
  /** `STEP/GUARD`, by what the guard said. Times are the states in which it was asked. */
  readonly passed: ReadonlyMap<string, Count>;
  readonly refused: ReadonlyMap<string, Count>;
  /** By action and label: `-EPERM` and the like. */
  readonly labels: ReadonlyMap<string, ReadonlyMap<string, Count>>;
  /** By the id of the property: where its condition was true, or what it watches happened. */
  readonly properties: ReadonlyMap<string, Count>;
  /** Distinct situations that each action was asked in, where it had to wait included. */
  readonly learned: ReadonlyMap<string, number>;
  /** Bits of each variable in a packed state, by name; and words of 32 bits that a state takes. */
  readonly bits: Readonly<Record<string, number>>;
  readonly words: number;
  /** What is in flight together, and in how many states. */
  readonly inFlight: readonly Flight[];
}

/** What each process is in, by name; those that are idle are left out. A handler is the first part of its steps' ids. */
export interface Flight {
  readonly handlers: Readonly<Record<string, string>>;
  readonly states: number;
}

/** A learned answer, and in how many states it is the one. */
interface Row {
  readonly learned: Learned;
  states: number;
  readonly guards: readonly { readonly id: string; readonly passes: boolean }[];
  /** Counts of the transition properties that this answer's outcomes concern, and whether they are asked. */
  readonly asks: readonly { readonly count: Count; readonly is: Predicate }[];
}

/** Counts the expanded levels of a graph. @returns undefined if `stop` said so meanwhile */
export async function takeCensus(graph: Graph, stop: () => boolean): Promise<Census | undefined> {
  return new Counter(graph).count(stop);
}

const bump = (counts: Map<string, Count>, key: string): Count => {
  let own = counts.get(key);
  if (!own) counts.set(key, (own = { projections: 0, times: 0 }));
  return own;
};

/** States between two looks at `stop`. */
const TURN = 4096;

class Counter {
  private readonly rows = new Map<Learned, Row>();
  private readonly properties = new Map<string, Count>();
  private readonly visits: ((words: Int32Array, at: number) => void)[];
  private readonly flights: { readonly before: number; readonly handler: number; states: number }[] = [
    { before: -1, handler: 0, states: 0 },
  ];
  /** The number of a flight and one process more: by the number before it, and the handler. */
  private readonly longer: number[][] = [];
  /** Names of handlers; number 0 is nobody. */
  private readonly names: string[] = [''];
  /** By process and frame code: the number of the handler. */
  private readonly handlers: number[][];

  constructor(private readonly graph: Graph) {
    this.handlers = graph.machine.processes.map(() => []);
    this.visits = graph.machine.properties.flatMap((property) => {
      const count = bump(this.properties, property.id);
      return this.visitsOf(property, count);
    });
  }

  async count(stop: () => boolean): Promise<Census | undefined> {
    const { levels, complete } = this.graph;
    // Of a graph that is not whole, the last level was not expanded, or not to its end.
    const states = levels[levels.length - (complete ? 1 : 2)];
    let turn = TURN;
    const whole = await this.graph.states(0, states, (words, at) => {
      if (--turn === 0) {
        if (stop()) return false;
        turn = TURN;
      }
      this.state(words, at);
      return true;
    });
    return whole ? this.result(states) : undefined;
  }

  private state(words: Int32Array, at: number): void {
    const { engine, machine, store } = this.graph;
    let flight = 0;
    for (let process = 0; process < machine.processes.length; process++) {
      const { frame } = machine.processes[process];
      const code = frame < 0 ? 0 : store.layout.code(words, at, frame);
      const actions = engine.knowledge.actions(process, code);
      if (frame >= 0) flight = this.joined(flight, this.handler(process, code, actions));
      for (const action of actions) {
        const learned = engine.tables.learned(action, words, at);
        const row = this.rows.get(learned) ?? this.add(learned, words, at);
        row.states++;
        for (const { count, is } of row.asks) if (is(words, at)) count.times++;
      }
    }
    this.flights[flight].states++;
    for (const visit of this.visits) visit(words, at);
  }

  private joined(before: number, handler: number): number {
    const after = (this.longer[before] ??= []);
    return (after[handler] ??= this.flights.push({ before, handler, states: 0 }) - 1);
  }

  /** The number of the handler that a process is in at a frame code; 0: it is idle. */
  private handler(process: number, code: number, actions: readonly LearnedAction[]): number {
    const known = this.handlers[process][code];
    if (known !== undefined) return known;
    const { engine, machine } = this.graph;
    const { frame, isIdle } = machine.processes[process];
    let number = 0;
    if (!isIdle(engine.interner.value(frame, code))) {
      const name = actions[0].action.id.split('/')[0];
      number = this.names.indexOf(name);
      if (number < 0) number = this.names.push(name) - 1;
    }
    return (this.handlers[process][code] = number);
  }

  private add(learned: Learned, words: Int32Array, at: number): Row {
    const { engine, store } = this.graph;
    const { action, outcomes } = learned;
    const guards: { id: string; passes: boolean }[] = [];
    action.run(
      (variable) => engine.interner.value(variable, store.layout.code(words, at, variable)),
      (guard, passes) => guards.push({ id: `${action.id}/${guard}`, passes }),
    );
    const asks = outcomes.flatMap((outcome) =>
      engine.checks.concerned(outcome).map((instance) => {
        const { property, spec } = engine.checks.transitions[instance];
        const count = bump(this.properties, this.graph.machine.properties[property].id);
        const judge = (read: Read) => spec.judge(engine.checks.transition(outcome, read));
        return { count, is: this.asked({ args: spec.args, reads: spec.reads, judge }, count) };
      }),
    );
    const row: Row = { learned, states: 0, guards, asks };
    this.rows.set(learned, row);
    return row;
  }

  /** Is the condition true in a state? Counts the projections in which it is. */
  private asked(instance: PropertyInstance, count: Count): Predicate {
    return predicateOf(this.graph, {
      ...instance,
      judge: (read) => {
        try {
          if (instance.judge(read) === 'vacuous') return 'vacuous';
        } catch {
          // That is a finding of the search, not of the count.
          return 'vacuous';
        }
        count.projections++;
        return 'holds';
      },
    });
  }

  private visitsOf(property: MachineProperty, count: Count): ((words: Int32Array, at: number) => void)[] {
    const anyOf =
      (all: readonly Predicate[], where: Predicate = () => true): Predicate =>
      (words, at) => {
        if (!where(words, at)) return false;
        let any = false;
        for (const is of all) any = is(words, at) || any;
        return any;
      };
    const states = (is: Predicate) => (words: Int32Array, at: number) => {
      if (is(words, at)) count.times++;
    };
    const only = (instance: PropertyInstance, wanted: 'holds' | 'not') =>
      this.asked(
        {
          ...instance,
          judge: (read) => ((instance.judge(read) === 'holds') === (wanted === 'holds') ? 'holds' : 'vacuous'),
        },
        count,
      );
    switch (property.kind) {
      case 'invariant':
        return [states(anyOf(property.instances.map((instance) => this.asked(instance, count))))];
      case 'quiescent': {
        const all = property.instances.map((instance) => this.asked(instance, count));
        return [states(anyOf(all, (words, at) => this.graph.engine.isQuiet(words, at)))];
      }
      case 'reachable':
        return [states(anyOf(property.instances.map((instance) => only(instance, 'holds'))))];
      case 'always-possible':
      case 'leads-to':
        return [states(anyOf(property.instances.map(({ trigger }) => only(trigger, 'holds'))))];
      case 'deadlock-free':
      case 'wedge-free': {
        const excused = property.kind === 'deadlock-free' ? property.allowed : property.excused;
        if (excused) return [states(only(excused, 'not'))];
        // It looks at the whole state: each is a projection of its own.
        return [() => void (count.times++, count.projections++)];
      }
      // Counted with the steps.
      case 'transition':
      case 'lock-order':
        return [];
    }
  }

  private result(states: number): Census {
    const { machine, store, levels } = this.graph;
    const steps = new Map<string, Count>();
    const passed = new Map<string, Count>();
    const refused = new Map<string, Count>();
    const labels = new Map<string, Map<string, Count>>();
    const learned = new Map<string, number>();
    const lockOrders = machine.properties.filter(({ kind }) => kind === 'lock-order');
    const addTo = (count: Count, more: number): void => {
      count.projections++;
      count.times += more;
    };
    for (const { learned: own, states: times, guards } of this.rows.values()) {
      const { id, locking } = own.action;
      learned.set(id, (learned.get(id) ?? 0) + 1);
      if (own.outcomes.length > 0) addTo(bump(steps, id), times * own.outcomes.length);
      for (const guard of guards) addTo(bump(guard.passes ? passed : refused, guard.id), times);
      const counted = new Set<string>();
      for (const { label } of own.outcomes) {
        const byLabel = labels.get(id) ?? new Map<string, Count>();
        labels.set(id, byLabel);
        const count = bump(byLabel, label);
        count.times += times;
        if (!counted.has(label)) count.projections++;
        counted.add(label);
      }
      const taking = own.outcomes.filter(({ interrupted }) => !interrupted).length;
      if (locking.length > 0 && taking > 0)
        for (const property of lockOrders) addTo(bump(this.properties, property.id), times * taking);
    }
    return {
      states,
      levels: levels.slice(1).map((end, i) => end - levels[i]),
      steps,
      passed,
      refused,
      labels,
      properties: this.properties,
      learned,
      bits: Object.fromEntries(machine.variables.map(({ name }, variable) => [name, store.layout.widths[variable]])),
      words: store.layout.words,
      inFlight: this.inFlight(),
    };
  }

  private inFlight(): Flight[] {
    const running = this.graph.machine.processes.filter(({ frame }) => frame >= 0);
    return this.flights.flatMap(({ states }, number) => {
      if (states === 0) return [];
      const handlers: [string, string][] = [];
      let { before, handler } = this.flights[number];
      for (const { name } of [...running].reverse()) {
        if (handler > 0) handlers.unshift([name, this.names[handler]]);
        ({ before, handler } = this.flights[before]);
      }
      return [{ handlers: Object.fromEntries(handlers), states }];
    });
  }
}
