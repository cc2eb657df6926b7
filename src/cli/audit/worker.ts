/** What runs in each thread of an audit: one edited model at a time, explored by this thread alone. */
import { build, describe, type Machine, type Model } from '../../language/index.js';
import { loadModel, meet, search, type MachineSource, type SearchResult } from '../../explorer/index.js';
import { coverageOf, droppedFinder, encodeTrace, guardFinder, recordTrace } from '../../report/index.js';
import { failure, impossible, outcomeOf, type Outcome } from '../../audit/outcome.js';
import type { AuditEdit } from '../../audit/edits.js';
import type { Reference } from '../../audit/reference.js';
import { WatchedMachine, type Shadow } from '../../audit/watched.js';
import { shortPlace, version } from '../package.js';

export { meet };

/** Limits of each search. */
export interface Limits {
  readonly maxStates: number;
  /** Bytes, of the whole process. */
  readonly maxMemory: number | undefined;
  /** Seconds. */
  readonly timeout: number | undefined;
}

/** What all searches of an audit have in common. */
export interface Task {
  readonly source: MachineSource;
  readonly limits: Limits;
  /** The user's file, or empty for a built-in model; and where they are. For traces. */
  readonly file: string;
  readonly cwd: string;
  /** Word 0: stop. Word 1 + `slot`: the states found so far. */
  readonly control: SharedArrayBuffer;
  readonly slot: number;
}

/** A search that was interrupted says nothing. */
export type Answer<T> = { readonly interrupted: true } | ({ readonly interrupted: false } & T);

/** A counterexample as the bytes of its file. */
export interface EncodedTrace {
  readonly property: string;
  readonly bytes: Uint8Array;
}

/** What exploring an edit gives. */
export interface Explored {
  readonly outcome: Outcome;
  readonly traces: readonly EncodedTrace[];
  /** Why traces are missing, or empty. */
  readonly lost: string;
}

/** Explores an edited model until the level of its first violation. */
export async function explore(task: Task & { readonly whole: boolean }): Promise<Answer<Explored>> {
  const none = { interrupted: false, traces: [], lost: '' } as const;
  const model = await loadModel(task.source);
  let machine: Machine;
  try {
    machine = build(model, task.source);
  } catch (error) {
    return { ...none, outcome: impossible(messageOf(error)) };
  }
  try {
    const result = await run(task, machine, !task.whole);
    if (result.incomplete?.why === 'interrupted') return { interrupted: true };
    return { interrupted: false, outcome: outcomeOf(result), ...tracesOf(task, model, result) };
  } catch (error) {
    return { ...none, outcome: failure(messageOf(error)) };
  }
}

/** What exploring the model without any edit gives: all of it, or why not. */
export type ReferenceFound =
  | { readonly reference: Omit<Reference, 'violated' | 'properties'>; readonly violated: readonly string[] }
  | { readonly incomplete: string }
  | { readonly wrong: string };

/** Explores the model without edits, and tries on the way which edits change nothing. */
export async function explorePlain(
  task: Task & { readonly edits: readonly AuditEdit[] },
): Promise<Answer<ReferenceFound>> {
  const model = await loadModel(task.source);
  const machine = build(model, task.source);
  const watched = new WatchedMachine(machine, shadowsOf(task, model));
  const result = await run(task, watched.machine, false);
  if (result.incomplete?.why === 'interrupted') return { interrupted: true };
  if (result.incomplete) return { interrupted: false, incomplete: result.incomplete.detail };
  const { faults, undecided, broken, states, transitions, depth, seconds } = outcomeOf(result);
  if (faults.length > 0) return { interrupted: false, wrong: faults.join('\n') };
  if (undecided.length > 0)
    return { interrupted: false, incomplete: undecided.map(({ id, reason }) => `${id}: ${reason}`).join('\n') };
  const { neverFired, neverRefused } = coverageOf(result, describe(model, task.source));
  const seen = { neverFired, neverRefused, sameGraph: watched.sameGraph(), watchers: watched.watchers() };
  const reference = { states, transitions, depth, seconds, ...seen };
  return { interrupted: false, reference, violated: broken.map(({ id }) => id) };
}

/** The edits that change one step alone: a guard that passes all, a rule that is not there. */
function shadowsOf({ source, edits }: Task & { readonly edits: readonly AuditEdit[] }, model: Model): Shadow[] {
  return edits.flatMap(({ kind, text, steps, rules }) => {
    if (kind !== 'pass' && !(kind === 'drop' && rules)) return [];
    try {
      return { text, step: steps[0], machine: build(model, { ...source, edits: [text] }) };
    } catch {
      // It is tried again, and its error told, in its own search.
      return [];
    }
  });
}

async function run(task: Task, machine: Machine, stopAtFirst: boolean): Promise<SearchResult> {
  const { limits, slot } = task;
  const control = new Int32Array(task.control);
  const stop = new AbortController();
  return search(machine, {
    ...limits,
    stopAtFirst,
    signal: stop.signal,
    onProgress: ({ states }) => {
      Atomics.store(control, 1 + slot, states);
      if (Atomics.load(control, 0) !== 0) stop.abort();
    },
  });
}

function tracesOf(
  { file, cwd, source }: Task,
  model: Model,
  { machine, properties }: SearchResult,
): Pick<Explored, 'traces' | 'lost'> {
  const broken = properties.flatMap(({ trace, further = [] }) => (trace ? [trace, ...further] : []));
  const traces: EncodedTrace[] = [];
  if (broken.length === 0) return { traces, lost: '' };
  const guard = guardFinder(machine, describe(model, source));
  const dropped = droppedFinder(machine, build(model, { scope: machine.scope, denied: machine.denied }));
  const setting = { tool: version, model, file, place: (at: string) => shortPlace(at, cwd), guard, dropped };
  try {
    for (const trace of broken)
      traces.push({ property: trace.property, bytes: encodeTrace(recordTrace(machine, trace, setting)) });
    return { traces, lost: '' };
  } catch (error) {
    return { traces, lost: messageOf(error) };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
