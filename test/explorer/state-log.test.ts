/** The log that several workers fill: nothing that was added is lost, and nothing is in it that nobody added. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { build, model, next, range, rule } from '../../src/index.js';
import { search } from '../../src/explorer/index.js';
import { CONTROL_BYTES, StateLog } from '../../src/explorer/state-log.js';

/** Views of one log, one for each worker. */
function views(count: number, limit: number): { logs: StateLog[]; control: Int32Array } {
  const slots = new Int32Array(new SharedArrayBuffer(limit * 4));
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  return { logs: Array.from({ length: count }, () => new StateLog(slots, control, limit)), control };
}

const fill = (log: StateLog, slots: readonly number[]): boolean => {
  if (!log.room(slots.length)) return false;
  for (const slot of slots) log.add(slot);
  return true;
};

const entries = ({ slots, length }: StateLog): number[] => [...slots.subarray(0, length)].sort((a, b) => a - b);

describe('the shared log', () => {
  afterEach(() => vi.restoreAllMocks());

  it('shows nobody a reservation that fails: another would begin behind it', () => {
    const limit = 100;
    const { logs, control } = views(1, limit);
    const seen: number[] = [];
    for (const name of ['add', 'sub', 'compareExchange', 'store', 'exchange'] as const) {
      const own = Atomics[name] as (...args: unknown[]) => number;
      const watched = (...args: unknown[]): number => {
        const before = own(...args);
        seen.push(control[0]);
        return before;
      };
      vi.spyOn(Atomics, name).mockImplementation(watched as never);
    }
    expect(fill(logs[0], [1, 2, 3])).toBe(true);
    expect(logs[0].room(98)).toBe(false);
    expect(Math.max(...seen)).toBeLessThanOrEqual(limit);
  });

  it('has no entries of a worker that died before it closed its part', () => {
    const { logs } = views(3, 20_000);
    fill(logs[0], [5, 6]);
    fill(logs[1], [7]);
    fill(logs[2], [8, 9]);
    logs[0].close();
    logs[2].close();
    logs[0].compact(0);
    expect(entries(logs[0])).toEqual([5, 6, 7, 8, 9]);
  });

  it('counts what was added, not what was reserved', () => {
    const { logs } = views(2, 20_000);
    fill(logs[0], [5, 6]);
    fill(logs[1], [7]);
    expect(logs[0].states).toBe(2);
    logs[1].close();
    expect(logs[0].states).toBe(3);
    logs[0].close();
    logs[0].compact(0);
    expect([logs[0].states, logs[1].states, logs[1].length]).toEqual([3, 3, 3]);
  });
});

it('a limit of states that is not reached does not end a search, however long a level takes', async () => {
  const wait = new Int32Array(new SharedArrayBuffer(4));
  const slow = build(
    model({
      name: 'slow',
      title: 'a level of many chunks, each of which takes longer than this thread works at a time',
      scope: {},
      build(m) {
        const x = m.variable('x', range(0, 40), 0);
        const jumps = Array.from({ length: 40 }, (_, i) => next({ x: i + 1 }));
        m.hardware('hw', [
          rule('jump', {
            writes: () => ({ x }),
            run: (s) => {
              if (s.x === 0) return jumps;
              if (s.x % 10 === 0) Atomics.wait(wait, 0, 0, 60);
              return next({ x: 1 });
            },
          }),
        ]);
        m.invariant('P', { text: 'x is in range', reads: () => ({ x }), holds: (s) => s.x <= 40 });
      },
    }),
  );
  expect(await search(slow, { maxStates: 100, chunk: 2 })).toMatchObject({ verdict: 'holds', states: 41 });
});
