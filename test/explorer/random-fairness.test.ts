/** Random graphs: "leads to" against its definition, where fairness decides more often than in random programs. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { build, model, next, range, rule, type Fairness, type Model } from '../../src/index.js';
import { search } from '../../src/explorer/index.js';
import { decodeTrace, encodeTrace, guardFinder, recordTrace, replayTrace } from '../../src/report/index.js';
import { describe as parts } from '../../src/language/index.js';
import { fairSets, isShortest, type Node } from '../oracle/fair-sets.js';
import { models, parameters } from '../oracle/fit.js';

interface Step {
  readonly fair: Fairness;
  readonly edges: readonly (readonly [from: number, to: number])[];
}
interface Drawn {
  readonly size: number;
  readonly steps: readonly Step[];
  readonly asks: readonly number[];
  readonly goals: readonly number[];
}

const drawn: fc.Arbitrary<Drawn> = fc.integer({ min: 2, max: 8 }).chain((size) => {
  const state = fc.nat(size - 1);
  return fc.record({
    size: fc.constant(size),
    steps: fc.array(
      fc.record({
        fair: fc.constantFrom<Fairness[]>('none', 'weak', 'strong'),
        edges: fc.array(fc.tuple(state, state), { minLength: 1, maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 7 },
    ),
    asks: fc.array(state, { minLength: 1, maxLength: 3 }),
    goals: fc.array(state, { maxLength: 2 }),
  });
});

const modelOf = ({ size, steps, asks, goals }: Drawn): Model =>
  model({
    name: 'graph',
    title: 'a random graph',
    scope: {},
    build(m) {
      const x = m.variable('x', range(0, size - 1), 0);
      const rules = steps.map(({ fair, edges }, i) =>
        rule(`s${i}`, {
          fair,
          writes: () => ({ x }),
          run: (s) => edges.filter(([from]) => from === s.x).map(([, to]) => next({ x: to })),
        }),
      );
      m.hardware('hw', rules);
      m.leadsTo('P', {
        text: 'it gets there',
        reads: () => ({ x }),
        when: (s) => asks.includes(s.x),
        holds: (s) => goals.includes(s.x),
      });
    },
  });

function nodesOf({ size, steps, asks, goals }: Drawn): Node[] {
  return Array.from({ length: size }, (_, state) => ({
    initial: state === 0,
    asked: asks.includes(state),
    goal: goals.includes(state),
    moves: steps.flatMap(({ fair, edges }, i) =>
      edges.filter(([from]) => from === state).map(([, to]) => ({ key: `s${i}`, fair, to })),
    ),
  }));
}

it(
  'finds what the definition says, with lassos that can be replayed',
  async () => {
    const seen = { holds: 0, stays: 0, loops: 0 };
    const run = fc.asyncProperty(drawn, async (one) => {
      const graph = modelOf(one);
      const machine = build(graph);
      const { verdict, trace } = (await search(machine)).properties[0];
      const sets = fairSets(nodesOf(one));
      if (sets === 'unknown') return;
      expect([verdict, trace === undefined]).toEqual(sets ? ['violated', false] : ['holds', true]);
      if (!trace || !sets) return void seen.holds++;
      expect(isShortest(sets, trace.steps.length, trace.loop!)).toBe(true);
      const states = [trace.initial, ...trace.steps.map(({ state }) => state)].map(([x]) => x as number);
      const nearest = trace.loop === trace.steps.length ? trace.loop : sets.nearest;
      expect(states.slice(nearest).every((x) => sets.fair.has(x))).toBe(true);
      seen[trace.loop === trace.steps.length ? 'stays' : 'loops']++;
      const guard = guardFinder(machine, parts(graph));
      const stored = recordTrace(machine, trace, { tool: 'test', model: graph, file: '', place: (at) => at, guard });
      const replayed = replayTrace(machine, decodeTrace(encodeTrace(stored)));
      expect(replayed).toMatchObject({ kind: 'through', standing: { kind: 'violated' } });
    });
    await fc.assert(run, parameters(models));
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(models / 100);
  },
  60_000 + models * 100,
);
