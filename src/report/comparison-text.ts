/** A comparison as text: what is the same in one line, what differs in full. */
import type { Comparison, NamedStep, ProgramDifference, Verdict } from './comparison.js';
import { count, pad, plural, styled, widest, type Line, type Piece } from './lines.js';

/** Everything after the two sides' names. */
export function comparisonLines({ counts, properties, traces, programs }: Comparison): Line[] {
  const ids = widest(
    properties.map(({ id }) => id),
    40,
  );
  const differing = properties.filter(({ same }) => !same);
  const equal = properties.filter(({ same }) => same);
  const verdicts = properties.flatMap(({ a, b }) => [wordsOf(a), wordsOf(b)]);
  const numbers = counts.flatMap(({ a, b }) => [count(a), count(b)]);
  const width = widest(['A', ...verdicts, ...numbers], 40);
  const pair = (name: string, a: string, b: string): Line => [
    '  ',
    pad(name, Math.max(ids, 11)),
    '  ',
    pad(a, width),
    '  ',
    a === b ? b : styled('warn', b),
  ];
  return [
    ['  ', styled('dim', pad('', Math.max(ids, 11))), '  ', styled('bold', pad('A', width)), '  ', styled('bold', 'B')],
    ...counts.map(({ name, a, b }) => pair(name, count(a), count(b))),
    ...differing.map(({ id, a, b }) => pair(id, wordsOf(a), wordsOf(b))),
    ...sameLine(equal),
    ...(traces.length === 0 ? [] : [[], [styled('bold', 'shortest traces')]]),
    ...traces.flatMap(({ id, common, a, b }): Line[] => [
      ['  ', styled('accent', id), `  the first ${plural(common, 'step')} are the same, then`],
      ['    A  ', ...stepPieces(a, common)],
      ['    B  ', ...stepPieces(b, common)],
    ]),
    ...(programs.length === 0 ? [] : [[], [styled('bold', 'programs')]]),
    ...programs.flatMap(programLines),
  ];
}

function sameLine(equal: Comparison['properties']): Line[] {
  const by = new Map<string, string[]>();
  for (const { id, a } of equal) by.set(wordsOf(a), [...(by.get(wordsOf(a)) ?? []), id]);
  return [...by].map(([words, ids]) => ['  ', styled('dim', `on both sides: ${words}: ${ids.join(', ')}`)]);
}

const wordsOf = (verdict: Verdict): string =>
  verdict === null
    ? 'no such property'
    : `${verdict.verdict}${verdict.length === undefined ? '' : ` in ${plural(verdict.length, 'step')}`}`;

function stepPieces(step: NamedStep | null, common: number): Piece[] {
  if (!step) return [styled('dim', `has ended after ${plural(common, 'step')}`)];
  return [`${common + 1}  `, styled('accent', step.process), `  ${step.action}`, styled('dim', `  ${step.label}`)];
}

function programLines({ handler, onlyA, onlyB, changed, reordered }: ProgramDifference): Line[] {
  const rows = (mark: string, style: 'bad' | 'good' | 'warn', all: readonly string[]): Line[] =>
    all.map((row) => ['    ', styled(style, mark), `  ${row}`]);
  return [
    ['  ', styled('accent', handler), styled('dim', reordered ? '  in another order' : '')],
    ...rows('only A ', 'bad', onlyA),
    ...rows('only B ', 'good', onlyB),
    ...rows('changed', 'warn', changed),
  ];
}
