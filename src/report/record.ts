/** From a trace as the explorer found it to one that can be stored and printed without its model. */
import { Frame, IDLE, keyOf, type Machine, type Model, type Origin, type Sort } from '../language/index.js';
import type { Impasse } from '../explorer/impasse.js';
import type { Reading } from '../explorer/obstacles.js';
import type { Trace, TraceStep } from '../explorer/result.js';
import type { DroppedFinder } from './dropped.js';
import type { GuardFinder } from './guards.js';
import type {
  StoredImpasse,
  StoredOrigin,
  StoredReading,
  StoredStep,
  StoredTrace,
  StoredValue,
} from './stored-trace.js';
import { limits } from './trace-shape.js';
import { turnsOf } from './turns.js';

/** What a trace does not say of itself. */
export interface Setting {
  readonly tool: string;
  readonly model: Pick<Model, 'title'>;
  /** The user's file, or empty for a built-in model. */
  readonly file: string;
  /** Makes a source position short: relative to where the user is. */
  readonly place: (at: string) => string;
  readonly guard: GuardFinder;
  /** Where steps are missing that edits took out; absent: nobody knows. */
  readonly dropped?: DroppedFinder;
  /** What a guard of a step is for, where the model says. */
  readonly docOf?: (step: string, guard: string) => string;
}

/** Prints the changes, arguments and origins of every step of a trace. */
export function recordTrace(machine: Machine, trace: Trace, setting: Setting): StoredTrace {
  const property = machine.properties.find(({ id }) => id === trace.property);
  const states = [trace.initial, ...trace.steps.map(({ state }) => state)];
  const { faulting } = trace;
  const last = states[states.length - 1];
  const turns = turnsOf(machine, trace);
  return {
    tool: setting.tool,
    model: machine.model,
    title: cut(setting.model.title),
    file: setting.file,
    digest: machine.digest,
    scope: machine.scope,
    edits: machine.edits,
    denied: machine.denied,
    properties: machine.properties.map(({ id }) => id),
    property: {
      id: trace.property,
      kind: trace.kind,
      text: cut(property?.text ?? ''),
      source: cut(property?.source ?? ''),
    },
    because: cut(trace.because),
    guilty: trace.guilty,
    variables: machine.variables.map(({ name, kind }) => ({ name, kind })),
    initial: trace.initial.map((value, i) => store(machine, i, value)),
    steps: trace.steps.map((step, i) => recordStep(machine, states[i], step, setting)),
    loop: trace.loop ?? null,
    faulting: faulting
      ? {
          ...originOf(machine, last, faulting, setting),
          process: faulting.process,
          action: faulting.action,
          id: cut(faulting.fault.id),
          kind: faulting.fault.kind,
          message: cut(faulting.fault.message),
        }
      : null,
    ...(trace.impasse && { impasse: recordImpasse(machine, trace.impasse, setting) }),
    ...(turns && { turns }),
  };
}

function recordImpasse(machine: Machine, found: Impasse, { docOf }: Setting): StoredImpasse {
  const readings = (all: readonly Reading[]): StoredReading[] =>
    all.map(({ variable, values, stays, holders }) => {
      const { sort } = machine.variables[variable];
      return { variable, values: values.map((value) => cut(sort.print(value))), stays, holders };
    });
  const { states, cut: more, ends, goal, refusals, waits, aside, choices } = found;
  return {
    states,
    cut: more,
    ends,
    goal: readings(goal),
    refusals: refusals.map(({ guard, steps, processes, labels, reads, enough }) => ({
      guard,
      doc: cut(docOf?.(steps[0], guard) ?? ''),
      steps,
      processes,
      labels: labels.map(cut),
      reads: readings(reads),
      enough: enough ?? null,
    })),
    waits: waits.map((wait) => ({ ...wait, reads: readings(wait.reads) })),
    aside,
    choices,
  };
}

function recordStep(machine: Machine, before: readonly unknown[], step: TraceStep, setting: Setting): StoredStep {
  const { process, action, label, emits, state } = step;
  const changed = machine.variables
    .map((_, i) => i)
    .filter((i) => keyOf(machine.variables[i].sort, before[i]) !== keyOf(machine.variables[i].sort, state[i]));
  const frame = machine.processes.find(({ name }) => name === process)?.frame ?? -1;
  const next = frame < 0 ? '' : (state[frame] as Frame).pc;
  const missing = setting.dropped?.(process, action, before, next) ?? '';
  return {
    ...originOf(machine, before, step, setting),
    process,
    action,
    label: cut(label),
    args: frame < 0 ? {} : argumentsOf(machine, frame, next === IDLE ? before[frame] : state[frame]),
    next,
    emits: emits.map(({ name, args }) => ({
      name,
      args: Object.fromEntries(
        Object.entries(args).map(([key, value]) => [key, words(value, machine.events.get(name)?.[key])]),
      ),
    })),
    guard: setting.guard(process, action, before),
    ...(missing !== '' && { missing: cut(missing) }),
    changes: changed
      .filter((i) => machine.variables[i].kind !== 'frame')
      .flatMap((variable) =>
        machine.variables[variable].sort
          .diff(before[variable], state[variable])
          .map((part) => ({ variable, path: cut(part.path), before: cut(part.before), after: cut(part.after) })),
      ),
    writes: changed.map((variable) => ({ variable, value: store(machine, variable, state[variable]) })),
  };
}

/** The locals of a frame, printed: they are what distinguishes it from the idle one. Those of loops stay inside. */
function argumentsOf(machine: Machine, variable: number, frame: unknown): Record<string, string> {
  const { sort } = machine.variables[variable];
  return Object.fromEntries(
    sort
      .diff(new Frame(), frame)
      .map(({ path, after }): [string, string] => [path.slice(1), cut(after)])
      .filter(([name]) => name !== 'pc' && !name.startsWith('~')),
  );
}

function originOf(
  machine: Machine,
  before: readonly unknown[],
  step: { readonly process: string; readonly action: string },
  setting: Setting,
): StoredOrigin {
  const process = machine.processes.find(({ name }) => name === step.process);
  const frame = process && process.frame >= 0 ? before[process.frame] : undefined;
  const origin: Origin = process?.actions(frame).find(({ id }) => id === step.action)?.origin ?? {};
  const { fn = '', source = '', doc = '', at } = origin;
  return { fn: cut(fn), source: cut(source), doc: cut(doc), at: at === undefined ? '' : cut(setting.place(at)) };
}

function store(machine: Machine, variable: number, value: unknown): StoredValue {
  const { sort } = machine.variables[variable];
  return { encoded: sort.encode(value), printed: cut(sort.print(value)) };
}

/** A value that a step announced, in the words of its sort if the model says which it is. */
function words(value: unknown, sort: Sort<unknown> | undefined): string {
  if (sort && isOf(sort, value)) return cut(sort.print(value));
  return cut(
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? String(value)
      : (JSON.stringify(value) ?? String(value)).replace(/^"|"$/g, ''),
  );
}

function isOf(sort: Sort<unknown>, value: unknown): boolean {
  try {
    sort.encode(value);
    return true;
  } catch {
    return false;
  }
}

const cut = (text: string): string => (text.length > limits.text ? `${text.slice(0, limits.text - 1)}…` : text);
