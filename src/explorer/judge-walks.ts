/** From what walks came across to results of properties, with traces that were made shorter and replayed. */
import type { MachineProperty } from '../language/index.js';
import type { PropertyResult, Trace } from './result.js';
import type { LearnedOutcome } from './learned.js';
import type { FaultWitness, Witnesses } from './witnesses.js';
import type { Walked, Walker } from './walker.js';
import { because, firstClosed, lockEdges, makes, nameOf, suspects, type LockEdge } from './lock-order.js';
import { replayed } from './trace.js';
import { shorten, type End } from './shorten.js';

/** Decides what walks can decide; the rest is undecided, never `holds`, but for goals that were reached. @throws ReplayError */
export function judgeWalks(walker: Walker, witnesses: Witnesses): PropertyResult[] {
  const judge = new Judge(walker, witnesses);
  const properties = walker.machine.properties.map((_, number) => judge.property(number));
  const faults = [...witnesses.faults].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...properties, ...faults.map(([, fault]) => judge.fault(fault))];
}

/** Properties that no walk can break: only the whole graph can tell. */
const beyondWalks: ReadonlySet<MachineProperty['kind']> = new Set(['wedge-free', 'always-possible', 'leads-to']);

const NOT_SEEN = 'no walk broke it';

class Judge {
  constructor(
    private readonly walker: Walker,
    private readonly witnesses: Witnesses,
  ) {}

  property(number: number): PropertyResult {
    const { walker, witnesses } = this;
    const property = walker.machine.properties[number];
    const { id, kind } = property;
    if (property.kind === 'lock-order') return this.lockOrder(property);
    const found = witnesses.properties.get(number);
    if (!found) {
      const beyond = beyondWalks.has(kind);
      const reached = kind === 'reachable' ? 'no walk reached it' : NOT_SEEN;
      const reason = beyond ? 'walks can’t decide it, it needs the whole graph' : reached;
      const vacuous = ['invariant', 'quiescent', 'transition'].includes(kind) && !walker.checks.antecedent[number];
      return { id, kind, verdict: 'undecided', reason, vacuous };
    }
    const end = this.endOf(number, property);
    const path = shorten(walker, found, end);
    const length = path.outcomes.length;
    if (kind === 'reachable') return { id, kind, verdict: 'holds', length, vacuous: false };
    const trace = this.trace(path, { property: id, kind, ...this.explain(number, property, path) });
    return { id, kind, verdict: 'violated', length, trace, vacuous: false };
  }

  fault({ path: found, process, action, fault }: FaultWitness): PropertyResult {
    const { walker } = this;
    const { id } = fault;
    const base = { id, kind: 'fault' as const, verdict: 'error' as const, reason: fault.message, vacuous: false };
    // As in a search: what a property throws, or an impure step does, has no trace.
    if (process < 0 || fault.kind === 'impure') return { ...base, length: found.outcomes.length };
    const end: End = () => walker.choices().rows.some(({ faults }) => faults.some((own) => own.id === id));
    const path = shorten(walker, found, end);
    const faulting = { process: walker.machine.processes[process].name, action, fault };
    const trace = this.trace(path, { property: id, kind: 'fault', because: fault.message, guilty: {}, faulting });
    return { ...base, length: path.outcomes.length, trace };
  }

  private trace({ start, outcomes }: Walked, about: Omit<Trace, 'initial' | 'steps'>): Trace {
    const { machine, interner } = this.walker;
    const initial = machine.initialStates[start];
    return { ...about, initial, steps: replayed({ machine, engine: { interner } }, initial, outcomes) };
  }

  /** Does this state break a property (or reach a goal), or does a step from here? */
  private endOf(number: number, property: MachineProperty): End {
    const { walker } = this;
    switch (property.kind) {
      case 'transition':
        return () => this.firstOutcome((outcome) => this.breaking(number, outcome) !== undefined) ?? false;
      case 'deadlock-free':
        return () => walker.choices().moves.length === 0 && !walker.holds(property.allowed);
      default:
        return () => this.stateFinding(number) !== undefined;
    }
  }

  private firstOutcome(is: (outcome: LearnedOutcome) => boolean): LearnedOutcome | undefined {
    return this.walker
      .choices()
      .rows.flatMap(({ outcomes }) => outcomes)
      .find(is);
  }

  private stateFinding(number: number) {
    const { checks, layout, words } = this.walker;
    const quiet = this.walker.isQuiet() ? checks.quiet : [];
    for (const instance of [...checks.always, ...quiet]) {
      if (instance.property !== number) continue;
      const found = checks.judge(instance, layout, words, 0);
      if (found && !found.threw) return found;
    }
    return undefined;
  }

  private breaking(number: number, outcome: LearnedOutcome) {
    const { checks, layout, words } = this.walker;
    for (const instance of checks.concerned(outcome)) {
      if (checks.transitions[instance].property !== number) continue;
      const found = checks.judgeTransition(instance, outcome, layout, words, 0);
      if (found && !found.threw) return found;
    }
    return undefined;
  }

  private explain(
    number: number,
    property: MachineProperty,
    { start, outcomes }: Walked,
  ): Pick<Trace, 'because' | 'guilty'> {
    const { walker } = this;
    if (property.kind === 'deadlock-free') return { because: 'no step changes this state', guilty: {} };
    walker.start(start);
    // A transition is judged on the state before it.
    const taken = property.kind === 'transition' ? outcomes.slice(0, -1) : outcomes;
    for (const outcome of taken) walker.take(outcome);
    const found =
      property.kind === 'transition' ? this.breaking(number, outcomes[outcomes.length - 1]) : this.stateFinding(number);
    if (!found || !('instances' in property))
      throw new Error(`${property.id} is not broken where it was: a table is wrong`);
    return { because: found.because, guilty: property.instances[found.instance].args };
  }

  /** One trace for each edge of the first finding; the first of them completes it. */
  private lockOrder({ id, kind, ...rule }: Extract<MachineProperty, { kind: 'lock-order' }>): PropertyResult {
    const { walker, witnesses } = this;
    const edges = lockEdges(walker.machine, walker.knowledge.calls.seen);
    const suspected = suspects(edges, rule);
    if (suspected.length === 0)
      return { id, kind, verdict: 'undecided', reason: NOT_SEEN, vacuous: edges.length === 0 };
    const order = [...witnesses.locks.keys()];
    const finding = firstClosed(suspected.sort((a, b) => order.indexOf(nameOf(a)) - order.indexOf(nameOf(b))));
    const traces = finding.edges.map((edge) => {
      const path = shorten(walker, witnesses.locks.get(nameOf(edge))!, this.making(edge));
      const { held, taken } = edge;
      const guilty: Trace['guilty'] = taken === undefined ? { held } : { held, taken };
      return this.trace(path, { property: id, kind, because: because(finding, edge), guilty });
    });
    const [trace, ...further] = traces;
    return { id, kind, verdict: 'violated', length: trace.steps.length, trace, further, vacuous: false };
  }

  private making(edge: LockEdge): End {
    const is = makes(edge);
    return () => this.firstOutcome(is) ?? false;
  }
}
