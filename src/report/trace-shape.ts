/** The exact shape of a trace, and its limits. */
import type { Encoded } from '../language/index.js';
import { stateAfter, type StoredImpasse, type StoredReading, type StoredTrace } from './stored-trace.js';
import {
  ShapeError,
  absentMeans,
  bool,
  dictionary,
  listOf,
  natural,
  nullable,
  object,
  oneOf,
  scalar,
  text,
  type Reader,
} from './validate.js';

/** The limits of a trace: far above what a person would read, far below what would hurt. */
export const limits = {
  /** Bytes of a file. */
  file: 64 * 2 ** 20,
  text: 16_384,
  variables: 65_536,
  steps: 100_000,
  /** Elements of one list or fields of one object. */
  many: 65_536,
  /** Nesting of an encoded value. */
  depth: 64,
} as const;

const word = text(limits.text);
const words = dictionary(word, 1000);

const encoded: Reader<Encoded> = (value, place) => encodedAt(value, place, limits.depth);

function encodedAt(value: unknown, place: string, depth: number): Encoded {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.length <= limits.text) return value;
  if (!Array.isArray(value)) throw new ShapeError(`${place} is not an encoded value`);
  if (depth === 0) throw new ShapeError(`${place} is nested too deeply`);
  if (value.length > limits.many) throw new ShapeError(`${place} has more than ${limits.many} elements`);
  return value.map((part) => encodedAt(part, place, depth - 1));
}

const stored = object({ encoded, printed: word });
const reading = object<StoredReading>({
  variable: natural(limits.variables),
  values: listOf(word, 100),
  stays: bool,
  holders: listOf(text(1000), 1000),
});
const readings = listOf(reading, limits.variables);
const names = listOf(word, 1000);
const count = natural(Number.MAX_SAFE_INTEGER);
const at = oneOf('idle', 'program', 'rule');
const about = { process: text(1000), action: word };

const impasse: Reader<StoredImpasse> = object<StoredImpasse>({
  states: count,
  cut: bool,
  ends: count,
  goal: readings,
  refusals: listOf(
    object<StoredImpasse['refusals'][number]>({
      guard: word,
      doc: word,
      steps: names,
      processes: names,
      labels: names,
      reads: readings,
      enough: nullable(bool),
    }),
    1000,
  ),
  waits: listOf(
    object<StoredImpasse['waits'][number]>({ process: text(1000), steps: names, at, reads: readings }),
    1000,
  ),
  aside: listOf(object<StoredImpasse['aside'][number]>({ ...about, at, enabled: count }), 1000),
  choices: listOf(
    object<StoredImpasse['choices'][number]>({ ...about, step: natural(limits.steps), why: oneOf('may', 'otherwise') }),
    limits.steps,
  ),
});

const origin = { fn: word, at: word, source: word, doc: word };

const shape: Reader<StoredTrace> = object<StoredTrace>({
  tool: text(100),
  model: text(1000),
  title: word,
  file: word,
  digest: text(200),
  scope: dictionary(scalar, 1000),
  edits: listOf(word, 1000),
  denied: listOf(text(1000), 1000),
  properties: listOf(text(1000), 10_000),
  property: object({ id: text(1000), kind: text(100), text: word, source: word }),
  because: word,
  guilty: words,
  variables: listOf(object({ name: text(1000), kind: text(100) }), limits.variables),
  initial: listOf(stored, limits.variables),
  steps: listOf(
    object<StoredTrace['steps'][number]>({
      ...origin,
      process: text(1000),
      action: word,
      label: word,
      args: words,
      next: word,
      emits: listOf(object({ name: text(1000), args: words }), 1000),
      guard: nullable(object({ id: word, doc: word, source: word, outcome: oneOf('refused', 'passed by an edit') })),
      missing: absentMeans(undefined, word),
      changes: listOf(
        object({ variable: natural(limits.variables), path: word, before: word, after: word }),
        limits.many,
      ),
      writes: listOf(object({ variable: natural(limits.variables), value: stored }), limits.many),
    }),
    limits.steps,
  ),
  loop: absentMeans(null, nullable(natural(limits.steps))),
  faulting: nullable(object({ ...origin, process: text(1000), action: word, id: word, kind: word, message: word })),
  impasse: absentMeans(undefined, impasse),
  turns: absentMeans(
    undefined,
    listOf(object({ step: natural(limits.steps), variable: natural(limits.variables) }), limits.variables),
  ),
});

/** A trace from unknown data, checked in full. @throws ShapeError naming the place */
export function readTrace(value: unknown): StoredTrace {
  const trace = shape(value, 'trace');
  const variables = trace.variables.length;
  if (trace.initial.length !== variables) throw new ShapeError('trace.initial has not one value for each variable');
  trace.steps.forEach(({ changes, writes }, i) => {
    if ([...changes, ...writes].some(({ variable }) => variable >= variables)) {
      throw new ShapeError(`trace.steps[${i}] names a variable that there is not`);
    }
  });
  if (trace.impasse) checkImpasse(trace.impasse, trace);
  if (trace.turns?.some(({ step, variable }) => step < 1 || step > trace.steps.length || variable >= variables))
    throw new ShapeError('trace.turns names a step or a variable that there is not');
  if (trace.loop !== null) checkLoop(trace, trace.loop);
  return trace;
}

/** It must speak of variables and steps that there are. */
function checkImpasse({ goal, refusals, waits, choices }: StoredImpasse, { variables, steps }: StoredTrace): void {
  const all = [goal, ...[...refusals, ...waits].map(({ reads }) => reads)].flat();
  if (all.some(({ variable }) => variable >= variables.length))
    throw new ShapeError('trace.impasse names a variable that there is not');
  if (choices.some(({ step }) => step < 1 || step > steps.length))
    throw new ShapeError('trace.impasse names a step that there is not');
}

/** A loop must come back to where it starts. */
function checkLoop(trace: StoredTrace, loop: number): void {
  if (loop > trace.steps.length) throw new ShapeError(`trace.loop is not one of its ${trace.steps.length} steps`);
  const [from, to] = [stateAfter(trace, loop), stateAfter(trace, trace.steps.length)];
  if (from.some(({ encoded: own }, i) => JSON.stringify(own) !== JSON.stringify(to[i].encoded)))
    throw new ShapeError('trace.loop does not come back to the state that it starts from');
}
