/** From what a search found to verdicts and traces. */
import type { Fault, Machine, MachineProperty } from '../language/index.js';
import type { Graph } from './graph.js';
import type { ModelVerdict, Progress, PropertyResult, Trace } from './result.js';
import type { Tally } from './tally.js';
import { because, firstFinding, lockEdges, makes } from './lock-order.js';
import { decideLeadsTo } from './leads-to.js';
import { PropertyError, predicateOf } from './predicate.js';
import { findLost } from './ways-back.js';
import { ReplayError, shortestTrace, type Path, type Target } from './trace.js';

/** Why the graph is not whole. */
interface Halt {
  readonly detail: string;
}

/** What is decided after the search, and may take as long as it. */
const needsWholeGraph: ReadonlySet<MachineProperty['kind']> = new Set(['wedge-free', 'always-possible', 'leads-to']);

/** Decides every property of a machine on the graph that was found. */
export async function conclude(
  machine: Machine,
  graph: Graph,
  tally: Tally,
  halt: Halt | undefined,
  phase: (phase: Progress['phase']) => void,
): Promise<{ verdict: ModelVerdict; properties: PropertyResult[]; faults: Fault[] }> {
  const judge = new Judge(machine, graph, tally, halt);
  const properties: PropertyResult[] = [];
  for (let number = 0; number < machine.properties.length; number++) {
    phase(needsWholeGraph.has(machine.properties[number].kind) ? 'wedges' : 'traces');
    properties.push(await judge.property(number));
  }
  for (const [id, fault] of [...tally.faults].sort(([a], [b]) => (a < b ? -1 : 1)))
    properties.push(await judge.fault(id, fault));
  const has = (verdict: PropertyResult['verdict']): boolean =>
    properties.some((property) => property.verdict === verdict);
  const verdict = has('error')
    ? 'error'
    : has('violated')
      ? 'violated'
      : halt || has('undecided')
        ? 'incomplete'
        : 'holds';
  const faults = [...tally.faults].map(([id, { kind, message }]): Fault => ({
    id,
    kind: kind as Fault['kind'],
    message,
  }));
  return { verdict, properties, faults };
}

class Judge {
  constructor(
    private readonly machine: Machine,
    private readonly graph: Graph,
    private readonly tally: Tally,
    private readonly halt: Halt | undefined,
  ) {}

  async property(number: number): Promise<PropertyResult> {
    const property = this.machine.properties[number];
    try {
      switch (property.kind) {
        case 'invariant':
        case 'quiescent':
          return await this.state(number, property);
        case 'reachable':
          return await this.goal(number, property);
        case 'transition':
          return await this.transition(number);
        case 'lock-order':
          return await this.lockOrder(number, property);
        case 'deadlock-free':
          return await this.deadlock(number);
        case 'wedge-free':
        case 'always-possible':
          return await this.possible(property);
        case 'leads-to':
          return await this.leadsTo(property);
      }
    } catch (error) {
      if (!(error instanceof ReplayError || error instanceof PropertyError)) throw error;
      return { ...this.base(property), verdict: 'error', reason: error.message };
    }
  }

  private base({ id, kind }: MachineProperty): Pick<PropertyResult, 'id' | 'kind' | 'vacuous'> {
    return { id, kind, vacuous: false };
  }

  private held(number: number, vacuous: boolean): PropertyResult {
    const base = { ...this.base(this.machine.properties[number]), vacuous };
    const reason = this.halt?.detail ?? this.behindFaults();
    return reason === undefined ? { ...base, verdict: 'holds' } : { ...base, verdict: 'undecided', reason };
  }

  /** Why nothing can be said to hold: outcomes that the spec got wrong were not expanded. */
  private behindFaults(): string | undefined {
    return this.tally.faults.size > 0 ? 'what lies behind an error of the model was not explored' : undefined;
  }

  private async violated(
    property: MachineProperty,
    target: Target,
    explain: (path: Path) => { because: string; guilty: Trace['guilty'] },
  ): Promise<PropertyResult> {
    const base = { ...this.base(property), verdict: 'violated' as const, length: target.level };
    const path = await shortestTrace(this.graph, target);
    return {
      ...base,
      trace: { property: property.id, kind: property.kind, initial: path.initial, steps: path.steps, ...explain(path) },
    };
  }

  private async state(
    number: number,
    property: Extract<MachineProperty, { kind: 'invariant' | 'quiescent' }>,
  ): Promise<PropertyResult> {
    const level = this.tally.first.get(number);
    if (level === undefined) return this.held(number, !this.tally.antecedent.has(number));
    const { engine, store } = this.graph;
    const own = [...engine.checks.always, ...engine.checks.quiet].filter((instance) => instance.property === number);
    const finding = (words: Int32Array, at: number) => {
      if (property.kind === 'quiescent' && !engine.isQuiet(words, at)) return undefined;
      for (const instance of own) {
        const found = engine.checks.judge(instance, store.layout, words, at);
        if (found) return found;
      }
      return undefined;
    };
    return this.violated(
      property,
      { kind: 'state', level, is: (words, at) => finding(words, at) !== undefined },
      ({ last }) => {
        const found = finding(last, 0)!;
        return { because: found.because, guilty: property.instances[found.instance].args };
      },
    );
  }

  private async goal(
    number: number,
    property: Extract<MachineProperty, { kind: 'reachable' }>,
  ): Promise<PropertyResult> {
    const base = this.base(property);
    const level = this.tally.first.get(number);
    if (level !== undefined) return { ...base, verdict: 'holds', length: level };
    const reason = this.halt?.detail ?? this.behindFaults();
    if (reason !== undefined) return { ...base, verdict: 'undecided', reason };
    return { ...base, verdict: 'violated', reason: 'no reachable state is a goal' };
  }

  private async transition(number: number): Promise<PropertyResult> {
    const level = this.tally.first.get(number);
    if (level === undefined) return this.held(number, !this.tally.antecedent.has(number));
    const property = this.machine.properties[number];
    const { engine } = this.graph;
    const target: Target = {
      kind: 'transition',
      level,
      is: (outcome, words, at) => engine.breaks(number, outcome, words, at) !== undefined,
    };
    return this.violated(property, target, ({ outcomes, beforeLast }) => {
      const found = engine.breaks(number, outcomes[outcomes.length - 1], beforeLast, 0)!;
      const { instances } = property as Extract<MachineProperty, { kind: 'transition' }>;
      return { because: found.because, guilty: instances[found.instance].args };
    });
  }

  /** One trace for each edge of the first finding; the first of them completes it. */
  private async lockOrder(
    number: number,
    property: Extract<MachineProperty, { kind: 'lock-order' }>,
  ): Promise<PropertyResult> {
    const edges = lockEdges(this.machine, this.tally.seen);
    const first = await firstFinding(this.graph, edges, property);
    if (!first) return this.held(number, edges.length === 0);
    const results: PropertyResult[] = [];
    for (const edge of first.finding.edges) {
      const { held, taken } = edge;
      const target: Target = { kind: 'transition', level: first.levelOf.get(edge)!, is: makes(edge) };
      const guilty: Trace['guilty'] = taken === undefined ? { held } : { held, taken };
      results.push(await this.violated(property, target, () => ({ because: because(first.finding, edge), guilty })));
    }
    return { ...results[0], further: results.slice(1).flatMap(({ trace }) => trace ?? []) };
  }

  private async deadlock(number: number): Promise<PropertyResult> {
    const level = this.tally.first.get(number);
    if (level === undefined) return this.held(number, false);
    const property = this.machine.properties[number] as Extract<MachineProperty, { kind: 'deadlock-free' }>;
    const { engine } = this.graph;
    const allowed = property.allowed && predicateOf(this.graph, property.allowed);
    const stuck = (words: Int32Array, at: number): boolean => {
      for (const { learned } of engine.learnedAt(words, at))
        if (learned.outcomes.some(({ changes }) => changes.length > 0)) return false;
      return !allowed?.(words, at);
    };
    return this.violated(property, { kind: 'state', level, is: stuck }, () => ({
      because: 'no step changes this state',
      guilty: {},
    }));
  }

  private async possible(
    property: Extract<MachineProperty, { kind: 'wedge-free' | 'always-possible' }>,
  ): Promise<PropertyResult> {
    if (!this.graph.complete) return this.needsAll(property);
    const found = await findLost(this.graph, property);
    if (!found) return this.undecided(property, 'interrupted while the way back was searched');
    const { lost, asked } = found;
    if (!lost) return this.held(this.machine.properties.indexOf(property), !asked);
    return this.violated(property, { kind: 'state', level: lost.level, is: lost.is }, ({ last }) => ({
      because: lost.because(last),
      guilty: lost.guilty,
    }));
  }

  private async leadsTo(property: Extract<MachineProperty, { kind: 'leads-to' }>): Promise<PropertyResult> {
    if (!this.graph.complete) return this.needsAll(property);
    const found = await decideLeadsTo(this.graph, property);
    switch (found.kind) {
      case 'held':
        return this.held(this.machine.properties.indexOf(property), !found.asked);
      case 'given-up':
        return this.undecided(property, found.why);
      case 'violated':
        return {
          ...this.base(property),
          verdict: 'violated',
          ...(found.trace && { length: found.trace.steps.length, trace: found.trace }),
        };
    }
  }

  private needsAll(property: MachineProperty): PropertyResult {
    return this.undecided(property, `it needs the whole graph: ${this.halt?.detail ?? ''}`);
  }

  private undecided(property: MachineProperty, reason: string): PropertyResult {
    return { ...this.base(property), verdict: 'undecided', reason };
  }

  async fault(
    id: string,
    {
      level,
      process,
      action,
      kind,
      message,
    }: { level: number; process: number; action: string; kind: string; message: string },
  ): Promise<PropertyResult> {
    const base = {
      id,
      kind: 'fault' as const,
      vacuous: false,
      verdict: 'error' as const,
      reason: message,
      length: level,
    };
    const fault: Fault = { id, kind: kind as Fault['kind'], message };
    if (process < 0 || kind === 'impure') return base;
    const { engine } = this.graph;
    const is = (words: Int32Array, at: number): boolean => {
      for (const { learned } of engine.learnedAt(words, at))
        if (learned.faults.some((own) => own.id === id)) return true;
      return false;
    };
    try {
      const path = await shortestTrace(this.graph, { kind: 'state', level, is });
      const faulting = { process: this.machine.processes[process].name, action, fault };
      return {
        ...base,
        trace: {
          property: id,
          kind: 'fault',
          because: message,
          guilty: {},
          initial: path.initial,
          steps: path.steps,
          faulting,
        },
      };
    } catch (error) {
      if (error instanceof ReplayError) return base;
      throw error;
    }
  }
}
