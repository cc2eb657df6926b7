/** What walks come across: for each property, fault and order of two locks, the shortest walk to it so far. */
import type { Fault } from '../language/index.js';
import type { Checks } from './checks.js';
import type { Learned, LearnedOutcome } from './learned.js';
import type { Choices, Walked, Walker } from './walker.js';
import { anyLockFinding, nameOf } from './lock-order.js';

type Instances = Checks['always'];

/** A step that the spec gets wrong. */
export interface FaultWitness {
  readonly path: Walked;
  readonly process: number;
  readonly action: string;
  readonly fault: Fault;
}

/** What must be looked at again wherever an answer is met: hardly ever anything. */
interface Special {
  readonly learned: Learned;
  readonly transitions: readonly { readonly outcome: LearnedOutcome; readonly instances: readonly number[] }[];
}

/** Judges every state of a walk, and keeps the shortest walk to each finding. */
export class Witnesses {
  /** By property number. Of goals: where they were reached. */
  readonly properties = new Map<number, Walked>();
  /** By the id of the fault. */
  readonly faults = new Map<string, FaultWitness>();
  /** By the name of the edge: the state in which a step first does that. In the order in which they were seen. */
  readonly locks = new Map<string, Walked>();
  private path: Walked = { start: 0, outcomes: [] };
  private lockUses = 0;
  private readonly concerned = new WeakMap<LearnedOutcome, Instances>();
  private readonly specials = new WeakMap<Learned, Special | 'nothing'>();

  constructor(private readonly walker: Walker) {}

  /** A walk begins, in a state that the walker is in; the path grows as it goes on. */
  open(path: Walked): void {
    this.path = path;
    this.judge(this.walker.checks.always);
    this.judgeQuiet();
  }

  /** The walker has taken this step. */
  arrive(outcome: LearnedOutcome): void {
    this.judge(this.checksOf(outcome));
    this.judgeQuiet();
  }

  /** Looks at all that could be done next. */
  look({ rows, actors }: Choices): void {
    const { walker } = this;
    rows.forEach((learned, i) => {
      let special = this.specials.get(learned);
      if (special === undefined) this.specials.set(learned, (special = this.specialOf(learned)));
      if (special !== 'nothing') this.lookAt(special, actors[i]);
    });
    const { locks } = walker.knowledge.calls.seen;
    if (locks.size === this.lockUses) return;
    for (const { held, taken } of [...locks.values()].slice(this.lockUses)) {
      const { variables } = walker.machine;
      const name = nameOf({ held: variables[held].name, taken: taken === undefined ? taken : variables[taken].name });
      if (!this.locks.has(name)) this.locks.set(name, this.here());
    }
    this.lockUses = locks.size;
  }

  /** Nothing can be done here. */
  stuck(): void {
    this.walker.machine.properties.forEach((property, number) => {
      if (property.kind !== 'deadlock-free') return;
      try {
        if (!this.walker.holds(property.allowed)) this.add(number);
      } catch (error) {
        this.threw(number, `the property threw: ${String(error)}`);
      }
    });
  }

  /** Is anything wrong so far? */
  get broken(): boolean {
    const { machine, knowledge } = this.walker;
    return (
      this.faults.size > 0 ||
      [...this.properties.keys()].some((property) => machine.properties[property].kind !== 'reachable') ||
      anyLockFinding(machine, knowledge.calls.seen)
    );
  }

  private here(): Walked {
    return { start: this.path.start, outcomes: this.path.outcomes.slice() };
  }

  private add(property: number): void {
    const known = this.properties.get(property);
    if (!known || known.outcomes.length > this.path.outcomes.length) this.properties.set(property, this.here());
  }

  private judge(instances: Instances): void {
    const { checks, layout, words } = this.walker;
    for (const instance of instances) {
      const found = checks.judge(instance, layout, words, 0);
      if (!found) continue;
      if (found.threw) this.threw(found.property, found.because);
      else this.add(found.property);
    }
  }

  private judgeQuiet(): void {
    const { quiet } = this.walker.checks;
    if (quiet.length > 0 && this.walker.isQuiet()) this.judge(quiet);
  }

  private threw(property: number, because: string): void {
    const { id } = this.walker.machine.properties[property];
    const fault: Fault = { id: `fault:${id}:throw`, kind: 'throw', message: `property ${id}: ${because}` };
    this.addFault(-1, id, fault);
  }

  private addFault(process: number, action: string, fault: Fault): void {
    const known = this.faults.get(fault.id);
    if (known && known.path.outcomes.length <= this.path.outcomes.length) return;
    this.faults.set(fault.id, { path: this.here(), process, action, fault });
  }

  /** The invariants and goals that read what an outcome writes. */
  private checksOf(outcome: LearnedOutcome): Instances {
    let own = this.concerned.get(outcome);
    if (!own) {
      const written = new Set(outcome.changes.map(({ variable }) => variable));
      own = this.walker.checks.always.filter(({ spec }) => spec.reads.some((variable) => written.has(variable)));
      this.concerned.set(outcome, own);
    }
    return own;
  }

  private specialOf(learned: Learned): Special | 'nothing' {
    const { checks } = this.walker;
    const transitions = learned.outcomes
      .map((outcome) => ({ outcome, instances: checks.concerned(outcome) }))
      .filter(({ instances }) => instances.length > 0);
    if (transitions.length === 0 && learned.faults.length === 0) return 'nothing';
    return { learned, transitions };
  }

  private lookAt({ learned, transitions }: Special, process: number): void {
    const { checks, layout, words } = this.walker;
    for (const fault of learned.faults) this.addFault(process, learned.action.id, fault);
    for (const { outcome, instances } of transitions) {
      for (const instance of instances) {
        const found = checks.judgeTransition(instance, outcome, layout, words, 0);
        if (!found) continue;
        if (found.threw) this.threw(found.property, found.because);
        else this.addBehind(found.property, outcome);
      }
    }
  }

  /** It breaks with one step more. */
  private addBehind(property: number, outcome: LearnedOutcome): void {
    const known = this.properties.get(property);
    if (known && known.outcomes.length <= this.path.outcomes.length + 1) return;
    const { start, outcomes } = this.here();
    this.properties.set(property, { start, outcomes: [...outcomes, outcome] });
  }
}
