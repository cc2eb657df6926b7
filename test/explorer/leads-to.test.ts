/** "Leads to" under fairness, on models small enough to see. */
import { describe, expect, it } from 'vitest';
import {
  block,
  bool,
  build,
  goto,
  handler,
  model,
  next,
  range,
  rule,
  type Builder,
  type Fairness,
  type Var,
} from '../../src/index.js';
import { search } from '../../src/explorer/index.js';

const of = (name: string, declare: (m: Builder) => void) =>
  build(model({ name, title: name, scope: {}, build: declare }));

/** What was found of the one property: verdict, steps, loop, the steps' names. */
async function found(declare: (m: Builder) => void) {
  const { properties, faults } = await search(of('test', declare));
  expect(faults).toEqual([]);
  const { verdict, length, trace, vacuous, reason } = properties[0];
  return { verdict, length, loop: trace?.loop, vacuous, reason, steps: trace?.steps.map((s) => s.action), trace };
}

const holds = { verdict: 'holds', vacuous: false };

/** A process that takes the lock and gives it back again and again. */
function taker(m: Builder, name: string, lock: ReturnType<Builder['lock']>, own: Var<number>, fair?: Fairness): void {
  m.process(name, [
    handler(name, {}, (h) => [
      h.step('want', { writes: () => ({ own }), run: () => next({ own: 1 }) }),
      h.locked(
        'lock',
        () => lock,
        [
          h.step('have', { writes: () => ({ own }), run: () => next({ own: 2 }) }),
          h.step('release', { writes: () => ({ own }), run: () => next({ own: 0 }) }),
        ],
        fair ? { fair } : {},
      ),
    ]),
  ]);
}

const twoTakers = (fair?: Fairness) => (m: Builder) => {
  const [a, b] = [m.variable('a', range(0, 2), 0), m.variable('b', range(0, 2), 0)];
  const lock = m.lock('lock');
  taker(m, 'A', lock, a, fair);
  taker(m, 'B', lock, b);
  m.leadsTo('served', { text: 'A gets it', reads: () => ({ a }), when: (s) => s.a === 1, holds: (s) => s.a === 2 });
};

describe('returns', () => {
  const waiter = (m: Builder, { stops, excused }: { stops: boolean; excused: boolean }) => {
    const on = m.variable('on', bool, false);
    m.process('cpu', [
      handler('wait', {}, (h) => [
        h.step('ask', { writes: () => ({ on }), run: () => next({ on: true }) }),
        h.step('poll', { waits: true, reads: () => ({ on }), run: (s) => (s.on ? block : next()) }),
      ]),
    ]);
    const answer = rule('answer', { writes: () => ({ on }), run: (s) => (s.on ? next({ on: false }) : block) });
    m.hardware('device', stops ? [] : [answer]);
    m.returns('V-1', {
      text: 'the wait ends',
      ...(excused ? { excused: { reads: { on }, holds: (s: { on: boolean }) => s.on } } : {}),
    });
  };

  it('a handler that waits for fair hardware returns', async () => {
    expect(await found((m) => waiter(m, { stops: false, excused: false }))).toMatchObject(holds);
  });
  it('one that nobody answers does not, and is named', async () => {
    const { trace, ...rest } = await found((m) => waiter(m, { stops: true, excused: false }));
    expect(rest).toMatchObject({ verdict: 'violated', length: 1, loop: 1, steps: ['wait/ask'] });
    expect(trace).toMatchObject({
      guilty: { process: 'cpu' },
      because: 'asked for after step 1, and never there: cpu never returns',
    });
  });
  it('who is excused owes nothing', async () => {
    expect(await found((m) => waiter(m, { stops: true, excused: true }))).toMatchObject({ verdict: 'holds' });
  });
});

describe('locks', () => {
  it('who waits for a ticket lock gets it', async () => {
    expect(await found(twoTakers())).toMatchObject(holds);
  });
  it('weak fairness is not enough: the lock is free again and again, but never for ever', async () => {
    expect(await found(twoTakers('weak'))).toMatchObject({
      verdict: 'violated',
      length: 4,
      loop: 1,
      steps: ['A/want', 'B/want', 'B/lock/have', 'B/lock/release'],
    });
  });
  it('without fairness it may just not take it', async () => {
    expect(await found(twoTakers('none'))).toMatchObject({ verdict: 'violated', length: 1, loop: 1 });
  });
  it('the holder must go on, or nobody else is served', async () => {
    const stuck = await found((m) => {
      const [a, b] = [m.variable('a', range(0, 2), 0), m.variable('b', bool, false)];
      const lock = m.lock('lock');
      taker(m, 'A', lock, a);
      m.process('B', [
        handler('B', {}, (h) => [
          h.locked('lock', () => lock, [
            h.step('have', { writes: () => ({ b }), run: () => next({ b: true }) }),
            h.step('sleep', { fair: 'none' }),
          ]),
        ]),
      ]);
      m.leadsTo('served', { text: 'A gets it', reads: () => ({ a }), when: (s) => s.a === 1, holds: (s) => s.a === 2 });
    });
    expect(stuck).toMatchObject({ verdict: 'violated', length: 2, loop: 2 });
  });
});

/** Requests are put by a handler, which nobody has to start, and taken by hardware, or by a handler. */
const queue = (consumer: 'hardware' | 'unfair hardware' | 'handler') => (m: Builder) => {
  const q = m.variable('q', range(0, 2), 0);
  const put = handler('put', {}, (h) => [
    h.step('put', { writes: () => ({ q }), run: (s) => (s.q < 2 ? next({ q: s.q + 1 }) : next()) }),
  ]);
  m.process('producer', [put]);
  if (consumer === 'handler') {
    m.process('worker', [
      handler('take', {}, (h) => [
        h.step('take', { waits: true, writes: () => ({ q }), run: (s) => (s.q > 0 ? next({ q: s.q - 1 }) : block) }),
      ]),
    ]);
  } else {
    m.hardware('smmu', [
      rule('take', {
        writes: () => ({ q }),
        run: (s) => (s.q > 0 ? next({ q: s.q - 1 }) : block),
        ...(consumer === 'hardware' ? {} : { fair: 'none' as const }),
      }),
    ]);
  }
  m.leadsTo('consumed', { text: 'it is empty', reads: () => ({ q }), when: (s) => s.q > 0, holds: (s) => s.q === 0 });
  m.leadsTo('moves', { text: 'not full', reads: () => ({ q }), when: (s) => s.q === 2, holds: (s) => s.q < 2 });
  m.leadsTo('filled', { text: 'somebody puts', reads: () => ({ q }), holds: (s) => s.q > 0 });
};

describe('a queue', () => {
  const verdicts = async (consumer: Parameters<typeof queue>[0]) =>
    (await search(of('queue', queue(consumer)))).properties.map(({ id, verdict, length, trace }) => [
      id,
      verdict,
      length,
      trace?.loop,
    ]);
  it('hardware goes on: it is never full for ever, but it need not ever be empty', async () => {
    expect(await verdicts('hardware')).toEqual([
      ['consumed', 'violated', 3, 1],
      ['moves', 'holds', undefined, undefined],
      ['filled', 'violated', 0, 0],
    ]);
  });
  it.each(['unfair hardware', 'handler'] as const)('a consumer that may stop: %s', async (consumer) => {
    expect((await verdicts(consumer)).map(([, verdict, length, loop]) => [verdict, length, loop])).toEqual([
      ['violated', 1, 1],
      ['violated', 2, 2],
      ['violated', 0, 0],
    ]);
  });
});

/** Hardware that walks through numbers: a transition for each pair, named `from>to`. */
const walk =
  (edges: readonly (readonly [from: number, to: number, fair: Fairness, name?: string])[], goal: number) =>
  (m: Builder): void => {
    const x = m.variable('x', range(0, 9), 0);
    const names = [...new Set(edges.map(([from, to, , name]) => name ?? `${from}>${to}`))];
    m.hardware(
      'hw',
      names.map((name) => {
        const own = edges.filter(([from, to, , given]) => (given ?? `${from}>${to}`) === name);
        return rule(name, {
          fair: own[0][2],
          writes: () => ({ x }),
          run: (s) => own.filter(([from]) => from === s.x).map(([, to]) => next({ x: to })),
        });
      }),
    );
    m.leadsTo('P', { text: 'it gets there', reads: () => ({ x }), holds: (s) => s.x === goal });
  };

describe('what a fair run is', () => {
  it('the goal may be there at the trigger', async () => {
    const at = await found((m) => {
      const x = m.variable('x', bool, true);
      m.hardware('hw', [
        rule('off', { fair: 'none', writes: () => ({ x }), run: (s) => (s.x ? next({ x: false }) : block) }),
      ]);
      m.leadsTo('P', { text: 'on', reads: () => ({ x }), when: (s) => s.x, holds: (s) => s.x });
    });
    expect(at).toMatchObject(holds);
  });
  it('a maximal finite run without the goal breaks it', async () => {
    expect(await found(walk([[0, 1, 'weak']], 9))).toMatchObject({ verdict: 'violated', length: 1, loop: 1 });
  });
  it('a run may stay where only unfair steps are left', async () => {
    expect(await found(walk([[0, 1, 'none']], 1))).toMatchObject({ verdict: 'violated', length: 0, loop: 0 });
    expect(await found(walk([[0, 1, 'weak']], 1))).toMatchObject(holds);
  });
  it('judges fairness on the full graph: the step to the goal is enabled, although it leaves the subgraph', async () => {
    // Without the goal only the unfair round 0, 1, 0 is left, in which nothing fair could be seen.
    const round = (fair: Fairness) =>
      walk([[0, 1, 'none'], [1, 0, 'none'], [0, 2, fair, 'go'], [1, 2, fair, 'go']], 2); // prettier-ignore
    expect(await found(round('weak'))).toMatchObject(holds);
    expect(await found(round('none'))).toMatchObject({ verdict: 'violated', length: 0, loop: 0 });
  });
  it('weakly fair: disabled in one state of the loop is enough; strongly fair: it is not', async () => {
    const round = (fair: Fairness) => walk([[0, 1, 'weak'], [1, 0, 'weak'], [0, 2, fair]], 2); // prettier-ignore
    expect(await found(round('weak'))).toMatchObject({ verdict: 'violated', length: 2, loop: 0 });
    expect(await found(round('strong'))).toMatchObject(holds);
  });
  it('finds a loop that is fair only without the states that enable a strongly fair step', async () => {
    // 0, 1, 2 is one component; "go" is strongly fair and leaves it from 0. Without 0 the round 1, 2 is fair.
    const edges = [[0, 1, 'weak'], [1, 2, 'weak'], [2, 1, 'weak'], [2, 0, 'none'], [0, 9, 'strong', 'go']] as const; // prettier-ignore
    const steps = ['hw/0>1', 'hw/1>2', 'hw/2>1'];
    expect(await found(walk(edges, 9))).toMatchObject({ verdict: 'violated', length: 3, loop: 1, steps });
    expect(await found(walk([...edges, [2, 9, 'strong', 'leave']], 9))).toMatchObject(holds);
  });
  it('the loop does all that fairness asks for', async () => {
    // From 0 two rounds start: both are weakly fair in 0 alone, so staying is out; one round disables the other step.
    const rounds = walk(
      [[0, 1, 'strong'], [1, 0, 'weak'], [0, 2, 'strong'], [2, 0, 'weak']], 9); // prettier-ignore
    expect(await found(rounds)).toMatchObject({
      verdict: 'violated',
      loop: 0,
      steps: ['hw/0>1', 'hw/1>0', 'hw/0>2', 'hw/2>0'],
    });
  });
  it('a step that changes nothing only waits; where it could also change something, it acts', async () => {
    const waits = walk([[0, 0, 'weak', 'poll'], [0, 1, 'weak']], 1); // prettier-ignore
    expect(await found(waits)).toMatchObject(holds);
    const polls = walk([[0, 0, 'weak', 'poll'], [0, 1, 'weak', 'poll']], 1); // prettier-ignore
    expect(await found(polls)).toMatchObject({ verdict: 'violated', length: 1, loop: 0, steps: ['hw/poll'] });
    const strong = walk([[0, 0, 'strong', 'poll'], [0, 1, 'strong', 'poll']], 1); // prettier-ignore
    expect(await found(strong)).toMatchObject({ verdict: 'violated', length: 1, loop: 0 });
    const only = walk([[0, 0, 'weak', 'poll']], 1); // prettier-ignore
    expect(await found(only)).toMatchObject({ verdict: 'violated', length: 0, loop: 0 });
  });
  it('nobody has to start a handler, but who is in flight goes on', async () => {
    const start = (fair?: Fairness) => (m: Builder) => {
      const x = m.variable('x', range(0, 2), 0);
      m.process('cpu', [
        handler('call', {}, (h) => [
          h.step('first', { writes: () => ({ x }), run: () => next({ x: 1 }), ...(fair ? { fair } : {}) }),
          h.step('second', { writes: () => ({ x }), run: () => next({ x: 2 }) }),
        ]),
      ]);
      m.leadsTo('P', { text: 'called', reads: () => ({ x }), holds: (s) => s.x === 1 });
      m.leadsTo('Q', { text: 'ended', reads: () => ({ x }), when: (s) => s.x === 1, holds: (s) => s.x === 2 });
    };
    const both = async (fair?: Fairness) =>
      (await search(of('start', start(fair)))).properties.map(({ verdict, trace }) => [verdict, trace?.loop]);
    expect(await both()).toEqual([['violated', 0], ['holds', undefined]]); // prettier-ignore
    expect(await both('weak')).toEqual([['holds', undefined], ['holds', undefined]]); // prettier-ignore
  });
  it('who polls in a handler acts: the loop is a run', async () => {
    const polling = await found((m) => {
      const [x, asked] = [m.variable('x', bool, false), m.variable('asked', bool, false)];
      m.process('cpu', [
        handler('wait', {}, (h) => [
          h.step('ask', { writes: () => ({ asked }), run: () => next({ asked: true }) }),
          h.step('poll', { reads: () => ({ x }), run: (s) => (s.x ? next() : goto('poll')) }),
        ]),
      ]);
      m.hardware('hw', [rule('answer', { fair: 'none', writes: () => ({ x }), run: () => next({ x: true }) })]);
      m.leadsTo('P', { text: 'x', reads: () => ({ x, asked }), when: (s) => s.asked, holds: (s) => s.x });
    });
    expect(polling).toMatchObject({ verdict: 'violated', length: 1, loop: 1 });
  });
});

describe('instances, excuses, and what nobody asks for', () => {
  const two = (excusedAt: number) => (m: Builder) => {
    const [x, y] = [m.variable('x', range(0, 3), 0), m.variable('y', range(0, 3), 0)];
    const count = (name: string, own: Var<number>, top: number) =>
      m.hardware(name, [
        rule('tick', { writes: () => ({ own }), run: (s) => (s.own < top ? next({ own: s.own + 1 }) : block) }),
      ]);
    count('a', x, 3);
    count('b', y, 2);
    m.leadsTo('P', {
      text: 'both get to the top',
      forall: { which: range(0, 1) },
      reads: ({ which }) => ({ own: which === 0 ? x : y }),
      when: (s) => s.own === 1,
      holds: (s) => s.own === 3,
      because: (s) => `it is ${s.own}`,
      excused: { reads: { y }, holds: (s) => s.y === excusedAt },
    });
  };
  it('names the instance', async () => {
    const { trace, ...rest } = await found(two(3));
    expect(rest).toMatchObject({ verdict: 'violated', length: 5, loop: 5 });
    expect(trace?.guilty).toEqual({ which: '1' });
    expect(trace?.because).toBe('asked for after step 1, and never there: it is 2');
  });
  it('who is excused owes nothing', async () => {
    expect(await found(two(2))).toMatchObject(holds);
  });
  it('says when nothing was ever asked for', async () => {
    const never = await found((m) => {
      const x = m.variable('x', bool, false);
      m.leadsTo('P', { text: 'never asked', reads: () => ({ x }), when: (s) => s.x, holds: () => false });
    });
    expect(never).toMatchObject({ verdict: 'holds', vacuous: true });
  });
});
