/** The bench model must have exactly the states of its definition, however they are stored and by how many workers. */
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/index.js';
import type { SearchOptions } from '../../src/explorer/index.js';
import { builtEngine, builtSource, defaultOf } from '../built.js';

const S = { cpus: 2, devices: 1, pages: 2, queue: 2 };
const BROKEN = ['drop unmap/U1/U5'];

async function count(scope: object, edits: readonly string[], options: SearchOptions) {
  const { build, search } = await builtEngine();
  const model = await defaultOf<Model>(builtSource('bench-iommu', {}, []).module);
  const machine = build(model, { scope: { ...scope }, edits });
  return search(machine, options);
}

describe('size S', () => {
  const variants: Record<string, SearchOptions> = {
    'with defaults': {},
    'from a 16-slot set, growing': { slots: 16 },
    'from tight widths, re-laid out': { tightWidths: true, slots: 16, chunk: 7 },
    'with self-check': { selfCheck: true },
  };
  it.each(Object.entries(variants))('has 17,529 states, 58,654 transitions, depth 25 %s', async (_, options) => {
    const result = await count(S, [], options);
    expect(result).toMatchObject({ verdict: 'holds', states: 17529, transitions: 58654, depth: 25, deadlocks: 0 });
  });

  it.each([2, 3])('has the same counts with %i workers', async (workers) => {
    const source = builtSource('bench-iommu', S, []);
    const result = await count(S, [], { workers, source, prefix: 0, slots: 16, tightWidths: true, chunk: 50 });
    expect(result).toMatchObject({ verdict: 'holds', states: 17529, transitions: 58654, depth: 25, deadlocks: 0 });
  });
});

describe('BROKEN=1', () => {
  it('violates Inv1 in 18 steps, with the same trace for any number of workers and any growth', async () => {
    const traceOf = async (options: SearchOptions) => {
      const { properties, states } = await count(S, BROKEN, options);
      const { trace, length } = properties.find(({ id }) => id === 'Inv1')!;
      expect(length).toBe(18);
      return { states, steps: trace!.steps.map(({ process, action, label }) => `${process} ${action} ${label}`) };
    };
    const one = await traceOf({});
    expect(await traceOf({ slots: 16, tightWidths: true, chunk: 3 })).toEqual(one);
    for (const workers of [2, 3]) {
      const source = builtSource('bench-iommu', S, BROKEN);
      expect(await traceOf({ workers, source, prefix: 0, slots: 64, chunk: 11 })).toEqual(one);
    }
  });
});

describe('size M', () => {
  it.each([1, 2])('has 938,715 states and 4,062,708 transitions with %i workers', async (workers) => {
    const scope = { ...S, devices: 2 };
    const source = builtSource('bench-iommu', scope, []);
    const result = await count(scope, [], { workers, source });
    expect(result).toMatchObject({ verdict: 'holds', states: 938715, transitions: 4062708, depth: 48 });
    expect(result.specCalls / workers).toBeLessThan(5000);
  });
});
