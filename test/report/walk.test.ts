/** Walks by hand: what can be done, what holds, and what becomes of a walk that is kept. */
import { describe, expect, it } from 'vitest';
import { build, describe as parts, fail, handler, int, model, next } from '../../src/index.js';
import {
  Walker,
  WalkError,
  decodeTrace,
  encodeTrace,
  guardFinder,
  plainText,
  replayTrace,
  traceLines,
  type PageWalk,
} from '../../src/report/index.js';
import { mailbox } from './example.js';

function walkerOf(one = mailbox, edits: readonly string[] = []) {
  const machine = build(one, { edits });
  const guard = guardFinder(machine, parts(one));
  const walker = new Walker(machine, { tool: 'test', model: one, file: '', place: (at) => at, guard });
  /** The moves that take these steps, each the first of its name. */
  const moves = (...steps: readonly (readonly [string, string])[]): number[] =>
    steps.reduce<number[]>((taken, [process, action]) => {
      const found = walker.walk({ start: 0, moves: taken }).next.find(({ step }) => step.process === process && step.action === action); // prettier-ignore
      if (!found) throw new Error(`${process} can't take ${action}`);
      return [...taken, found.number];
    }, []);
  return { machine, walker, moves };
}

const race = [
  ['driver0', 'submit/look'],
  ['driver1', 'submit/look'],
  ['driver0', 'submit/lock/put'],
  ['driver1', 'submit/lock/put'],
] as const;

const standing = ({ properties }: PageWalk, id: string) => properties.find((property) => property.id === id);

describe('a walk', () => {
  it('offers the steps of each actor with their outcomes', () => {
    const { walker, moves } = walkerOf();
    const { next, actors, trace } = walker.walk({ start: 0, moves: moves(...race.slice(0, 3)) });
    expect(trace.steps.map(({ process }) => process)).toEqual(['driver0', 'driver1', 'driver0']);
    expect(next.map(({ step: { process, action, label } }) => [process, action, label].join(' ').trim())).toEqual([
      'driver0 submit/look -ENOSPC',
      'driver1 submit/lock/put',
      'device device/take',
    ]);
    expect(next[1].step.changes).toEqual([{ variable: 0, path: '', before: '⟨driver0⟩', after: '⟨driver0, driver1⟩' }]);
    expect(actors.find(({ process }) => process === 'driver1')).toEqual({
      process: 'driver1',
      hardware: false,
      place: 'submit/lock/put',
      holds: [],
    });
  });

  it('says what holds, what is broken and since when, and what one state can not say', () => {
    const { walker, moves } = walkerOf();
    const all = moves(...race);
    expect(standing(walker.walk({ start: 0, moves: all.slice(0, 3) }), 'no-overflow')).toMatchObject({
      standing: 'holds',
      after: [],
    });
    const broken = walker.walk({ start: 0, moves: all });
    expect(standing(broken, 'no-overflow')).toMatchObject({
      standing: 'broken',
      because: '2 requests are in it',
      after: [4],
    });
    expect(standing(broken, 'no-wedge')).toMatchObject({ standing: 'open', because: expect.stringContaining('check') });
  });

  it('can be taken back and taken another way', () => {
    const { walker, moves } = walkerOf();
    const all = moves(...race);
    walker.walk({ start: 0, moves: all });
    expect(walker.walk({ start: 0, moves: all.slice(0, 1) }).trace.steps).toHaveLength(1);
    const other = moves(['driver1', 'submit/look'], ['driver1', 'submit/lock/put']);
    expect(walker.walk({ start: 0, moves: other }).trace.steps.map(({ process }) => process)).toEqual([
      'driver1',
      'driver1',
    ]);
    expect(walker.walk({ start: 0, moves: all }).trace.steps).toHaveLength(4);
  });

  it('refuses moves and beginnings that there are not', () => {
    const { walker } = walkerOf();
    expect(() => walker.walk({ start: 0, moves: [99] })).toThrow(/after step 0 there are \d+ moves: number 99/);
    expect(() => walker.walk({ start: 1, moves: [] })).toThrow(WalkError);
  });
});

describe('a walk that is kept', () => {
  it('is a counterexample that replays', () => {
    const { walker, machine, moves } = walkerOf();
    const trace = decodeTrace(encodeTrace(walker.record({ start: 0, moves: moves(...race) }, 'no-overflow')));
    expect(trace.property).toMatchObject({ id: 'no-overflow', kind: 'invariant' });
    expect(replayTrace(machine, trace)).toMatchObject({ kind: 'through', standing: { kind: 'violated' } });
  });

  it('is a mere walk where nothing is broken', () => {
    const { walker, machine, moves } = walkerOf();
    const all = moves(...race.slice(0, 3));
    const trace = decodeTrace(encodeTrace(walker.record({ start: 0, moves: all }, null)));
    expect(plainText(traceLines(trace))).toContain('a walk by hand of 3 steps: it is about no property');
    expect(replayTrace(machine, trace)).toEqual({ kind: 'walked' });
    expect(() => walker.record({ start: 0, moves: all }, 'no-overflow')).toThrow(
      'no-overflow is not broken at the end of this walk',
    );
    const changed = build(mailbox, { edits: ['drop submit/lock/put'] });
    expect(replayTrace(changed, trace)).toMatchObject({ kind: 'deviates' });
  });

  it('ends with the step that can not be taken', () => {
    const throwing = model({
      name: 'throwing',
      title: 'a step that throws',
      scope: { n: int(1, 1, 1, 'n') },
      build(m) {
        m.process('cpu', [
          handler('run', {}, (h) => [
            h.step('first', { run: () => next() }),
            h.step('second', {
              guards: [{ id: 'g', doc: 'never', test: () => { throw new Error('it broke'); }, else: fail('EIO') }], // prettier-ignore
            }),
          ]),
        ]);
      },
    });
    const { walker, machine, moves } = walkerOf(throwing);
    const first = moves(['cpu', 'run/first']);
    const { faults } = walker.walk({ start: 0, moves: first });
    expect(faults).toMatchObject([
      { process: 'cpu', action: 'run/second', message: expect.stringContaining('it broke') },
    ]);
    const trace = walker.record({ start: 0, moves: first }, faults[0].id);
    expect(trace).toMatchObject({ property: { kind: 'fault' }, faulting: { action: 'run/second' } });
    expect(replayTrace(machine, trace)).toMatchObject({ kind: 'through', standing: { kind: 'violated' } });
  });
});
