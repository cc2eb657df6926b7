/** Goes through a machine step by step with learned answers, without a set of states: for walks, and for shortening them. */
import type { Machine, PropertyInstance } from '../language/index.js';
import { Checks } from './checks.js';
import { Interner } from './intern.js';
import { Layout } from './layout.js';
import type { Learned, LearnedOutcome } from './learned.js';
import { Knowledge } from './tables.js';

/** Every code fits into so many bits: nothing ever has to be laid out anew. */
const WIDTH = 31;

/** A path: the number of an initial state, and the outcomes from there on. */
export interface Walked {
  readonly start: number;
  readonly outcomes: readonly LearnedOutcome[];
}

/** What there is to judge in a state: the state's own, and what comes of each outcome. */
export interface Choices {
  /** What each action does here, in the machine's order. */
  readonly rows: readonly Learned[];
  /** By row: whose it is. */
  readonly actors: readonly number[];
  /** By process: the outcomes that change the state, by action. Processes that have none are left out. */
  readonly moves: readonly (readonly (readonly LearnedOutcome[])[])[];
}

/** Where a walk is. One walker at a time walks. */
export class Walker {
  readonly layout: Layout;
  readonly interner: Interner;
  readonly knowledge: Knowledge;
  readonly checks: Checks;
  /** The codes of the state, a word each. */
  readonly words: Int32Array;
  private readonly initial: readonly Int32Array[];
  private readonly moving = new WeakMap<Learned, readonly LearnedOutcome[]>();

  constructor(readonly machine: Machine) {
    this.layout = new Layout(machine.variables.map(() => WIDTH));
    this.interner = new Interner(machine);
    this.knowledge = new Knowledge(machine, this.interner);
    this.checks = new Checks(machine, this.interner);
    this.initial = machine.initialStates.map((state) => {
      const words = new Int32Array(this.layout.words);
      this.layout.pack(
        state.map((value, variable) => this.interner.code(variable, value)),
        words,
        0,
      );
      return words;
    });
    this.words = this.initial[0].slice();
  }

  /** Goes to an initial state. */
  start(number: number): void {
    this.words.set(this.initial[number]);
  }

  /** What can be done here. */
  choices(): Choices {
    const { machine, layout, words, knowledge } = this;
    const rows: Learned[] = [];
    const actors: number[] = [];
    const moves: (readonly LearnedOutcome[])[][] = [];
    for (let process = 0; process < machine.processes.length; process++) {
      const own: (readonly LearnedOutcome[])[] = [];
      for (const action of knowledge.actions(process, this.frameOf(process))) {
        const learned = action.lookup(layout, words, 0) ?? action.learn(layout, words, 0);
        rows.push(learned);
        actors.push(process);
        const changing = this.changing(learned);
        if (changing.length > 0) own.push(changing);
      }
      if (own.length > 0) moves.push(own);
    }
    return { rows, actors, moves };
  }

  /** The outcome here that is most like one from elsewhere: of the same step, with the same result. */
  like({ process, action, label, order, changes }: LearnedOutcome): LearnedOutcome | undefined {
    const { machine, layout, words, knowledge } = this;
    for (const candidate of knowledge.actions(process, this.frameOf(process))) {
      if (candidate.action.id !== action.id) continue;
      const learned = candidate.lookup(layout, words, 0) ?? candidate.learn(layout, words, 0);
      const same = this.changing(learned).filter((outcome) => outcome.label === label);
      const exact = same.find((outcome) => outcome.order === order);
      if (exact) return exact;
      const { frame } = machine.processes[process];
      const next = changes.find(({ variable }) => variable === frame)?.to;
      const near = same.find((outcome) => outcome.changes.find(({ variable }) => variable === frame)?.to === next);
      if (near) return near;
    }
    return undefined;
  }

  take({ changes }: LearnedOutcome): void {
    for (const { variable, to } of changes) {
      const { word, shift } = this.layout.fields[variable];
      this.words[word] ^= (this.layout.code(this.words, 0, variable) ^ to) << shift;
    }
  }

  /** Is a predicate there, and does it hold here? @throws whatever the spec throws */
  holds(instance: PropertyInstance | undefined): boolean {
    const read = (variable: number): unknown =>
      this.interner.value(variable, this.layout.code(this.words, 0, variable));
    return instance?.judge(read) === 'holds';
  }

  /** Is no handler in flight? */
  isQuiet(): boolean {
    for (const { frame } of this.machine.processes)
      if (frame >= 0 && this.layout.code(this.words, 0, frame) !== 0) return false;
    return true;
  }

  /** A text that is the same for the same state. */
  key(): string {
    return this.words.join();
  }

  private frameOf(process: number): number {
    const { frame } = this.machine.processes[process];
    return frame < 0 ? 0 : this.layout.code(this.words, 0, frame);
  }

  private changing(learned: Learned): readonly LearnedOutcome[] {
    let own = this.moving.get(learned);
    if (!own) this.moving.set(learned, (own = learned.outcomes.filter(({ changes }) => changes.length > 0)));
    return own;
  }
}
