import { expect, it } from 'vitest';
import { bytes, duration, plainText, printable, stateLines, traceLines } from '../../src/report/index.js';
import { race, storedRace } from './example.js';

it('prints a counterexample: actors, steps, sources, only what changed, and the sentence', () => {
  const text = plainText(traceLines(storedRace())).replace(/example\.ts:\d+/g, 'example.ts:N');
  expect(text).toBe(
    [
      '   0  initial state',
      '   1  driver0  submit/look    ring_has_room()  example.ts:N',
      '   2  driver1  submit/look    ring_has_room()  example.ts:N',
      '   3  driver0  submit/lock/put    example.ts:N',
      '                 ring  ⟨⟩ → ⟨driver0⟩',
      '                 announces put(me=0)',
      '                 returns',
      '   4» driver1  submit/lock/put    example.ts:N',
      '                 » without this change of ring, no-overflow would hold at the end',
      '                 ring  ⟨driver0⟩ → ⟨driver0, driver1⟩',
      '                 announces put(me=1)',
      '                 returns',
      '',
      '    » this step decided it: 4',
      '',
      '✗ no-overflow is violated after 4 steps',
      '  must be  the ring never holds more than it has entries',
      '  because  2 requests are in it',
    ].join('\n'),
  );
});

it('names the guard that refused, and the one that an edit passed', () => {
  const refused = storedRace([], [race[0], ['driver0', 'submit/lock/put'], ['driver1', 'submit/look', '-ENOSPC']]);
  expect(refused.steps.map(({ guard }) => guard?.id)).toEqual([undefined, undefined, 'has-room']);
  expect(plainText(traceLines(refused))).toContain('guard has-room refuses: the ring is not full');
  expect(plainText(traceLines(refused))).toContain('returns -ENOSPC');
  const passed = storedRace(['pass has-room'], [race[0], ['driver0', 'submit/lock/put'], ['driver1', 'submit/look']]);
  expect(plainText(traceLines(passed))).toContain('guard has-room would refuse, but an edit passes it');
});

it('prints the whole state after a step', () => {
  expect(plainText(stateLines(storedRace(), 3))).toContain('ring       ⟨driver0⟩');
  expect(plainText(stateLines(storedRace(), 0))).toContain('ring       ⟨⟩');
});

it('escapes what could deceive a terminal or its reader', () => {
  expect(printable('\x1b[2J\u009b\x07\x7f')).toBe('\\u{1b}[2J\\u{9b}\\u{7}\\u{7f}');
  expect(printable('a\u202eb\u2066c\u200b\u2028\ufeff\u{e0041}')).toBe(
    'a\\u{202e}b\\u{2066}c\\u{200b}\\u{2028}\\u{feff}\\u{e0041}',
  );
  expect(printable('\ud800')).toBe('\\u{d800}');
  expect(printable('two\nlines\tand tab')).toBe('two\\nlines\\tand tab');
  expect(printable('⟨p0⟩ → größer 页 🙂')).toBe('⟨p0⟩ → größer 页 🙂');
});

it('escapes every text of a trace', () => {
  const evil = '\x1b[31m\u202e';
  const base = storedRace();
  const trace = {
    ...base,
    because: evil,
    guilty: { [evil]: evil },
    property: { id: evil, kind: 'invariant', text: evil, source: evil },
    variables: base.variables.map(({ kind }) => ({ name: evil, kind })),
    steps: base.steps.map((step) => ({
      ...step,
      ...{ process: evil, action: evil, label: evil, fn: evil, at: evil, next: evil, args: { [evil]: evil } },
      emits: [{ name: evil, args: { [evil]: evil } }],
      guard: { id: evil, doc: evil, source: evil, outcome: 'refused' as const },
      changes: step.changes.map((change) => ({ ...change, path: evil, before: evil, after: evil })),
    })),
  };
  // eslint-disable-next-line no-control-regex -- that is what must not be there
  expect(plainText([...traceLines(trace), ...stateLines(trace, 1)])).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

it('prints amounts', () => {
  expect([0, 999, 1000, 123456, 5e9].map(bytes)).toEqual(['0 B', '999 B', '1.0 kB', '123 kB', '5.0 GB']);
  expect([0.0123, 1, 119, 125, 7260].map(duration)).toEqual(['12 ms', '1.0 s', '119.0 s', '2 min 5 s', '2 h 1 min']);
});
