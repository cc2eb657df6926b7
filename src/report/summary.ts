/** What a search found, as text: the verdict first, what was searched, each property, and what it all rests on. */
import type { Machine, Model } from '../language/index.js';
import type { PropertyResult, SearchResult } from '../explorer/result.js';
import {
  bytes,
  count,
  duration,
  pad,
  pairs,
  plural,
  styled,
  widest,
  type Line,
  type Piece,
  type Style,
} from './lines.js';

/** How a property's verdict compares with what the model expects. */
export interface Judged {
  readonly result: PropertyResult;
  readonly expected: 'holds' | 'violated';
  readonly asExpected: boolean;
}

/** What a summary needs of a result: a search has it, and so have random walks. */
export type Found = Pick<SearchResult, 'machine' | 'verdict' | 'states'> & {
  readonly incomplete?: { readonly detail: string };
};

/** What a summary says besides the result. */
export interface Report<R extends Found = Found> {
  readonly model: Pick<Model, 'title'>;
  readonly result: R;
  readonly judged: readonly Judged[];
  /** Sentences by property id. */
  readonly sentences: ReadonlyMap<string, string>;
}

const marks: Readonly<Record<string, readonly [string, Style]>> = {
  holds: ['✓', 'good'],
  violated: ['✗', 'bad'],
  undecided: ['?', 'warn'],
  incomplete: ['?', 'warn'],
  error: ['!', 'bad'],
};

/** A line of a summary. */
export const row = (title: string, ...rest: Piece[]): Line => ['  ', styled('dim', pad(title, 10)), ...rest];

/** Name and verdict. */
export function verdictLines({ model, result, judged }: Report): Line[] {
  const { verdict, machine } = result;
  const [mark, style] = marks[verdict];
  const real = judged.filter((one) => one.result.kind !== 'fault');
  const of = (kind: PropertyResult['verdict']): number => real.filter((one) => one.result.verdict === kind).length;
  const all = properties(real.length);
  const undecided = of('undecided') > 0 ? `, ${of('undecided')} undecided` : '';
  const words: Readonly<Record<SearchResult['verdict'], string>> = {
    holds: `${all} in all ${plural(result.states, 'reachable state')}`,
    violated: `${of('violated')} of ${all}${undecided}`,
    incomplete: `${result.incomplete?.detail ?? `${of('undecided')} of ${all} undecided`}; no property is violated so far`,
    error: `${plural(judged.filter((one) => one.result.verdict === 'error').length, 'finding')} about the model itself, to be mended first; ${of('violated')} of ${all} violated${undecided}`,
  };
  const surprise = judged.some(
    ({ asExpected, result: own }) => !asExpected && own.verdict !== 'undecided' && own.verdict !== 'error',
  );
  const expected = verdict === 'violated' && !surprise ? '  (as expected)' : surprise ? '  (not as expected)' : '';
  return [
    [styled('bold', machine.model), `  ${model.title}`],
    [styled(style, `${mark} ${verdict}`), '  ', words[verdict], styled(surprise ? 'bad' : 'dim', expected)],
  ];
}

/** Everything after the verdict and the counterexample. `searched` are the lines about how much was looked at. */
export function summaryLines({ result, judged, sentences }: Report, searched: readonly Line[]): Line[] {
  const { machine } = result;
  const { adversary, ...rest } = machine.scope as Record<string, unknown>;
  const lines: Line[] = [row('scope', pairs(rest) || 'none')];
  if (adversary !== undefined) lines.push(row('adversary', String(adversary)));
  machine.edits.forEach((edit, i) => lines.push(row(i === 0 ? 'edits' : '', styled('warn', edit))));
  const [denied, ledger] = [true, false].map((gone) =>
    machine.assumptions.filter(({ id }) => machine.denied.includes(id) === gone),
  );
  lines.push(...assumptionLines('denied', denied, 'warn'), ...searched);
  const width = widest(
    judged.map((one) => one.result.id),
    40,
  );
  for (const one of judged) lines.push(propertyLine(one, width, sentences.get(one.result.id) ?? ''));
  lines.push(...warningLines(judged, machine));
  lines.push(...assumptionLines('rests on', ledger));
  return lines;
}

function assumptionLines(title: string, assumptions: Machine['assumptions'], style?: Style): Line[] {
  const width = widest(
    assumptions.map(({ id }) => id),
    20,
  );
  return assumptions.map(({ id, text }, i) => {
    const name = pad(id, width);
    return row(i === 0 ? title : '', style ? styled(style, name) : name, '  ', text);
  });
}

/** How much a search looked at, and what that took. */
export function searchedLines(result: SearchResult): Line[] {
  const { states, transitions, depth, deadlocks, incomplete, workers, seconds, bytesPerState, specCalls } = result;
  const extent = incomplete ? `not complete (${incomplete.why})` : 'complete';
  // Of a few states, the memory is that of the program.
  const size = states < 10_000 ? '' : `${bytes(bytesPerState)} a state, `;
  const dead = deadlocks > 0 ? `, ${plural(deadlocks, 'deadlock')}` : '';
  return [
    row(
      'searched',
      `${plural(states, 'state')}, ${plural(transitions, 'transition')}, depth ${count(depth)}${dead}, exact, `,
      styled(incomplete ? 'warn' : 'dim', extent),
    ),
    row(
      'took',
      `${duration(seconds)}, ${plural(workers, 'worker')}, ${size}spec code called ${plural(specCalls, 'time')}`,
    ),
  ];
}

function propertyLine(judged: Judged, width: number, sentence: string): Line {
  const { result, asExpected } = judged;
  const [mark, style] = marks[result.verdict];
  const { found, expectation } = verdictWords(judged);
  return [
    '  ',
    styled(style, `${mark} `),
    pad(result.id, width),
    '  ',
    styled(style, found),
    styled(asExpected ? 'dim' : 'bad', expectation === '' ? '' : ` ${expectation}`),
    sentence === '' ? '' : styled('dim', `  ${sentence}`),
  ];
}

/** What was found of a property, and how that stands to what was expected: `violated in 3 steps`, `(as expected)`. */
export function verdictWords({ result, expected, asExpected }: Judged): { found: string; expectation: string } {
  const length = result.length === undefined ? '' : ` in ${plural(result.length, 'step')}`;
  const words: Readonly<Record<PropertyResult['verdict'], string>> = {
    holds: result.kind === 'reachable' ? `reached${length}` : 'holds',
    violated: result.kind === 'reachable' ? 'never reached' : `violated${length}${loopOf(result)}`,
    undecided: `undecided${result.reason === undefined ? '' : `: ${result.reason}`}`,
    error: `error${length}${result.reason === undefined ? '' : `: ${result.reason}`}`,
  };
  const expectation =
    result.verdict === 'undecided' || result.verdict === 'error' || (asExpected && expected === 'holds')
      ? ''
      : asExpected
        ? '(as expected)'
        : `(expected: ${expected})`;
  return { found: words[result.verdict], expectation };
}

function loopOf({ trace }: PropertyResult): string {
  if (trace?.loop === undefined) return '';
  return trace.loop === trace.steps.length ? ', and stays there' : `, a loop from step ${trace.loop + 1} on`;
}

function warningLines(judged: readonly Judged[], machine: Machine): Line[] {
  const lines: Line[] = [];
  const warn = (text: string): void => void lines.push(row('warning', styled('warn', text)));
  for (const { result } of judged) {
    if (result.vacuous && result.verdict === 'holds' && result.kind !== 'reachable') {
      warn(`${result.id} says nothing here: its condition was true in no state searched (vacuous)`);
    }
    if (result.verdict === 'violated' && result.kind !== 'reachable' && !result.trace) {
      warn(`${result.id}: there was no time left to find its trace; --stop-at-first finds one sooner`);
    }
    if (machine.edits.length > 0 && result.trace?.faulting?.fault.kind === 'unset') {
      warn(
        `${result.id}: the edit makes the program meaningless (it reads a local that nothing sets); this is no attack`,
      );
    }
  }
  if (judged.length === 0) warn('no property was checked');
  return lines;
}

const properties = (n: number): string => `${count(n)} ${n === 1 ? 'property' : 'properties'}`;
