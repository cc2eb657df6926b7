/** "Always possible" (AG EF): who helps, who is excused, which instance fails; and what throws is an error. */
import { describe, expect, it } from 'vitest';
import { block, build, handler, model, next, range, rule, type Builder } from '../../src/index.js';
import { search } from '../../src/explorer/index.js';

const first = async (declare: (m: Builder) => void) => {
  const machine = build(model({ name: 'test', title: 'test', scope: {}, build: declare }));
  const { verdict, length, trace, vacuous, reason } = (await search(machine)).properties[0];
  return { verdict, length, vacuous, reason, guilty: trace?.guilty, because: trace?.because };
};

/** A device that breaks at 2, and somebody who can repair it. `when` is left to the property. */
function device(m: Builder) {
  const x = m.variable('x', range(0, 3), 0);
  const step = (name: string, from: number, to: number) =>
    rule(name, { writes: () => ({ x }), run: (s) => (s.x === from ? next({ x: to }) : block) });
  m.hardware('device', [step('start', 0, 1), step('break', 1, 2), step('burn', 2, 3), step('end', 1, 0)]);
  m.hardware('engineer', [step('repair', 2, 0)]);
  return x;
}

const idle = (by: readonly string[], more: Partial<{ excusedAt: number; asked: number }> = {}) =>
  first((m) => {
    const x = device(m);
    const { excusedAt, asked } = more;
    m.alwaysPossible('P', {
      text: 'it can always get back to idle',
      by,
      reads: () => ({ x }),
      ...(asked === undefined ? {} : { when: (s: { x: number }) => s.x === asked }),
      holds: (s) => s.x === 0,
      because: (s) => `it is ${s.x}`,
      ...(excusedAt === undefined ? {} : { excused: { reads: { x }, holds: (s: { x: number }) => s.x === excusedAt } }),
    });
  });

describe('always possible', () => {
  it('only those named help', async () => {
    const lost = { verdict: 'violated', because: 'from here the goal can no longer be reached: it is 2' };
    expect(await idle(['device'])).toMatchObject({ ...lost, length: 2 });
    expect(await idle(['engineer'])).toMatchObject({ verdict: 'violated', length: 1 });
    expect(await idle(['device', 'engineer'])).toMatchObject({ verdict: 'violated', length: 3 });
  });
  it('excuses states, and those that can reach them', async () => {
    expect(await idle(['device', 'engineer'], { excusedAt: 3 })).toMatchObject({ verdict: 'holds', vacuous: false });
    expect(await idle(['device'], { excusedAt: 3 })).toMatchObject({ verdict: 'holds' });
    expect(await idle(['engineer'], { excusedAt: 3 })).toMatchObject({ verdict: 'violated', length: 1 });
  });
  it('asks for it only where `when` holds, and says where that is nowhere', async () => {
    expect(await idle(['device'], { asked: 1 })).toMatchObject({ verdict: 'holds', vacuous: false });
    expect(await idle(['device'], { asked: 3 })).toMatchObject({ verdict: 'violated', length: 3 });
    const nowhere = await first((m) => {
      const x = m.variable('x', range(0, 1), 0);
      m.alwaysPossible('P', { text: 'x', by: [], reads: () => ({ x }), when: (s) => s.x === 1, holds: () => false });
    });
    expect(nowhere).toMatchObject({ verdict: 'holds', vacuous: true });
  });
  it('names the instance, also beyond the eighth', async () => {
    const twelve = await first((m) => {
      const x = device(m);
      m.alwaysPossible('P', {
        text: 'x',
        by: ['device', 'engineer'],
        forall: { n: range(0, 11) },
        reads: () => ({ x }),
        holds: (s, { n }) => (n === 10 ? s.x < 2 : n === 11 ? s.x < 1 : s.x <= 3),
      });
    });
    expect(twelve).toMatchObject({ verdict: 'violated', length: 3, guilty: { n: '10' } });
  });
});

describe('a property that throws is an error, not the end of the search', () => {
  const throws = (): boolean => {
    throw new Error('oops');
  };
  const reads = (m: Builder) => ({ x: device(m) });
  const kinds: Record<string, (m: Builder) => void> = {
    'always-possible': (m) => {
      const all = reads(m);
      m.alwaysPossible('P', { text: 'x', by: ['device'], reads: () => all, holds: throws });
    },
    'leads-to': (m) => {
      const all = reads(m);
      m.leadsTo('P', { text: 'x', reads: () => all, holds: throws });
    },
    'excused in wedge-free': (m) => {
      m.process('cpu', [handler('call', {}, (h) => [h.step('first', {}), h.step('second', {})])]);
      m.wedgeFree('P', { text: 'x', excused: { reads: reads(m), holds: throws } });
    },
    'allowed in deadlock-free': (m) => m.deadlockFree('P', { text: 'x', allowed: { reads: reads(m), holds: throws } }),
  };
  it.each(Object.entries(kinds))('%s', async (_, declare) => {
    expect(await first(declare)).toMatchObject({ verdict: 'error' });
  });
});
