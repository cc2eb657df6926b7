/** The lock-order graph: what is a finding, what is none, and its traces. */
import { describe, expect, it } from 'vitest';
import {
  bool,
  build,
  handler,
  index,
  model,
  next,
  type Body,
  type Builder,
  type Handler,
  type Model,
  type Node,
} from '../../src/index.js';
import { search } from '../../src/explorer/index.js';
import sc01Models from '../../models/sc-01.js';
import { builtEngine, builtSource, defaultOf } from '../built.js';

const [sc01] = sc01Models;
type None = Record<never, never>;
type Write = (m: Builder) => readonly Handler[];

/** A model whose handlers are `write`'s, each run by a task of its own. */
const tasks = (write: Write, allow?: { held: string; taken: string; because: string }[]) =>
  model({
    name: 'tasks',
    title: '',
    scope: {},
    build(m) {
      write(m).forEach((own, i) => m.process(`task${i}`, [own]));
      m.lockOrder('order', { text: 'locks are ordered', ...(allow ? { allow } : {}) });
    },
  });

const one = (name: string, body: (h: Body<None>) => readonly Node[]): Handler => handler(name, {}, body);
const nothing = (h: Body<None>): Node[] => [h.step('work', { run: () => next() })];

/** `outer` around `inner`, by two tasks in these orders. */
const nested =
  (lockOf: (m: Builder) => readonly ReturnType<Builder['lock']>[], orders: readonly (readonly number[])[]): Write =>
  (m) => {
    const locks = lockOf(m);
    const within = (h: Body<None>, order: readonly number[]): Node[] =>
      order.reduceRight((body, i) => [h.locked(`lock ${i}`, () => locks[i], body)], nothing(h));
    return orders.map((order, i) => one(`nest${i}`, (h) => within(h, order)));
  };
const two = (m: Builder) => [m.lock('a'), m.lock('b')];

const found = async (write: Write, allow?: Parameters<typeof tasks>[1]) => {
  const { properties, locks } = await search(build(tasks(write, allow)));
  const { verdict, length, trace, further, vacuous } = properties[0];
  return {
    verdict,
    length,
    vacuous,
    because: trace?.because,
    ends: [trace, ...(further ?? [])].flatMap((own) => (own ? [[own.guilty, own.steps.length]] : [])),
    locks: locks.map(({ held, taken }) => `${held} ${taken ?? 'sleep'}`),
  };
};

describe('a cycle', () => {
  it('of two locks has a trace for each order', async () => {
    expect(await found(nested(two, [[0, 1], [1, 0]]))).toEqual({
      verdict: 'violated',
      vacuous: false,
      length: 2,
      because: 'a is taken while b is held, and elsewhere the other way round: b → a → b',
      ends: [
        [{ held: 'b', taken: 'a' }, 2],
        [{ held: 'a', taken: 'b' }, 2],
      ],
      locks: ['a b', 'b a'],
    }); // prettier-ignore
  });

  it('of three has three', async () => {
    const three = (m: Builder) => [m.lock('a'), m.lock('b'), m.lock('c')];
    const result = await found(nested(three, [[0, 1], [1, 2], [2, 0]])); // prettier-ignore
    expect(result).toMatchObject({ verdict: 'violated', ends: { length: 3 } });
    expect(result.because).toContain('c → a → b → c');
  });

  it('of classes is one whichever members are taken', async () => {
    const families = (m: Builder) => [
      ...m.locks('a', index('i', 2)).all,
      ...m.locks('b', index('i', 2)).all,
    ]; // prettier-ignore
    const result = await found(nested(families, [[0, 2], [3, 1]])); // prettier-ignore
    expect(result.because).toContain('b → a → b');
    expect(result.ends.map(([guilty]) => guilty)).toEqual([
      { held: 'b[i1]', taken: 'a[i1]' },
      { held: 'a[i0]', taken: 'b[i0]' },
    ]);
  });

  it('is none if it is allowed, and what is allowed must exist', async () => {
    const allow = [{ held: 'b', taken: 'a', because: 'nobody else is there yet' }];
    expect(await found(nested(two, [[0, 1], [1, 0]]), allow)).toMatchObject({ verdict: 'holds' }); // prettier-ignore
    const unknown = [{ held: 'x', taken: 'a', because: '' }];
    expect(() => build(tasks(nested(two, []), unknown))).toThrow('names "x", which is no class of locks');
  });
});

describe('two locks of one class', () => {
  const family = (m: Builder) => m.locks('a', index('i', 2)).all;
  it('in one order are no finding', async () => {
    expect(await found(nested(family, [[0, 1], [0, 1]]))).toMatchObject({ verdict: 'holds', locks: ['a[i0] a[i1]'] }); // prettier-ignore
  });
  it('in both orders are', async () => {
    const result = await found(nested(family, [[0, 1], [1, 0]])); // prettier-ignore
    expect(result).toMatchObject({ verdict: 'violated', length: 2 });
    expect(result.because).toContain('a[i1] → a[i0] → a[i1]');
  });
});

describe('one lock twice', () => {
  it('is a finding for readers', async () => {
    const reads = (m: Builder) => {
      const lock = m.lock('r', { kind: 'rw' });
      const shared = { shared: true };
      return [
        one('read', (h) => [
          h.locked('outer', () => lock, [h.locked('inner', () => lock, nothing(h), shared)], shared),
        ]),
      ];
    };
    const result = await found(reads);
    expect(result).toMatchObject({ verdict: 'violated', length: 2, ends: [[{ held: 'r', taken: 'r' }, 2]] });
  });
});

describe('sleeping', () => {
  const asleep =
    (kind: 'spin' | 'mutex' | 'rw'): Write =>
    (m) => {
      const lock = m.lock('l', { kind });
      return [one('doze', (h) => [h.locked('lock', () => lock, [h.step('nap', { sleeps: true })])])];
    };
  it.each(['spin', 'rw'] as const)('under a %s lock is a finding', async (kind) => {
    expect(await found(asleep(kind))).toMatchObject({
      verdict: 'violated',
      length: 1,
      because: 'it sleeps while it holds l, under which nobody may sleep',
    });
  });
  it('under a mutex is none; and a lone lock says nothing', async () => {
    expect(await found(asleep('mutex'))).toMatchObject({ verdict: 'holds', vacuous: true, locks: [] });
  });
  it('is what a mutex may do', async () => {
    const locks = (m: Builder) => [m.lock('s'), m.lock('m', { kind: 'mutex' })];
    expect(await found(nested(locks, [[0, 1]]))).toMatchObject({ verdict: 'violated', length: 2 });
    expect(await found(nested(locks, [[1, 0]]))).toMatchObject({ verdict: 'holds' });
  });
  it('is not what an interrupted taker did', async () => {
    const interrupted: Write = (m) => {
      const outer = m.lock('s');
      const inner = m.lock('i', { kind: 'interruptible' });
      const signal = m.variable('signal', bool, true);
      return [
        one('hold', (h) => [h.locked('i', () => inner, [h.step('for ever', { waits: true, run: () => [] })], { separate: true })]),
        one('take', (h) => [
          h.step('see that it is held', { waits: true, reads: () => ({ inner }), run: (s) => (s.inner === 1 ? next() : []) }),
          h.locked('s', () => outer, [h.locked('i', () => inner, nothing(h), { pending: () => signal })]),
        ]),
      ]; // prettier-ignore
    };
    expect(await found(interrupted)).toMatchObject({ verdict: 'holds', locks: [] });
  });
});

it('stops at the first level that has a finding', async () => {
  const machine = build(tasks(nested(two, [[0, 1], [1, 0]]))); // prettier-ignore
  expect(await search(machine, { stopAtFirst: true })).toMatchObject({
    verdict: 'violated',
    incomplete: { why: 'stopped-at-first' },
  });
});

it('breaks in SC-01 where two handlers nest its locks the other way round', async () => {
  const edits = [
    'move map_pages/use_dma before map_pages/install-PTE',
    'move unmap_pages/pgt_lock-again before unmap_pages/unuse_dma/ref--',
  ];
  const machine = build(sc01, { scope: { pages: 1, iovas: 1 }, edits, properties: ['P-6'] });
  const [{ verdict, length, trace, further }] = (await search(machine)).properties;
  expect([verdict, length, trace?.guilty, further?.map((own) => [own.steps.length, own.guilty])]).toEqual([
    'violated',
    19,
    { held: 'host_mmu.lock', taken: 'pgt_lock[domain0]' },
    [[3, { held: 'pgt_lock[domain0]', taken: 'host_mmu.lock' }]],
  ]);
});

it('is the same for several workers, and so is what fired', async () => {
  const engine = await builtEngine();
  const source = { ...builtSource('sc-01', { pages: 1 }, []), model: 'SC-01/upstream' };
  const [, upstream] = await defaultOf<Model[]>(source.module);
  const machine = engine.build(upstream, source);
  const alone = await engine.search(machine);
  const pooled = await engine.search(machine, { workers: 2, source, prefix: 1, chunk: 100 });
  expect(alone.locks.length).toBeGreaterThan(0);
  expect(pooled.locks).toEqual(alone.locks);
  expect(pooled.seen).toEqual(alone.seen);
});
