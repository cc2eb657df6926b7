/** Threads that share a store with this one, and what is left when one of them is gone. */
import { expect, it } from 'vitest';
import type { Store as StoreType } from '../../src/explorer/store.js';
import { fixtureSource, internals } from '../built.js';

const STATES = 120_000;

/** A store with many states, and a larger one. */
async function stores(): Promise<{ from: StoreType; to: StoreType }> {
  const { Layout, Store } = await internals();
  const layout = new Layout([20]);
  const from = Store.create(layout, true, 2 ** 18);
  const [words, slot] = [new Int32Array(1), new Int32Array(1)];
  for (let state = 0; state < STATES; state++) {
    layout.pack([state], words, 0);
    if (!from.log.room(1) || from.set.insert(words, 1, slot) < 1) throw new Error('the store is too small');
    from.log.add(slot[0]);
  }
  from.log.close();
  from.log.compact(0);
  return { from, to: Store.create(layout, true, 2 ** 19) };
}

async function moving(change: (stores: { from: StoreType; to: StoreType }) => void): Promise<unknown> {
  const { Pool, ValueLog } = await internals();
  const own = await stores();
  change(own);
  const pool = new Pool(2, fixtureSource('hazards.mjs', 'fine'), ValueLog.memory(1000), false, undefined);
  try {
    return (await pool.move(own.from, own.to)) && own.to.log.length;
  } catch (error) {
    return error;
  } finally {
    await pool.close();
  }
}

it('moves all states to another store', async () => {
  expect(await moving(() => {})).toBe(STATES);
});

it('a move that fails in a thread, or in this one, ends the search as incomplete', async () => {
  const fails = (): never => {
    throw new Error('a worker died while it wrote a state');
  };
  const here = await moving(({ from }) => Object.assign(from, { moveChunks: fails }));
  const there = await moving(({ to }) =>
    Object.defineProperty(to, 'handle', { value: { ...to.handle, capacity: 2 ** 40 } }),
  );
  expect([here, there]).toMatchObject([{ name: 'WorkerDiedError' }, { name: 'WorkerDiedError' }]);
});

it('a value log that a dead worker held is this thread’s own again, with all that was added', async () => {
  const { ValueLog } = await internals();
  const memory = ValueLog.memory(1000);
  const [mine, dead] = [new ValueLog(memory), new ValueLog(memory)];
  const read: number[] = [];
  const readAll = (): void => {
    for (const record of mine.unread()) read.push(...record);
  };
  dead.exclusively(() => {
    dead.append(Uint8Array.of(1, 2));
    mine.abort();
    expect(() => mine.exclusively(readAll)).toThrow('aborted');
    mine.release();
    mine.exclusively(readAll);
  });
  expect(read).toEqual([1, 2]);
});
