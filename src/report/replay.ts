/** A stored trace against the model as it is now, step by step, to the first deviation. */
import { execute, type Offer } from '../explorer/execute.js';
import type { Encoded, Machine } from '../language/index.js';
import type { StoredTrace, StoredValue } from './stored-trace.js';
import { stateAfter } from './stored-trace.js';
import { judgeEnd, type Point, type Standing } from './judge.js';

/** What a replay found. */
export type Replayed =
  /** It goes another way from this step on (0: there is no such initial state). */
  | { readonly kind: 'deviates'; readonly step: number; readonly why: string }
  /** It goes through; what became of the property at its end. */
  | { readonly kind: 'through'; readonly standing: Standing }
  /** It goes through; it was taken by hand and is about no property. */
  | { readonly kind: 'walked' };

/** Variables that only one of both knows make a path ambiguous: so many readings of it are followed. */
const READINGS = 256;

/** Follows the trace; the machine is the model's as it is now, in the trace's scope and with its edits. */
export function replayTrace(machine: Machine, trace: StoredTrace): Replayed {
  const common = commonVariables(machine, trace);
  const initial = stateAfter(trace, 0);
  let points: Point[] = machine.initialStates
    .filter((state) => agrees(machine, common, state, initial))
    .map((state) => ({ state }));
  if (points.length === 0) {
    const start = machine.initialStates[0];
    return {
      kind: 'deviates',
      step: 0,
      why: `there is no such initial state${start ? `: ${firstDifference(machine, trace, common, start, initial)}` : ''}`,
    };
  }
  for (const [i, step] of trace.steps.entries()) {
    const wanted = stateAfter(trace, i + 1);
    const offered = points.flatMap((point) =>
      execute(machine, point.state).offers.map((offer) => ({ state: offer.state, offer, from: { point, offer } })),
    );
    const same = offered.filter(({ offer }) => offer.process === step.process && offer.action === step.action);
    const said = same.filter(({ offer }) => offer.outcome.label === step.label);
    points = said.filter(({ state }) => agrees(machine, common, state, wanted)).slice(0, READINGS);
    if (points.length > 0) continue;
    const deviates = (why: string): Replayed => ({ kind: 'deviates', step: i + 1, why });
    if (same.length === 0)
      return deviates(`${step.process} can't take ${step.action} now${alternatives(offered, step.process)}`);
    if (said.length === 0) {
      const labels = [...new Set(same.map(({ offer }) => offer.outcome.label || 'no label'))].join(' or ');
      return deviates(
        `${step.process} ${step.action} now ends with ${labels}, and in the trace with ${step.label || 'no label'}`,
      );
    }
    return deviates(
      `${step.process} ${step.action} now leads elsewhere: ${firstDifference(machine, trace, common, said[0].state, wanted)}`,
    );
  }
  if (trace.property.kind === 'walk') return { kind: 'walked' };
  return { kind: 'through', standing: standing(machine, trace, points) };
}

/** Variables that the trace has and the machine has not, and the other way round. */
export function variableChanges(machine: Machine, trace: StoredTrace): { gone: string[]; added: string[] } {
  const had = new Set(trace.variables.map(({ name }) => name));
  const has = new Set(machine.variables.map(({ name }) => name));
  return { gone: [...had].filter((name) => !has.has(name)), added: [...has].filter((name) => !had.has(name)) };
}

function standing(machine: Machine, trace: StoredTrace, points: readonly Point[]): Standing {
  if (trace.faulting) {
    const { id } = trace.faulting;
    const again = points.flatMap(({ state }) => execute(machine, state).faults).find(({ fault }) => fault.id === id);
    return again
      ? { kind: 'violated', because: again.fault.message }
      : { kind: 'gone', because: 'the step no longer fails there' };
  }
  const property = machine.properties.find(({ id }) => id === trace.property.id);
  if (!property) return { kind: 'gone', because: `the model has no property ${trace.property.id} any more` };
  const judged = points.map((point) => judgeEnd(machine, property, point, trace));
  return judged.find(({ kind }) => kind === 'violated') ?? judged.find(({ kind }) => kind === 'undecided') ?? judged[0];
}

/** Pairs of numbers of one variable: in the machine, in the trace. */
type Common = readonly (readonly [number, number])[];

function commonVariables(machine: Machine, trace: StoredTrace): Common {
  const numbers = new Map(trace.variables.map(({ name }, i) => [name, i]));
  return machine.variables.flatMap(({ name }, i) => {
    const other = numbers.get(name);
    return other === undefined ? [] : [[i, other] as const];
  });
}

const equal = (a: Encoded, b: Encoded): boolean => JSON.stringify(a) === JSON.stringify(b);

function agrees(machine: Machine, common: Common, state: readonly unknown[], wanted: readonly StoredValue[]): boolean {
  return common.every(([own, other]) => equal(machine.variables[own].sort.encode(state[own]), wanted[other].encoded));
}

function firstDifference(
  machine: Machine,
  trace: StoredTrace,
  common: Common,
  state: readonly unknown[],
  wanted: readonly StoredValue[],
): string {
  for (const [own, other] of common) {
    const { sort } = machine.variables[own];
    if (equal(sort.encode(state[own]), wanted[other].encoded)) continue;
    return `${trace.variables[other].name} is ${sort.print(state[own])}, and ${wanted[other].printed} in the trace`;
  }
  return 'it differs';
}

function alternatives(offered: readonly { offer: Offer }[], process: string): string {
  const others = [
    ...new Set(offered.filter(({ offer }) => offer.process === process).map(({ offer }) => offer.action)),
  ];
  if (others.length === 0) return `: ${process} can do nothing there`;
  return `: it can take ${others.slice(0, 5).join(', ')}${others.length > 5 ? `, and ${others.length - 5} more` : ''}`;
}
