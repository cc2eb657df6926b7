/** There is no way to the word `holds` without the whole graph. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { block, build, model, next, range, rule, type Builder, type Model } from '../../src/index.js';
import { search, type SearchOptions } from '../../src/explorer/index.js';
import { Store } from '../../src/explorer/store.js';
import { builtEngine, defaultOf, fixtureSource } from '../built.js';

type Counter = ReturnType<typeof Builder.prototype.variable<number>>;

/** Two counters: (size + 1)^2 states. */
function counters(size: number, extra: (m: Builder, x: Counter, y: Counter) => void = () => {}) {
  return build(
    model({
      name: 'counters',
      title: 'two counters',
      scope: {},
      build(m) {
        const x = m.variable('x', range(0, size), 0);
        const y = m.variable('y', range(0, size), 0);
        const count = (name: string, own: typeof x) =>
          m.hardware(name, [
            rule('tick', { writes: () => ({ own }), run: (s) => (s.own < size ? next({ own: s.own + 1 }) : block) }),
          ]);
        count('a', x);
        count('b', y);
        m.invariant('low', { text: 'x is in range', reads: () => ({ x }), holds: (s) => s.x <= size });
        extra(m, x, y);
      },
    }),
  );
}

afterEach(() => vi.restoreAllMocks());

describe('limits end in incomplete, never in holds', () => {
  const limits: Record<string, SearchOptions> = {
    'max-states': { maxStates: 50 },
    'max-depth': { maxDepth: 5 },
    'max-memory': { maxMemory: 1 },
    timeout: { timeout: 0 },
    interrupted: { signal: AbortSignal.abort() },
  };
  it.each(Object.entries(limits))('%s', async (why, options) => {
    const result = await search(counters(300), { ...options, chunk: 16 });
    expect(result.verdict).toBe('incomplete');
    expect(result.incomplete?.why).toBe(why);
    expect(result.properties[0]).toMatchObject({ id: 'low', verdict: 'undecided' });
  });

  it('a depth limit that is exactly the depth is no limit', async () => {
    expect(await search(counters(5), { maxDepth: 10 })).toMatchObject({ verdict: 'incomplete' });
    expect(await search(counters(5), { maxDepth: 11 })).toMatchObject({ verdict: 'holds', states: 36, depth: 10 });
  });

  it('stop-at-first finishes the level and lists every property broken in it', async () => {
    const machine = counters(9, (m, x) => {
      m.invariant('P', { text: 'x < 3', reads: () => ({ x }), holds: (s) => s.x < 3 });
      m.invariant('Q', { text: 'x is not 3', reads: () => ({ x }), holds: (s) => s.x !== 3 });
      m.invariant('R', { text: 'x < 5', reads: () => ({ x }), holds: (s) => s.x < 5 });
    });
    const result = await search(machine, { stopAtFirst: true });
    expect(result.incomplete?.why).toBe('stopped-at-first');
    expect(result.properties.map(({ id, verdict, length }) => [id, verdict, length])).toEqual([
      ['low', 'undecided', undefined],
      ['P', 'violated', 3],
      ['Q', 'violated', 3],
      ['R', 'undecided', undefined],
    ]);
  });
});

it('a set that is nearly full need not grow to be re-laid out', async () => {
  const size = 95;
  const machine = counters(size, (m, x, y) => {
    const z = m.variable('z', range(0, 1), 0);
    const late = (s: { x: number; y: number }): boolean => s.x === size && s.y === size;
    m.hardware('c', [
      rule('late', { reads: () => ({ x, y }), writes: () => ({ z }), run: (s) => (late(s) ? next({ z: 1 }) : block) }),
    ]);
  });
  vi.spyOn(Store.prototype, 'grown').mockReturnValue(2 ** 40);
  expect(await search(machine, { tightWidths: true })).toMatchObject({ verdict: 'holds', states: 96 * 96 + 1 });
});

describe('what the spec does wrong is a finding with a trace', () => {
  const misbehaving = (run: (value: number) => ReturnType<typeof next<{ x: number }>>, size = 6) =>
    counters(size, (m, x) => {
      m.hardware('c', [rule('odd', { reads: () => ({ x }), writes: () => ({ x }), run: (s) => run(s.x) })]);
    });
  it('a throw', async () => {
    const machine = misbehaving((value) => {
      if (value === 3) throw new Error('no such page');
      return next({ x: value });
    });
    const result = await search(machine);
    expect(result.verdict).toBe('error');
    const fault = result.properties.find(({ kind }) => kind === 'fault')!;
    expect(fault).toMatchObject({ id: 'fault:c/odd:throw', verdict: 'error', length: 3 });
    expect(fault.trace?.steps).toHaveLength(3);
    expect(fault.trace?.faulting).toMatchObject({ process: 'c', action: 'c/odd' });
  });
  it('a value outside its sort', async () => {
    const result = await search(misbehaving((value) => next({ x: value + 4 })));
    expect(result.faults.map(({ id }) => id)).toEqual(['fault:c/odd:range']);
    expect(result.faults[0].message).toMatch(/x leaves its sort: .* is not in 0\.\.6/);
  });
  it('an impure step, found by the self-check', async () => {
    let calls = 0;
    const result = await search(
      misbehaving(() => next({ x: calls++ % 7 }), 60),
      { selfCheck: true },
    );
    expect(result.verdict).toBe('error');
  });
  it('a property that throws', async () => {
    const machine = counters(4, (m, x) => {
      m.invariant('broken', {
        text: 'throws',
        reads: () => ({ x }),
        holds: (s) => {
          if (s.x === 2) throw new Error('oops');
          return true;
        },
      });
    });
    expect((await search(machine)).verdict).toBe('error');
  });
});

describe('a cover goal', () => {
  it('that is never reached is a failure, and one that is reached says how far away it is', async () => {
    const machine = counters(4, (m, x) => {
      m.reachable('top', { text: 'x gets to 4', reads: () => ({ x }), holds: (s) => s.x === 4 });
      m.reachable('beyond', { text: 'x gets to 5', reads: () => ({ x }), holds: (s) => s.x === 5 });
    });
    const { verdict, properties } = await search(machine);
    expect(verdict).toBe('violated');
    expect(properties.slice(1).map((p) => [p.id, p.verdict, p.length])).toEqual([
      ['top', 'holds', 4],
      ['beyond', 'violated', undefined],
    ]);
  });
});

const hazardous = async (name: string) => {
  const { build, search } = await builtEngine();
  const hazards = await defaultOf<Model[]>(fixtureSource('hazards.mjs', name).module);
  const hazard = hazards.find((own) => own.name === name)!;
  const options = { workers: 2, source: fixtureSource('hazards.mjs', name), prefix: 20, chunk: 2, workerHeap: 64 };
  return search(build(hazard), options);
};

describe('a worker that dies', () => {
  it.each(['dies', 'exhausts'])('(%s) ends the run as incomplete', async (name) => {
    const result = await hazardous(name);
    expect(result.verdict).toBe('incomplete');
    expect(result.incomplete).toMatchObject({ why: 'worker-died' });
  });
});

it('what goes wrong in one thread and in no other is an error, and the rest is told', async () => {
  const { verdict, properties } = await hazardous('throws');
  expect(verdict).toBe('error');
  expect(properties.map(({ id, verdict: own }) => [id, own])).toEqual([
    ['low', 'undecided'],
    ['fault:a/tick:throw', 'error'],
  ]);
});
