/** Which steps are marked: by what is in the record alone. */
import { expect, it } from 'vitest';
import { build, describe as parts } from '../../src/index.js';
import {
  decisiveSteps,
  decodeTrace,
  droppedFinder,
  encodeTrace,
  guardFinder,
  pageTrace,
  plainText,
  recordTrace,
  traceLines,
} from '../../src/report/index.js';
import { mailbox, race, raceTrace, storedRace } from './example.js';

it('marks the write without which the property would hold', () => {
  const trace = storedRace();
  expect(trace.turns).toEqual([{ step: 4, variable: trace.variables.findIndex(({ name }) => name === 'ring') }]);
  expect(decisiveSteps(trace)).toEqual([
    { step: 4, why: ['without this change of ring, no-overflow would hold at the end'] },
  ]);
});

it('does so after the file was read again, and leaves files of before alone', () => {
  const trace = storedRace();
  expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
  const { turns: _, ...old } = trace;
  expect(decodeTrace(encodeTrace(old))).toEqual(old);
  expect(decisiveSteps(old)).toEqual([]);
  expect(plainText(traceLines(old))).not.toContain('»');
});

it('refuses marks on steps and variables that there are not', () => {
  const trace = storedRace();
  for (const turn of [
    { step: 0, variable: 0 },
    { step: 5, variable: 0 },
    { step: 1, variable: 99 },
  ])
    expect(() => encodeTrace({ ...trace, turns: [turn] })).toThrow('trace.turns names a step or a variable');
});

it('marks failures, but not those that say "try again"', () => {
  const refused = storedRace([], [race[0], ['driver0', 'submit/lock/put'], ['driver1', 'submit/look', '-ENOSPC']]);
  expect(decisiveSteps(refused)).toEqual([{ step: 3, why: ['it fails: -ENOSPC'] }]);
  const again = { ...refused, steps: refused.steps.map((step) => ({ ...step, label: step.label && '-EAGAIN' })) };
  expect(decisiveSteps(again)).toEqual([]);
});

it('marks where a guard that an edit passes would refuse, and where a lock is left out', () => {
  const moves = [race[0], ['driver0', 'submit/lock/put'], ['driver1', 'submit/look'], race[3]] as const;
  const why = (edit: string) => decisiveSteps(storedRace([edit], moves.slice(0, 3)));
  expect(why('pass has-room')).toEqual([{ step: 3, why: ['the guard has-room would refuse here'] }]);
  const unlocked = decisiveSteps(storedRace(['unlock submit/lock']));
  expect(unlocked.map(({ step }) => step)).toEqual([3, 4]);
  expect(unlocked[0].why).toEqual(['an edit leaves out the lock that would be taken here']);
});

it('marks where a step is missing that an edit took out', () => {
  const record = (edit: string, moves: Parameters<typeof raceTrace>[1]) => {
    const machine = build(mailbox, { edits: [edit] });
    const setting = { tool: 'test', model: mailbox, file: '', place: (at: string) => at };
    const guard = guardFinder(machine, parts(mailbox));
    const dropped = droppedFinder(machine, build(mailbox));
    return recordTrace(machine, raceTrace(machine, moves), { ...setting, guard, dropped });
  };
  const first = record('drop submit/look', [race[2], race[3]]);
  expect(first.steps.map(({ missing }) => missing)).toEqual(['submit/look', 'submit/look']);
  const last = record('drop submit/lock/put', [race[0], race[1]]);
  expect(last.steps.map(({ missing }) => missing)).toEqual(['submit/lock/put', 'submit/lock/put']);
  expect(decisiveSteps(last)[0].why).toEqual(['an edit took submit/lock/put out, which belongs here']);
  expect(decodeTrace(encodeTrace(last))).toEqual(last);
});

it('marks the last writes of what stays as it is, for what can never come', () => {
  const { turns: _, ...trace } = storedRace();
  const ring = trace.variables.findIndex(({ name }) => name === 'ring');
  const reads = [{ variable: ring, values: ['full'], stays: true, holders: [] }];
  const refusal = {
    guard: 'has-room',
    doc: '',
    steps: ['submit/look'],
    processes: ['driver0'],
    labels: [],
    enough: null,
  };
  const nothing = { states: 1, cut: false, ends: 0, goal: [], waits: [], aside: [], choices: [] };
  const stuck = { ...trace, impasse: { ...nothing, refusals: [{ ...refusal, reads }] } };
  expect(decisiveSteps(stuck)).toEqual([
    { step: 4, why: ['ring stays so from here on, and the guard has-room looks at it'] },
  ]);
  const moving = { ...refusal, reads: [{ ...reads[0], stays: false }] };
  expect(decisiveSteps({ ...trace, impasse: { ...nothing, refusals: [moving] } })).toEqual([]);
});

it('shows the signs in the short form too, and says which steps they are at', () => {
  const text = plainText(traceLines(storedRace(), { compact: true }));
  expect(text).toContain('      4» driver1');
  expect(text).toContain('» this step decided it: 4');
});

it('counts from the first step that a page shows', () => {
  expect(pageTrace(storedRace(), [], { steps: 2, bytes: 1e6 }).decisive.map(({ step }) => step)).toEqual([2]);
});
