/**
 * Random walks through a machine whose graph is too large to be explored. They can break properties, and never prove one:
 * the verdict is `violated`, `error` or `incomplete`. The same seed walks the same way.
 */
import type { Fault, Machine } from '../language/index.js';
import type { Evidence } from './evidence.js';
import type { LockEdge } from './lock-order.js';
import type { ModelVerdict, PropertyResult } from './result.js';
import type { LearnedOutcome } from './learned.js';
import { Clock } from './clock.js';
import { Distinct, partOf } from './distinct.js';
import { Witnesses } from './witnesses.js';
import { judgeWalks } from './judge-walks.js';
import { lockEdges } from './lock-order.js';
import { randomOf } from './random.js';
import { Walker, type Choices } from './walker.js';

/** How long it walks. */
export interface SimulationOptions {
  readonly walks: number;
  /** Steps of each walk, at the most. */
  readonly steps: number;
  /** 0 to 2^53 - 1. */
  readonly seed: number;
  /** Seconds. */
  readonly timeout?: number;
  /** End with the walk that breaks a property. */
  readonly stopAtFirst?: boolean;
  readonly signal?: AbortSignal;
  onProgress?(progress: SimulationProgress): void;
}

/** What a simulation tells while it runs. */
export interface SimulationProgress {
  readonly walks: number;
  readonly steps: number;
  /** Distinct states, nearly. */
  readonly states: number;
  /** Of walking; what makes the findings shorter comes on top. */
  readonly seconds: number;
}

/** What walks found. */
export interface Simulation extends SimulationProgress {
  readonly machine: Machine;
  readonly verdict: Exclude<ModelVerdict, 'holds'>;
  /** Why nothing is proved, in words. */
  readonly incomplete: {
    readonly why: 'walks' | 'timeout' | 'interrupted' | 'stopped-at-first';
    readonly detail: string;
  };
  readonly seed: number;
  /** Walks that ended in a state without a step that changes it. */
  readonly deadlocks: number;
  /** Of the last steps (how many of them), how many led to states that no walk had met before. */
  readonly lately: { readonly steps: number; readonly fresh: number };
  readonly specCalls: number;
  readonly properties: readonly PropertyResult[];
  readonly faults: readonly Fault[];
  readonly locks: readonly LockEdge[];
  /** What was possible in the states that were met. */
  readonly seen: Evidence;
}

/** Steps that `lately` looks back. */
const LATELY = 10_000;

/** Walks, then makes what it found as short as it can. @throws ReplayError if the spec does not do as it did before */
export async function simulate(machine: Machine, options: SimulationOptions): Promise<Simulation> {
  return new Simulator(machine, options).result();
}

class Simulator {
  private readonly started = performance.now();
  private readonly walker: Walker;
  private readonly witnesses: Witnesses;
  private readonly states = new Distinct();
  private readonly fresh = new Uint8Array(LATELY);
  private walks = 0;
  private steps = 0;
  private deadlocks = 0;
  private readonly clock = new Clock(() => this.pause());
  private halt: Simulation['incomplete'] | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly options: SimulationOptions,
  ) {
    this.walker = new Walker(machine);
    this.witnesses = new Witnesses(this.walker);
  }

  async result(): Promise<Simulation> {
    const { machine, options, walker, witnesses } = this;
    const { walks } = options;
    while (this.walks < walks && !this.halt) {
      await this.walk(this.walks++);
      if (options.stopAtFirst && witnesses.broken)
        this.halt ??= {
          why: 'stopped-at-first',
          detail: `stopped after walk ${this.walks}, the first with a violation`,
        };
    }
    this.halt ??= {
      why: 'walks',
      detail: `${walks} random walks of up to ${options.steps} steps prove nothing`,
    };
    const walked = this.progress();
    const { seen, steps: specCalls } = walker.knowledge.calls;
    const properties = judgeWalks(walker, witnesses);
    const has = (verdict: PropertyResult['verdict']): boolean => properties.some((one) => one.verdict === verdict);
    const recent = Math.min(this.steps, LATELY);
    return {
      machine,
      verdict: has('error') ? 'error' : has('violated') ? 'violated' : 'incomplete',
      incomplete: this.halt,
      ...walked,
      seed: options.seed,
      deadlocks: this.deadlocks,
      lately: { steps: recent, fresh: this.fresh.subarray(0, recent).reduce((sum, one) => sum + one, 0) },
      specCalls,
      properties,
      faults: [...witnesses.faults.values()].map(({ fault }) => fault),
      locks: lockEdges(machine, seen),
      seen,
    };
  }

  private async walk(number: number): Promise<void> {
    const { walker, witnesses, options } = this;
    const random = randomOf(options.seed, number);
    const start = random(this.machine.initialStates.length);
    const outcomes: LearnedOutcome[] = [];
    walker.start(start);
    witnesses.open({ start, outcomes });
    let hash = this.hash();
    this.states.add(hash);
    for (;;) {
      const choices = walker.choices();
      witnesses.look(choices);
      if (choices.moves.length === 0) {
        this.deadlocks++;
        witnesses.stuck();
        return;
      }
      if (outcomes.length >= options.steps) return;
      const outcome = pick(choices, random);
      for (const { variable, from, to } of outcome.changes) hash ^= partOf(variable, from) ^ partOf(variable, to);
      walker.take(outcome);
      outcomes.push(outcome);
      witnesses.arrive(outcome);
      this.fresh[this.steps++ % LATELY] = this.states.add(hash) ? 1 : 0;
      if (this.clock.due() && (await this.clock.rest())) return;
    }
  }

  /** Lets timers and signals in. True: a limit was reached. */
  private async pause(): Promise<boolean> {
    await new Promise(setImmediate);
    const { timeout, signal, onProgress } = this.options;
    const progress = this.progress();
    onProgress?.(progress);
    if (signal?.aborted) this.halt = { why: 'interrupted', detail: 'it was interrupted' };
    else if (timeout !== undefined && progress.seconds > timeout)
      this.halt = { why: 'timeout', detail: `the time limit of ${timeout} s was reached` };
    return this.halt !== undefined;
  }

  private progress(): SimulationProgress {
    const seconds = (performance.now() - this.started) / 1000;
    return { walks: this.walks, steps: this.steps, states: this.states.size, seconds };
  }

  private hash(): number {
    const { layout, words } = this.walker;
    return this.machine.variables.reduce((hash, _, v) => hash ^ partOf(v, layout.code(words, 0, v)), 0);
  }
}

/** First who moves, then which of its steps, then how that comes out: each alike, however many choices the others have. */
function pick({ moves }: Choices, random: (below: number) => number): LearnedOutcome {
  const actions = moves[random(moves.length)];
  const outcomes = actions[random(actions.length)];
  return outcomes[random(outcomes.length)];
}
