import { expect, it } from 'vitest';
import { combine, type ExitCode } from '../../src/cli/exit.js';
import { exitCodeOf, expectations, judge } from '../../src/cli/expected.js';
import type { ModelVerdict, PropertyVerdict, SearchResult } from '../../src/explorer/index.js';
import { mailbox } from '../report/example.js';

it.each<[number[], number]>([
  [[], 0],
  [[0, 0], 0],
  [[0, 3], 3],
  [[3, 1, 0], 1],
  [[0, 1, 2, 3], 2],
])('%j ends with %d', (codes, code) => {
  expect(combine(codes as ExitCode[])).toBe(code);
});

type Row = [
  verdicts: Record<string, PropertyVerdict>,
  expected: Record<string, 'holds' | 'violated'>,
  model: ModelVerdict,
  code: number,
];

it.each<Row>([
  [{ a: 'holds' }, {}, 'holds', 0],
  [{ a: 'violated' }, {}, 'violated', 1],
  [{ a: 'violated' }, { a: 'violated' }, 'violated', 0],
  [{ a: 'holds' }, { a: 'violated' }, 'holds', 1],
  [{ a: 'undecided' }, {}, 'incomplete', 3],
  [{ a: 'undecided' }, { a: 'violated' }, 'incomplete', 3],
  [{ a: 'violated', b: 'undecided' }, { a: 'violated' }, 'violated', 3],
  [{ a: 'violated', b: 'undecided' }, {}, 'violated', 1],
  [{ a: 'error', b: 'violated' }, {}, 'error', 2],
  [{ a: 'holds' }, {}, 'error', 2],
  [{}, {}, 'incomplete', 3],
])('%j where %j is expected, the model %s: exit %d', (verdicts, expected, verdict, code) => {
  const properties = Object.entries(verdicts).map(([id, own]) => ({
    id,
    kind: 'invariant',
    verdict: own,
    vacuous: false,
  }));
  const result = { verdict, properties, faults: [] } as unknown as SearchResult;
  expect(exitCodeOf(result, judge(result, new Map(Object.entries(expected))))).toBe(code);
});

it('expects everything to hold under an edit, and refuses to expect something of an unknown property', () => {
  const wrong = { ...mailbox, expected: () => ({ 'no-overflw': 'violated' as const }) };
  expect(() => expectations(wrong, { drivers: 2, size: 1 }, false)).toThrow('did you mean no-overflow?');
  const right = { ...mailbox, expected: () => ({ 'no-overflow': 'violated' as const }) };
  expect([...expectations(right, { drivers: 2, size: 1 }, false)]).toEqual([['no-overflow', 'violated']]);
  expect([...expectations(right, { drivers: 2, size: 1 }, true)]).toEqual([]);
});
