import { expect, it } from 'vitest';
import { build } from '../../src/index.js';
import { replayTrace } from '../../src/report/index.js';
import { mailbox, race, storedRace } from './example.js';

const trace = storedRace();

it('goes through and finds the violation again', () => {
  expect(replayTrace(build(mailbox), trace)).toEqual({
    kind: 'through',
    standing: { kind: 'violated', because: '2 requests are in it', guilty: {} },
  });
});

it('says the first step that is not possible any more, and what is', () => {
  const replayed = replayTrace(build(mailbox, { edits: ['drop submit/look'] }), trace);
  expect(replayed).toMatchObject({ kind: 'deviates', step: 1 });
  expect(replayed).toHaveProperty('why', "driver0 can't take submit/look now: it can take submit/lock/put");
});

it('says where a step leads elsewhere, or ends with another label', () => {
  const elsewhere = { ...trace, steps: trace.steps.map((step, i) => (i === 2 ? { ...step, writes: [] } : step)) };
  expect(replayTrace(build(mailbox), elsewhere)).toMatchObject({ kind: 'deviates', step: 3 });
  const label = { ...trace, steps: trace.steps.map((step, i) => (i === 1 ? { ...step, label: '-EPERM' } : step)) };
  expect(replayTrace(build(mailbox), label)).toMatchObject({ kind: 'deviates', step: 2 });
});

it('says that the path is there and the violation is not', () => {
  const short = storedRace([], race.slice(0, 3));
  expect(replayTrace(build(mailbox), short)).toMatchObject({ kind: 'through', standing: { kind: 'gone' } });
});

it('judges wedge freedom by looking on', () => {
  const wedge = { ...trace, property: { ...trace.property, id: 'no-wedge', kind: 'wedge-free' } };
  expect(replayTrace(build(mailbox), wedge)).toMatchObject({
    standing: { kind: 'gone', because: 'there is a way back' },
  });
});

it('has no initial state like that in another scope', () => {
  const other = { ...trace, initial: trace.initial.map((value) => ({ ...value, encoded: 'x' })) };
  expect(replayTrace(build(mailbox), other)).toMatchObject({ kind: 'deviates', step: 0 });
});
