/** Decides "leads to": pending states, then fair sets of them, then a lasso. Only on the whole graph. */
import type { MachineProperty } from '../language/index.js';
import type { Trace } from './result.js';
import type { Graph } from './graph.js';
import { Clock } from './clock.js';
import { Fairness } from './fairness.js';
import { FairLoops } from './fair-loops.js';
import { unfairness } from './fair-run.js';
import { Violation } from './lasso.js';
import { pendingStates } from './pending.js';
import { predicateOf } from './predicate.js';
import { ReplayError, replayed } from './trace.js';
import { GivenUp } from './way.js';

type LeadsTo = Extract<MachineProperty, { kind: 'leads-to' }>;

/** What was found: no counterexample (was anything ever asked for?), one (without a trace if there was no time), nothing. */
export type LeadsToFinding =
  | { readonly kind: 'held'; readonly asked: boolean }
  | { readonly kind: 'violated'; readonly trace: Trace | undefined }
  | { readonly kind: 'given-up'; readonly why: string };

/** Judges every instance; the counterexample is that of the instance whose loop is nearest. */
export async function decideLeadsTo(graph: Graph, property: LeadsTo): Promise<LeadsToFinding> {
  const clock = new Clock(graph.pause);
  const excused = property.excused && predicateOf(graph, property.excused);
  const fairness = new Fairness(graph);
  let asked = false;
  let worst: { violation: Violation; instance: LeadsTo['instances'][number] } | undefined;
  try {
    for (const instance of property.instances) {
      const [trigger, goal] = [predicateOf(graph, instance.trigger), predicateOf(graph, instance.goal)];
      const ends = excused ? (words: Int32Array, at: number) => goal(words, at) || excused(words, at) : goal;
      const pending = await pendingStates(graph, trigger, ends, clock);
      if (!pending) throw new GivenUp();
      asked ||= pending.asked;
      const loops = new FairLoops(graph, pending, fairness, clock);
      if (!(await loops.search())) throw new GivenUp();
      if (!loops.fair.includes(1)) continue;
      const violation = new Violation(graph, trigger, pending, loops, fairness, clock);
      if (!worst || violation.distance < worst.violation.distance) worst = { violation, instance };
    }
    if (!worst) return { kind: 'held', asked };
    return { kind: 'violated', trace: await traced(graph, property, worst.instance, worst.violation) };
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'given-up', why: `there is no memory for it: ${error.message}` };
    if (!(error instanceof GivenUp)) throw error;
    if (worst) return { kind: 'violated', trace: undefined };
    return { kind: 'given-up', why: 'interrupted while runs that never get there were searched' };
  }
}

/** The lasso, run against the spec itself. @throws ReplayError where the spec does not do as learned */
async function traced(
  graph: Graph,
  property: LeadsTo,
  { args, trigger, goal }: LeadsTo['instances'][number],
  violation: Violation,
): Promise<Trace> {
  const { initial, outcomes, asked, loop } = await violation.lasso();
  const steps = replayed(graph, initial, outcomes);
  const states = [initial, ...steps.map(({ state }) => state)];
  const unfair = unfairness(graph.machine, states.slice(loop), steps.slice(loop));
  if (unfair !== undefined) throw new ReplayError(`the loop was learned but is no fair run of the spec: ${unfair}`);
  const judged = states.slice(asked).map((state) => goal.judge((variable) => state[variable]));
  if (judged.includes('holds') || trigger.judge((variable) => states[asked][variable]) !== 'holds')
    throw new ReplayError('the property is not a pure function of what it reads');
  const last = judged[judged.length - 1];
  const because = typeof last === 'object' ? last.violated : '';
  return {
    property: property.id,
    kind: property.kind,
    because: `asked for ${asked === 0 ? 'in the initial state' : `after step ${asked}`}, and never there${because === '' ? '' : `: ${because}`}`,
    guilty: args,
    initial,
    steps,
    loop,
  };
}
