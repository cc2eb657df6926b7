/** Random walks: what they find is real, what they do not find proves nothing, and a seed walks one way. */
import { expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { search, simulate } from '../../src/explorer/index.js';
import { Distinct } from '../../src/explorer/distinct.js';
import { randomOf, scramble } from '../../src/explorer/random.js';
import { bool, build, describe as parts, handler, model, next } from '../../src/index.js';
import { guardFinder, recordTrace, replayTrace } from '../../src/report/index.js';
import { naiveSearch } from '../oracle/naive.js';
import { mailbox } from '../report/example.js';
import { named } from '../spec/observe.js';

const models = builtin.flatMap((file) => file.models);
const few = { walks: 30, steps: 200, seed: 1 };

/** Two tasks that take two locks in two orders. */
const crossed = model({
  name: 'crossed',
  title: '',
  scope: {},
  build(m) {
    const locks = [m.lock('a'), m.lock('b')];
    for (const [first, second] of [locks, [...locks].reverse()])
      m.process(`task ${first.name}`, [
        handler('nest', {}, (h) => [
          h.locked('first', () => first, [
            h.step('between', { run: () => next() }),
            h.locked('second', () => second, [h.step('work', { run: () => next() })]),
          ]),
        ]),
      ]);
    m.lockOrder('order', { text: 'locks are ordered' });
    m.deadlockFree('moves', { text: 'somebody can always move' });
  },
});

it.each([
  ['mailbox', mailbox, {}, undefined],
  ['SC-01', named(models, 'SC-01'), { pages: 1, iovas: 1 }, 'without unmap_pages/wait-for-CMD_SYNC'],
  ['SC-06/no-gbpa-check', named(models, 'SC-06/no-gbpa-check'), { pages: 1, cpus: 1 }, undefined],
  ['crossed locks', crossed, {}, undefined],
])('finds in %s what a search finds, with traces that replay', async (_, own, scope, edit) => {
  const edits = edit === undefined ? [] : [edit];
  const machine = build(own, { scope, edits });
  const walked = await simulate(machine, few);
  const searched = await search(build(own, { scope, edits }));
  const shortest = new Map(searched.properties.map(({ id, verdict, length }) => [id, { verdict, length }]));
  const broken = walked.properties.filter(({ verdict }) => verdict === 'violated');
  expect(walked.verdict).toBe('violated');
  expect(broken.length).toBeGreaterThan(0);
  for (const { id, length, trace, further = [] } of broken) {
    expect(shortest.get(id)?.verdict, id).toBe('violated');
    expect(length, id).toBeGreaterThanOrEqual(shortest.get(id)!.length!);
    for (const one of [trace!, ...further]) {
      const setting = { tool: 'test', model: own, file: '', place: (at: string) => at };
      const stored = recordTrace(machine, one, { ...setting, guard: guardFinder(machine, parts(own, { scope })) });
      expect(replayTrace(machine, stored), id).toMatchObject({ kind: 'through', standing: { kind: 'violated' } });
    }
  }
});

it('never says that a property holds, and says what it does not decide', async () => {
  const { verdict, properties, incomplete, states } = await simulate(build(mailbox, { scope: { drivers: 1 } }), few);
  expect(verdict).toBe('incomplete');
  expect(incomplete.why).toBe('walks');
  expect(properties).toMatchObject([
    { id: 'no-overflow', verdict: 'undecided', reason: 'no walk broke it' },
    { id: 'no-wedge', verdict: 'undecided', reason: expect.stringContaining('whole graph') as string },
  ]);
  // A small graph is walked to its end: the count of states by hashes is then the real one.
  expect(states).toBe(naiveSearch(build(mailbox, { scope: { drivers: 1 } }), 1000).states);
});

it('walks the same way for the same seed, and another way for another', async () => {
  const run = async (seed: number) => {
    const machine = build(named(models, 'SC-01'), { scope: { pages: 2 } });
    const { states, steps, lately, specCalls } = await simulate(machine, { walks: 5, steps: 200, seed });
    return { states, steps, lately, specCalls };
  };
  const first = await run(7);
  expect(await run(7)).toEqual(first);
  expect(await run(8)).not.toEqual(first);
});

const breaking = (run: () => never) =>
  model({
    name: 'breaks',
    title: 'a step goes wrong',
    scope: {},
    build(m) {
      const seen = m.variable('seen', bool, false);
      m.process('cpu', [
        handler('go', {}, (h) => [
          h.step('look', { writes: () => ({ seen }), run: () => next({ seen: true }) }),
          h.step('break', { writes: () => ({ seen }), run }),
        ]),
      ]);
      m.reachable('goal', { text: 'it was seen', reads: () => ({ seen }), holds: (s) => s.seen });
      m.deadlockFree('moves', { text: 'somebody can always move' });
    },
  });

it('a step that throws is an error, with a trace; a goal that was reached holds', async () => {
  const throws = breaking(() => {
    throw new Error('no');
  });
  const { verdict, faults, properties } = await simulate(build(throws), few);
  expect(verdict).toBe('error');
  expect(faults).toMatchObject([{ id: 'fault:go/break:throw' }]);
  expect(properties).toMatchObject([
    { id: 'goal', verdict: 'holds', length: 1 },
    // Whoever stands before a broken step can't move: that is a deadlock too, as a search says.
    { id: 'moves', verdict: (await search(build(throws))).properties[1].verdict },
    { id: 'fault:go/break:throw', verdict: 'error', length: 1, trace: { faulting: { action: 'go/break' } } },
  ]);
});

it('ends at a limit: the first violation, or when it is told to', async () => {
  const machine = build(named(models, 'SC-01/upstream'), { scope: { pages: 1 } });
  const first = await simulate(machine, { walks: 1000, steps: 300, seed: 1, stopAtFirst: true });
  expect(first.incomplete.why).toBe('stopped-at-first');
  expect(first.walks).toBeLessThan(1000);
  const signal = AbortSignal.abort();
  const stopped = await simulate(build(mailbox), { walks: 1e9, steps: 1000, seed: 1, signal });
  expect(stopped.incomplete.why).toBe('interrupted');
});

it('counts distinct hashes nearly, in fixed memory', () => {
  const states = new Distinct();
  const n = 300_000;
  for (let round = 0; round < 2; round++) for (let i = 0; i < n; i++) states.add(scramble(i));
  expect(Math.abs(states.size - n) / n).toBeLessThan(0.001);
});

it('draws numbers evenly, in range, other ones for each walk', () => {
  const draw = (walk: number) => {
    const random = randomOf(1, walk);
    return Array.from({ length: 6000 }, () => random(6));
  };
  const counts = draw(0).reduce((sums, n) => (sums[n]++, sums), new Array<number>(6).fill(0));
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect(draw(1)).not.toEqual(draw(0));
});
