/** What the diagram of a trace draws: lanes, spans of handlers and locks, stretches. */
import { describe, expect, it } from 'vitest';
import { draw, lockLetter, type Cell } from '../../src/page/lanes.js';
import { nearestStep, stepWords, stretches, valuesAfter, writesOf } from '../../src/page/values.js';
import { pageTrace, type StoredTrace } from '../../src/report/index.js';
import { storedRace } from '../report/example.js';

/** Steps `[actor, place after it, variable, encoded, printed]`: two CPUs, a device without a frame, two locks. */
type Step = readonly [string, string, ...(readonly [variable: number, encoded: number, printed: string])[]];

const names = ['lockA', 'lockB', 'data', 'cpu0', 'cpu1'];
const kinds = ['lock', 'lock', 'shared', 'frame', 'frame'];

function traceOf(...steps: readonly Step[]): StoredTrace {
  const origin = { fn: '', at: '', source: '', doc: '' };
  return {
    ...storedRace(),
    variables: names.map((name, i) => ({ name, kind: kinds[i] })),
    initial: ['free', 'free', '0', 'idle', 'idle'].map((printed) => ({ encoded: 0, printed })),
    loop: null,
    steps: steps.map(([process, next, ...writes], i) => ({
      ...origin,
      process,
      next,
      action: `${process === 'dev' ? 'dev' : 'run'}/s${i}`,
      label: next === 'idle' ? '-EBUSY' : '',
      args: {},
      emits: [],
      guard: null,
      changes: [],
      writes: writes.map(([variable, encoded, printed]) => ({ variable, value: { encoded, printed } })),
    })),
  };
}

const both = traceOf(
  ['cpu0', 'run/s1', [0, 1, 'held'], [2, 1, '1']],
  ['cpu1', 'run/s2', [1, 2, 'held by 1 reader']],
  ['cpu0', 'run/s3', [1, 3, 'held by 2 readers']],
  ['dev', '', [2, 2, '2']],
  ['cpu0', 'idle', [0, 0, 'free'], [1, 2, 'held by 1 reader']],
  ['cpu1', 'idle', [1, 0, 'free']],
);

/** `s`tart, `i`nside, `e`nd, `w`hole of the handler, then of each lock with its slot. */
const sign = ({ handler, locks }: Cell): string =>
  (handler?.[0] ?? '-') + locks.map(({ lock, slot, part }) => ` ${names[lock]}${slot}${part[0]}`).join('');

describe('lanes', () => {
  it('span handlers and locks, readers each their own', () => {
    const { lanes, rows, locks } = draw(pageTrace(both));
    expect(lanes).toEqual([
      { process: 'cpu0', hardware: false, slots: 2 },
      { process: 'cpu1', hardware: false, slots: 1 },
      { process: 'dev', hardware: true, slots: 0 },
    ]);
    expect(rows.map((row) => row.map(sign))).toEqual([
      ['s lockA0s', '-', '-'],
      ['i lockA0i', 's lockB0s', '-'],
      ['i lockA0i lockB1s', 'i lockB0i', '-'],
      ['i lockA0i lockB1i', 'i lockB0i', '-'],
      ['e lockA0e lockB1e', 'i lockB0i', '-'],
      ['-', 'e lockB0e', '-'],
    ]);
    expect(locks).toEqual([0, 1]);
  });

  it('go on where the first steps are left out', () => {
    const page = pageTrace(both, [], { steps: 2, bytes: 1e6 });
    expect(page.skipped).toBe(4);
    expect(page.held).toEqual([
      { process: 'cpu0', lock: 0 },
      { process: 'cpu1', lock: 1 },
      { process: 'cpu0', lock: 1 },
    ]);
    expect(page.initial).toEqual(['held', 'held by 2 readers', '2', 'idle', 'idle']);
    expect(draw(page).rows.map((row) => row.map(sign))).toEqual([
      ['w lockA0e lockB1e', '- lockB0i'],
      ['-', 'w lockB0e'],
    ]);
  });

  it('end a lock where somebody else gives it back', () => {
    const { rows } = draw(pageTrace(traceOf(['cpu0', 'run/s1', [0, 1, 'held']], ['cpu1', 'idle', [0, 0, 'free']])));
    expect(rows.map((row) => row.map(sign))).toEqual([
      ['s lockA0s', '-'],
      ['i lockA0e', 'w'],
    ]);
  });

  it('give every lock a letter', () => {
    const locks = Array.from({ length: 30 }, (_, i) => i);
    expect([0, 25, 26, 29].map((lock) => lockLetter(locks, lock))).toEqual(['A', 'Z', 'A2', 'D2']);
  });
});

describe('stretches', () => {
  it('say who did what, one after the other', () => {
    const words = stretches(pageTrace(both)).map(({ process, what, from, to, continues, unfinished, result }) =>
      [process, what, `${from}-${to}`, continues && 'on', unfinished && '...', result].filter(Boolean).join(' '),
    );
    expect(words).toEqual([
      'cpu0 run 1-1 ...',
      'cpu1 run 2-2 ...',
      'cpu0 run 3-3 on ...',
      'dev s3 4-4',
      'cpu0 run 5-5 on -EBUSY',
      'cpu1 run 6-6 on -EBUSY',
    ]);
  });

  it('are one for each run of a handler', () => {
    const twice = traceOf(['cpu0', 'run/s1'], ['cpu0', 'idle'], ['cpu0', 'run/s1'], ['cpu0', 'idle']);
    expect(stretches(pageTrace(twice)).map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

describe('values', () => {
  const page = pageTrace(both);
  it('are those after so many steps', () => {
    expect(valuesAfter(page, 0)[2]).toBe('0');
    expect(valuesAfter(page, 3)[2]).toBe('1');
    expect(valuesAfter(page, 6)).toEqual(['free', 'free', '2', 'idle', 'idle']);
  });

  it('lead from write to write', () => {
    expect(writesOf(page, 2)).toEqual([1, 4]);
    expect(nearestStep([1, 4], 1, 1)).toBe(4);
    expect(nearestStep([1, 4], 4, 1)).toBeUndefined();
    expect(nearestStep([1, 4], 3, -1)).toBe(1);
    expect(nearestStep([1, 4], 1, -1)).toBeUndefined();
  });

  it('are told in words', () => {
    const race = pageTrace(storedRace());
    expect(stepWords(race, 0)).toBe('Initial state');
    expect(stepWords(race, 4)).toBe(
      'Step 4 of 4: driver1, submit, lock, put. changes ring from ⟨driver0⟩ to ⟨driver0, driver1⟩. returns. ' +
        'Decisive: without this change of ring, no-overflow would hold at the end',
    );
  });
});
