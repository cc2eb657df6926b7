/** "Leads to" is decided on the whole graph or not at all. */
import { describe, expect, it } from 'vitest';
import { block, build, model, next, range, rule, type Builder } from '../../src/index.js';
import { search, type SearchOptions } from '../../src/explorer/index.js';

const of = (declare: (m: Builder) => void) => build(model({ name: 'test', title: 'test', scope: {}, build: declare }));

const first = async (declare: (m: Builder) => void, options: SearchOptions = {}) =>
  (await search(of(declare), options)).properties[0];

describe('no verdict without the whole graph', () => {
  const long = (m: Builder) => {
    const x = m.variable('x', range(0, 900), 0);
    m.hardware('hw', [rule('tick', { writes: () => ({ x }), run: (s) => (s.x < 900 ? next({ x: s.x + 1 }) : block) })]);
    m.leadsTo('P', { text: 'it gets there', reads: () => ({ x }), holds: (s) => s.x === 900 });
  };
  it('holds on the whole graph, and is undecided on less', async () => {
    expect(await first(long)).toMatchObject({ verdict: 'holds', vacuous: false });
    expect(await first(long, { maxStates: 50, chunk: 16 })).toMatchObject({ verdict: 'undecided' });
  });
  it('is given up when a limit is reached meanwhile', async () => {
    const abort = new AbortController();
    const onProgress = ({ phase }: { phase: string }): void => void (phase === 'wedges' && abort.abort());
    const { verdict, properties, incomplete } = await search(of(long), { signal: abort.signal, onProgress });
    expect([verdict, incomplete?.why]).toEqual(['incomplete', 'interrupted']);
    expect(properties[0]).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringContaining('interrupted') as string,
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
