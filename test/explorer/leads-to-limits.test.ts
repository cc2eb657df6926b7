/** "Leads to" is decided on the whole graph or not at all. */
import { describe, expect, it } from 'vitest';
import { block, build, model, next, range, rule, type Builder } from '../../src/index.js';
import { search, type SearchOptions } from '../../src/explorer/index.js';

const of = (declare: (m: Builder) => void) => build(model({ name: 'test', title: 'test', scope: {}, build: declare }));

const first = async (declare: (m: Builder) => void, options: SearchOptions = {}) =>
  (await search(of(declare), options)).properties[0];

describe('no verdict without the whole graph', () => {
  const longUnless = (asked: () => void) => (m: Builder) => {
    const x = m.variable('x', range(0, 900), 0);
    m.hardware('hw', [rule('tick', { writes: () => ({ x }), run: (s) => (s.x < 900 ? next({ x: s.x + 1 }) : block) })]);
    const holds = (s: { x: number }): boolean => (asked(), s.x === 900);
    m.leadsTo('P', { text: 'it gets there', reads: () => ({ x }), holds });
  };
  const long = longUnless(() => {});
  it('holds on the whole graph, and is undecided on less', async () => {
    expect(await first(long)).toMatchObject({ verdict: 'holds', vacuous: false });
    expect(await first(long, { maxStates: 50, chunk: 16 })).toMatchObject({ verdict: 'undecided' });
  });
  it('is given up when a limit is reached meanwhile', async () => {
    const abort = new AbortController();
    // The decision looks at the signal every 50 ms, however fast the machine is: the first question takes longer.
    const abortSlowly = (): void => {
      if (abort.signal.aborted) return;
      abort.abort();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    };
    const { verdict, properties, incomplete } = await search(of(longUnless(abortSlowly)), { signal: abort.signal });
    expect([verdict, incomplete?.why]).toEqual(['incomplete', 'interrupted']);
    expect(properties[0]).toMatchObject({
      verdict: 'undecided',
      reason: 'interrupted while runs that never get there were searched',
    });
  });
  it('is undecided behind an error of the model, and an error itself where it throws', async () => {
    const broken = (throws: boolean) => (m: Builder) => {
      long(m);
      const y = m.variable('y', range(0, 2), 0);
      m.hardware('odd', [rule('odd', { writes: () => ({ y }), run: (s) => next({ y: s.y + (throws ? 0 : 1) }) })]);
      m.leadsTo('Q', {
        text: 'throws',
        reads: () => ({ y }),
        holds: () => {
          if (throws) throw new Error('oops');
          return true;
        },
      });
    };
    const verdicts = async (throws: boolean) =>
      (await search(of(broken(throws)))).properties.slice(0, 2).map(({ verdict }) => verdict);
    expect(await verdicts(false)).toEqual(['undecided', 'undecided']);
    expect(await verdicts(true)).toEqual(['holds', 'error']);
  });
});
