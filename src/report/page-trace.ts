/** A trace as the page shows it: printed values only, nothing in it that could deceive, and no longer than a page can be. */
import type { Encoded, MachineVariable } from '../language/index.js';
import type { StoredFault, StoredStep, StoredTrace } from './stored-trace.js';
import { decisiveSteps, type Decisive } from './decisive.js';
import { impasseRows, type ImpasseRow } from './impasse.js';
import { bytes, printable } from './lines.js';
import { TraceError } from './trace-file.js';

/** One transition, without what only a replay needs. Variables by their number in {@link PageTrace.variables}. */
export interface PageStep extends Omit<StoredStep, 'writes'> {
  /** The new printed value of each variable that changed, frames included. */
  readonly writes: readonly { readonly variable: number; readonly value: string }[];
  /** Locks that the actor holds from this step on. */
  readonly takes: readonly number[];
  /** Locks that are given back in this step, with who held them. */
  readonly frees: readonly Hold[];
}

/** A process holds a lock, which is a number of a variable. */
export interface Hold {
  readonly process: string;
  readonly lock: number;
}

/** What the page is given. Every text is fit to be shown: see {@link printable}. */
export interface PageTrace extends Pick<
  StoredTrace,
  'tool' | 'model' | 'title' | 'scope' | 'edits' | 'denied' | 'property' | 'because' | 'guilty' | 'loop'
> {
  /** `doc` says what a variable stands for, where the model says so. */
  readonly variables: readonly { readonly name: string; readonly kind: string; readonly doc: string }[];
  /** Value by variable before the first step. */
  readonly initial: readonly string[];
  readonly steps: readonly PageStep[];
  readonly faulting: StoredFault | null;
  /** So many first steps are left out, because the trace is too long for a page. */
  readonly skipped: number;
  /** Locks that are held before the first step that is shown. */
  readonly held: readonly Hold[];
  /** The steps that are marked, those that are shown; counted from the first that is shown. */
  readonly decisive: readonly Decisive[];
  /** What stands in the way behind the end; mostly nothing that is known. */
  readonly impasse: readonly ImpasseRow[];
}

/** What a page can hold and a browser still shows at once. */
export const pageLimits = { steps: 2000, bytes: 8 * 2 ** 20 } as const;

/**
 * The trace for a page: its last steps, where it is too long.
 * @param known what the model says of its variables, where the model is here: a trace does not keep it
 * @throws TraceError if even one step of it is too large
 */
export function pageTrace(
  trace: StoredTrace,
  known: readonly Pick<MachineVariable, 'name' | 'doc'>[] = [],
  limits: { steps: number; bytes: number } = pageLimits,
): PageTrace {
  const { tool, model, title, scope, edits, denied, property, because, guilty, loop, faulting } = trace;
  const docs = new Map(known.map(({ name, doc = '' }) => [name, doc]));
  const variables = trace.variables.map(({ name, kind }) => ({ name, kind, doc: docs.get(name) ?? '' }));
  const impasse = trace.impasse ? impasseRows(trace, trace.impasse) : [];
  const said = { property, because, guilty, variables, loop, faulting, impasse };
  const about = { tool, model, title, scope, edits, denied, ...said };
  const marked = decisiveSteps(trace);
  for (let most = limits.steps; most >= 1; most = Math.floor(most / 2)) {
    const last = lastSteps(trace, most);
    const decisive = marked.flatMap(({ step, why }) =>
      step > last.skipped ? [{ step: step - last.skipped, why }] : [],
    );
    const page = visible({ ...about, ...last, decisive });
    if (JSON.stringify(page).length <= limits.bytes) return page;
  }
  throw new TraceError(`one step of it is more than the ${bytes(limits.bytes)} that a page may have`);
}

function lastSteps(trace: StoredTrace, most: number): Pick<PageTrace, 'initial' | 'steps' | 'skipped' | 'held'> {
  const skipped = Math.max(0, trace.steps.length - most);
  const values = [...trace.initial];
  const held: Hold[] = [];
  const before = { initial: values.map(({ printed }) => printed), held: [] as readonly Hold[] };
  const steps = trace.steps.map(({ writes, ...step }, i): PageStep => {
    if (i === skipped) Object.assign(before, { initial: values.map(({ printed }) => printed), held: [...held] });
    const takes: number[] = [];
    const frees: Hold[] = [];
    for (const { variable, value } of writes) {
      const change = holders(value.encoded) - holders(values[variable].encoded);
      values[variable] = value;
      if (trace.variables[variable].kind !== 'lock' || change === 0) continue;
      if (change > 0) {
        takes.push(variable);
        held.push({ process: step.process, lock: variable });
        continue;
      }
      const own = held.findIndex(({ process, lock }) => lock === variable && process === step.process);
      const at = own >= 0 ? own : held.findIndex(({ lock }) => lock === variable);
      frees.push(...(at >= 0 ? held.splice(at, 1) : [{ process: step.process, lock: variable }]));
    }
    const shown = writes.map(({ variable, value }) => ({ variable, value: value.printed }));
    return { ...step, writes: shown, takes, frees };
  });
  return { ...before, skipped, steps: steps.slice(skipped) };
}

/** How many hold a lock: 0 free, 1 held, 1+n held by n readers. */
const holders = (encoded: Encoded): number => (typeof encoded !== 'number' ? 0 : encoded > 1 ? encoded - 1 : encoded);

/** Plain data with all its texts, names of fields included, as they may be shown. */
export function visible<T>(data: T): T {
  if (typeof data === 'string') return printable(data) as T;
  if (Array.isArray(data)) return data.map(visible) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [printable(name), visible(value)])) as T;
}
