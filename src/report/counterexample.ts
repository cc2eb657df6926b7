/** A stored trace as text: one step a line, below it only what changed, at the end the sentence that broke. */
import type { StoredOrigin, StoredStep, StoredTrace } from './stored-trace.js';
import { stateAfter } from './stored-trace.js';
import { changeLines } from './changes.js';
import { pad, pairs, plural, styled, widest, type Line, type Piece } from './lines.js';
import { History, argumentsOf, callWords, segmentsOf, type Segment } from './segments.js';
import { impasseRows } from './impasse.js';
import { decisiveSteps, type Decisive } from './decisive.js';
import { storyOf } from './story.js';

const MARGIN = '      ';

/** A guard of a step, as its model has it. */
export interface SeenGuard {
  readonly id: string;
  readonly doc: string;
  readonly source?: string;
}

/** How much of a trace is printed. */
export interface Detail {
  /** Neighbouring steps of one handler call (or of the hardware) on one line, with what they change together. */
  readonly compact?: boolean;
  /** Also documents, and all variables after each step. */
  readonly verbose?: {
    /** The guards of a step in their order, where the model is known. */
    readonly guardsOf: (process: string, action: string) => readonly SeenGuard[];
  };
}

/** The steps of a trace and its end. */
export function traceLines(trace: StoredTrace, { compact = false, verbose }: Detail = {}): Line[] {
  const actor = widest(
    trace.steps.map(({ process }) => process),
    16,
  );
  const lines: Line[] = [[styled('dim', '   0  initial state')]];
  const loopLine: Line = [MARGIN, styled('warn', `the loop starts here: ${loopWords(trace)}`)];
  const history = new History(trace);
  const decisive = new Map(decisiveSteps(trace).map((one) => [one.step, one]));
  if (compact) {
    for (const segment of segmentsOf(trace)) {
      if (segment.from - 1 === trace.loop) lines.push(loopLine);
      const marked = segment.steps.some((_, i) => decisive.has(segment.from + i));
      lines.push(...segmentLines(history, segment, actor, marked));
    }
  } else {
    trace.steps.forEach((step, i) => {
      if (i === trace.loop) lines.push(loopLine);
      lines.push(...stepLines(trace, step, i + 1, actor, decisive.get(i + 1)));
      if (verbose) lines.push(...verboseLines(history, i + 1, verbose.guardsOf(step.process, step.action)));
    });
  }
  if (trace.loop === trace.steps.length) lines.push([MARGIN, styled('warn', loopWords(trace))]);
  if (trace.faulting) {
    const { process, action, message } = trace.faulting;
    lines.push([
      styled('bad', '   ✗  '),
      styled('accent', pad(process, actor)),
      `  ${action}`,
      ...originPieces(trace.faulting),
    ]);
    lines.push([MARGIN, ' '.repeat(actor), '    ', styled('bad', message)]);
  }
  return [...lines, ...legend(decisive), [], ...endLines(trace, verbose !== undefined)];
}

/** What the sign in the margin means, and where it stands. */
function legend(decisive: ReadonlyMap<number, Decisive>): Line[] {
  if (decisive.size === 0) return [];
  const numbers = [...decisive.keys()];
  const shown = numbers.length > MARKED ? [...numbers.slice(0, MARKED), `${numbers.length - MARKED} more`] : numbers;
  const are = numbers.length > 1 ? 'these steps decided it' : 'this step decided it';
  return [[], ['    ', styled('accent', SIGN), ` ${are}: ${shown.join(', ')}`]];
}

/** Stands behind the number of a decisive step. */
const SIGN = '»';
/** So many of them are listed. */
const MARKED = 12;

/** The story of a trace as one paragraph behind its title; see {@link storyOf}. */
export const storyLine = (trace: StoredTrace, options: { brief?: boolean } = {}): Line => [
  '  ',
  styled('dim', pad('story', 10)),
  storyOf(trace, options).join(' '),
];

/** Of what stands in the way, so much is said at once. */
const IMPASSE = 6;

/** The sentence that is violated, with its id, the guilty instance, why, and what stands in the way (`all` of it). */
export function endLines(trace: StoredTrace, all = false): Line[] {
  const { id, text, kind, source } = trace.property;
  const after = plural(trace.steps.length, 'step');
  const head: Piece[] =
    kind === 'walk'
      ? [styled('bold', 'a walk by hand'), ` of ${plural(trace.steps.length, 'step')}: it is about no property`]
      : kind === 'reachable'
        ? [styled('good', `✓ ${id}`), ` reached after ${after}`]
        : [
            styled('bad', `✗ ${id}`),
            kind === 'fault'
              ? ` the model itself is at fault, after ${after}`
              : ` is violated after ${after}${trace.loop === null ? '' : `: ${loopWords(trace)}`}`,
          ];
  const lines: Line[] = [head];
  const add = (title: string, ...rest: Piece[]): void => void lines.push(['  ', styled('dim', pad(title, 9)), ...rest]);
  if (text !== '') add('must be', styled('bold', text));
  if (trace.because !== '') add('because', styled('bold', trace.because));
  const guilty = pairs(trace.guilty, ', ');
  if (guilty !== '') add('it is', guilty);
  if (source !== '') add('source', source);
  const rows = trace.impasse ? impasseRows(trace, trace.impasse) : [];
  for (const { title, text, remedy } of all ? rows : rows.slice(0, IMPASSE))
    add(title, text, ...(remedy === '' ? [] : ['; ', styled('bold', remedy)]));
  const left = all ? 0 : rows.length - IMPASSE;
  if (left > 0) add('', styled('dim', `${plural(left, 'more reason')}: see "show --verbose"`));
  return lines;
}

/** What happens for ever at the end of a trace. */
function loopWords({ loop, steps }: StoredTrace): string {
  const first = (loop ?? 0) + 1;
  if (first > steps.length) return 'nothing more has to happen: it may stay like this for ever';
  return first === steps.length ? `step ${first} again and again` : `steps ${first} to ${steps.length} again and again`;
}

/** The whole state after step `n`, one variable a line. */
export function stateLines(trace: StoredTrace, n: number): Line[] {
  const values = stateAfter(trace, n);
  const width = widest(
    trace.variables.map(({ name }) => name),
    40,
  );
  return [
    [styled('bold', n === 0 ? 'initial state' : `state after step ${n}`)],
    ...trace.variables.map(({ name }, i): Line => ['  ', styled('dim', pad(name, width)), `  ${values[i].printed}`]),
  ];
}

function stepLines(trace: StoredTrace, step: StoredStep, n: number, actor: number, decisive?: Decisive): Line[] {
  const inner = `${MARGIN}${' '.repeat(actor)}    `;
  const args = pairs(step.args);
  const head: Piece[] = [
    String(n).padStart(4),
    margin(decisive !== undefined),
    styled('accent', pad(step.process, actor)),
    '  ',
    styled('bold', step.action),
  ];
  if (args !== '') head.push(`  ${args}`);
  const lines: Line[] = [[...head, ...originPieces(step)]];
  for (const why of decisive?.why ?? []) lines.push([inner, styled('accent', SIGN), ` ${why}`]);
  lines.push(...changeLines(named(trace, step.changes), inner));
  for (const { name, args: said } of step.emits)
    lines.push([inner, styled('dim', `announces ${name}(${pairs(said, ', ')})`)]);
  if (step.guard) {
    const { id, doc, outcome } = step.guard;
    lines.push([
      inner,
      styled(
        'warn',
        outcome === 'refused' ? `guard ${id} refuses: ` : `guard ${id} would refuse, but an edit passes it: `,
      ),
      doc,
    ]);
  }
  return [...lines, ...resultLines(step, inner)];
}

const margin = (marked: boolean): Piece => (marked ? styled('accent', `${SIGN} `) : '  ');

const named = (trace: StoredTrace, changes: StoredStep['changes']) =>
  changes.map(({ variable, path, before, after }) => ({ name: trace.variables[variable].name + path, before, after }));

/** What the actor gets, and whether its handler is over. */
function resultLines({ label, next }: Pick<StoredStep, 'label' | 'next'>, inner: string): Line[] {
  const words = [next === 'idle' ? 'returns' : '', label].filter((part) => part !== '').join(' ');
  return words === '' ? [] : [[inner, styled(label.startsWith('-') ? 'warn' : 'dim', words)]];
}

/** Several steps as one: the call, from where to where it goes, and what they change together. */
function segmentLines(history: History, segment: Segment, actor: number, marked: boolean): Line[] {
  const { process, handler, from, to, steps } = segment;
  const last = steps[steps.length - 1];
  const inner = `${MARGIN}${' '.repeat(actor)}       `;
  const label = ({ action }: StoredStep): string => action.slice(action.lastIndexOf('/') + 1);
  const args = callWords(argumentsOf(history.trace, handler, steps));
  const call = handler === '' ? [] : [styled('bold', handler), args === '' ? '  ' : `(${args})  `];
  const error = steps.findLast((step) => step.label.startsWith('-'))?.label ?? last.label;
  return [
    [
      (from === to ? `${from}` : `${from}-${to}`).padStart(7),
      margin(marked),
      styled('accent', pad(process, actor)),
      '  ',
      ...call,
      styled('dim', from === to ? label(last) : `${label(steps[0])} … ${label(last)}`),
    ],
    ...changeLines(named(history.trace, history.net(from, to)), inner),
    ...resultLines({ label: error, next: last.next }, inner),
  ];
}

/** What else is known of step `n`: documents, the guards that it passed, and the variables that it left as they are. */
function verboseLines(history: History, n: number, guards: readonly SeenGuard[]): Line[] {
  const { trace } = history;
  const step = trace.steps[n - 1];
  const inner = `${MARGIN}    `;
  const lines: Line[] = [];
  const add = (title: string, text: string): void => {
    if (text !== '') lines.push([inner, styled('dim', pad(title, 8)), text]);
  };
  add('does', step.doc);
  add('source', step.source);
  const decided = step.guard === null ? guards.length : guards.findIndex(({ id }) => id === step.guard?.id);
  for (const { id, doc, source = '' } of guards.slice(0, decided))
    add('passes', `${id}: ${doc}${source === '' ? '' : `  (${source})`}`);
  if (step.guard && step.guard.source !== '') add('guard', `${step.guard.id}: ${step.guard.source}`);
  add('then at', step.next);
  const changed = new Set(step.changes.map(({ variable }) => variable));
  const rest = trace.variables.flatMap(({ name, kind }, i) =>
    changed.has(i) || kind === 'frame' ? [] : [{ name, i }],
  );
  const width = widest(
    rest.map(({ name }) => name),
    40,
  );
  const still = rest.map(({ name, i }): Line => [inner, styled('dim', `${pad(name, width)}  ${history.at(i, n)}`)]);
  return [...lines, ...still];
}

function originPieces({ fn, at }: StoredOrigin): Piece[] {
  const text = [functionName(fn), at].filter((part) => part !== '').join('  ');
  return text === '' ? [] : ['    ', styled('dim', text)];
}

/** A function's name with its parentheses; anything that says more stays as it is. */
export const functionName = (fn: string): string => (/^\w+$/.test(fn) ? `${fn}()` : fn);
