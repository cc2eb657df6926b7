/**
 * Which fair steps a state enables. A step is enabled where one of its outcomes changes the state (or is an error of the
 * spec); where it is enabled, it is also taken by an outcome that changes nothing: who polls, acts. A step all of whose
 * outcomes leave the state as it is only waits.
 */
import type { Action } from '../language/index.js';
import type { Graph } from './graph.js';
import type { Learned, LearnedAction } from './learned.js';

/** A step of a process that must not be left aside for ever. Several places of one step are one. */
export interface Obligation {
  readonly process: number;
  readonly action: string;
  readonly strong: boolean;
}

/** All obligations met so far, by number. */
export class Fairness {
  readonly obligations: Obligation[] = [];
  private readonly numbers = new Map<string, number>();
  /** The fair steps of each process at each of its frames. */
  private readonly fair: { readonly action: LearnedAction; readonly number: number }[][][];

  constructor(private readonly graph: Graph) {
    this.fair = graph.machine.processes.map(() => []);
  }

  /** The number of a step's obligation, or -1: it has none. */
  numberOf(process: number, { id, fair }: Action): number {
    if (fair === 'none') return -1;
    const key = `${process} ${fair} ${id}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.obligations.push({ process, action: id, strong: fair === 'strong' }) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  /** Visits the fair steps that a packed state enables, until `visit` says false: then false. */
  enabled(words: Int32Array, at: number, visit: (number: number, learned: Learned) => boolean | void): boolean {
    const { machine, engine, store } = this.graph;
    for (let process = 0; process < machine.processes.length; process++) {
      const { frame } = machine.processes[process];
      const code = frame < 0 ? 0 : store.layout.code(words, at, frame);
      const steps = (this.fair[process][code] ??= this.steps(process, code));
      for (const { action, number } of steps) {
        const learned = engine.tables.learned(action, words, at);
        if (isEnabled(learned) && visit(number, learned) === false) return false;
      }
    }
    return true;
  }

  private steps(process: number, frame: number): { action: LearnedAction; number: number }[] {
    return this.graph.engine.knowledge.actions(process, frame).flatMap((action) => {
      const number = this.numberOf(process, action.action);
      return number < 0 ? [] : [{ action, number }];
    });
  }
}

/** Does a step do anything here? */
export const isEnabled = ({ outcomes, faults }: Learned): boolean =>
  faults.length > 0 || outcomes.some(({ changes }) => changes.length > 0);
