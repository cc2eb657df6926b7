/** What stands in the way behind the end of a trace, on models small enough to see. */
import { describe, expect, it } from 'vitest';
import {
  block,
  bool,
  build,
  fail,
  handler,
  model,
  next,
  range,
  rule,
  type Builder,
  type Model,
} from '../../src/index.js';
import { impasseOf, search, type Impasse, type ImpasseOptions, type Trace } from '../../src/explorer/index.js';

const of = (declare: (m: Builder) => void): Model => model({ name: 'test', title: 'test', scope: {}, build: declare });

/** The impasse of the first violated property, with names for numbers. */
async function found(declare: (m: Builder) => void, options: ImpasseOptions = {}) {
  const own = of(declare);
  const machine = build(own);
  const { properties } = await search(machine);
  const { trace } = properties.find(({ verdict }) => verdict === 'violated')!;
  const without = (guards: readonly string[]) => build(own, { edits: guards.map((guard) => `pass ${guard}`) });
  const impasse = (await impasseOf(machine, trace as Trace, { without, ...options }))!;
  const named = (reads: Impasse['goal']) =>
    reads.map(({ variable, values, stays, holders }) => [machine.variables[variable].name, values, stays, holders]);
  return { impasse, named, machine, trace };
}

/**
 * A shop that once closed can't be opened again: `open` wants it to be new, `repair` wants a tool, which nobody has. The clock
 * goes on, so nothing ever stands still.
 */
function shop(m: Builder): void {
  const state = m.variable('state', range(0, 2), 0);
  const tool = m.variable('tool', bool, false);
  const time = m.variable('time', range(0, 3), 0);
  const guarded = (name: string, id: string, test: (s: { state: number; tool: boolean }) => boolean, to: number) =>
    handler(name, {}, (h) => [
      h.step('do', {
        atomic: 'a test',
        reads: () => ({ tool }),
        writes: () => ({ state }),
        guards: [{ id, doc: `it is ${id}`, test, else: fail('EBUSY') }],
        run: () => next({ state: to }),
      }),
    ]);
  m.process('keeper', [
    guarded('open', 'new', (s) => s.state === 0, 1),
    guarded('close', 'opened', (s) => s.state === 1, 2),
    guarded('repair', 'tooled', (s) => s.tool, 2),
  ]);
  m.hardware('clock', [rule('tick', { writes: () => ({ time }), run: (s) => next({ time: (s.time + 1) % 4 }) })]);
  m.alwaysPossible('P', {
    text: 'it can be open',
    by: ['keeper', 'clock'],
    reads: () => ({ state }),
    holds: (s) => s.state === 1,
  });
}

describe('behind a violated "always possible"', () => {
  it('names the checks that always refuse, why, and which of them would be enough', async () => {
    const { impasse, named } = await found(shop);
    expect(impasse).toMatchObject({ states: 4, cut: false, ends: 0, waits: [], aside: [], choices: [] });
    expect(named(impasse.goal)).toEqual([['state', [2], true, []]]);
    const told = impasse.refusals.map(({ guard, steps, processes, labels, reads, enough }) => ({ guard, steps, processes, labels, reads: named(reads), enough })); // prettier-ignore
    const about = { processes: ['keeper'], labels: ['-EBUSY'] };
    expect(told).toEqual([
      { ...about, guard: 'new', steps: ['open/do'], reads: [['state', [2], true, []]], enough: true },
      { ...about, guard: 'opened', steps: ['close/do'], reads: [['state', [2], true, []]], enough: false },
      { ...about, guard: 'tooled', steps: ['repair/do'], reads: [['tool', [false], true, []]], enough: false },
    ]);
  });

  it('says nothing but that, where there are too many states', async () => {
    const { impasse } = await found(shop, { most: 3 });
    expect(impasse).toEqual({
      states: 3,
      cut: true,
      ends: 0,
      goal: [],
      refusals: [],
      waits: [],
      aside: [],
      choices: [],
    });
    // Enough to look at them all, and for the first guard to be tried.
    const { impasse: tight } = await found(shop, { most: 4 });
    expect(tight.refusals.filter(({ enough }) => enough === undefined).length).toBeGreaterThan(0);
    expect(tight.cut).toBe(false);
  });

  it('leaves out a check that passes somewhere, and says which values were seen', async () => {
    const { impasse, named } = await found((m) => {
      const x = m.variable('x', range(0, 3), 0);
      m.process('p', [
        handler('go', {}, (h) => [
          h.step('first', {
            writes: () => ({ x }),
            guards: [{ id: 'low', doc: '', test: (s) => s.x < 2, else: fail('EAGAIN') }],
            run: (s) => next({ x: s.x + 1 }),
          }),
        ]),
        handler('end', {}, (h) => [
          h.step('look', {
            reads: () => ({ x }),
            guards: [{ id: 'three', doc: '', test: (s) => s.x === 3, else: fail('EINVAL') }],
          }),
        ]),
      ]);
      m.alwaysPossible('P', { text: 'x gets 3', by: ['p'], reads: () => ({ x }), holds: (s) => s.x === 3 });
    });
    expect(impasse.refusals.map(({ guard }) => guard)).toEqual(['three']);
    expect(named(impasse.refusals[0].reads)).toEqual([['x', [0, 1, 2], false, []]]);
    expect(impasse.refusals[0].enough).toBe(false);
  });

  it('counts only who helps, and tells the same twice', async () => {
    const alone = (m: Builder): void => {
      const x = m.variable('x', range(0, 2), 0);
      const to = (name: string, from: number, x1: number) =>
        rule(name, { writes: () => ({ x }), run: (s) => (s.x === from ? next({ x: x1 }) : block) });
      m.hardware('a', [to('break', 0, 1)]);
      m.hardware('b', [to('repair', 1, 0)]);
      m.alwaysPossible('P', { text: 'x is 0', by: ['a'], reads: () => ({ x }), holds: (s) => s.x === 0 });
    };
    const { impasse, named, machine, trace } = await found(alone);
    expect(impasse).toMatchObject({ states: 1, ends: 1 });
    expect(impasse.waits.map(({ process, steps, at, reads }) => [process, steps, at, named(reads)])).toEqual([
      ['a', ['a/break'], 'rule', [['x', [1], true, []]]],
    ]);
    expect(await impasseOf(machine, trace!)).toEqual(impasse);
  });
});

describe('behind a wedge', () => {
  it('says who waits where, for what, and who holds it', async () => {
    const { impasse, named } = await found((m) => {
      const [a, b] = [m.lock('a'), m.lock('b')];
      const both = (name: string, first: typeof a, second: typeof a) =>
        handler(name, {}, (h) => [
          h.locked('first', () => first, [h.step('hold', {}), h.locked('second', () => second, [h.step('work', {})])]),
        ]);
      m.process('p', [both('ab', a, b)]);
      m.process('q', [both('ba', b, a)]);
      m.wedgeFree('P', { text: 'nobody gets stuck' });
    });
    expect(impasse).toMatchObject({ states: 1, ends: 1, refusals: [] });
    expect(impasse.waits.map(({ process, steps, at, reads }) => [process, steps, at, named(reads)])).toEqual([
      ['p', ['ab/first/second/work'], 'program', [['b', [1], true, ['q']]]],
      ['q', ['ba/first/second/work'], 'program', [['a', [1], true, ['p']]]],
    ]);
  });
});

describe('around a loop', () => {
  it('names the steps that could end otherwise, and those that nobody has to take', async () => {
    const { impasse, trace } = await found((m) => {
      const x = m.variable('x', range(0, 2), 0);
      m.hardware('p', [
        rule('try', {
          writes: () => ({ x }),
          run: (s) => (s.x === 0 ? [next({ x: 1 }), next({ x: 2 })] : block),
        }),
        rule('again', { writes: () => ({ x }), run: (s) => (s.x === 1 ? next({ x: 0 }) : block) }),
      ]);
      m.hardware('q', [
        rule('help', { fair: 'none', writes: () => ({ x }), run: (s) => (s.x === 1 ? next({ x: 2 }) : block) }),
      ]);
      m.leadsTo('P', { text: 'x gets 2', reads: () => ({ x }), holds: (s) => s.x === 2 });
    });
    expect(trace!.steps.map(({ action }) => action)).toEqual(['p/try', 'p/again']);
    expect(impasse).toMatchObject({
      states: 2,
      choices: [{ step: 1, process: 'p', action: 'p/try', why: 'otherwise' }],
      aside: [{ process: 'q', action: 'q/help', at: 'rule', enabled: 1 }],
    });
  });
});

it('is not looked for where a property says nothing of what follows', async () => {
  const machine = build(of((m) => {
    const x = m.variable('x', range(0, 1), 0);
    m.hardware('p', [rule('go', { writes: () => ({ x }), run: (s) => (s.x === 0 ? next({ x: 1 }) : block) })]);
    m.invariant('I', { text: 'x is 0', reads: () => ({ x }), holds: (s) => s.x === 0 });
  })); // prettier-ignore
  const { properties } = await search(machine);
  expect(await impasseOf(machine, properties[0].trace!)).toBeUndefined();
});
