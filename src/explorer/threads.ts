/** Threads of a pool that wait for one another, and the end of a pool. */
import type { Piscina } from 'piscina';

/** Where threads meet: none goes on before all have arrived. */
export interface Meeting {
  /** One word: how many have arrived. */
  readonly arrivals: SharedArrayBuffer;
  readonly threads: number;
}

export const meeting = (threads: number): Meeting => ({ arrivals: new SharedArrayBuffer(4), threads });

/** Arrives, and waits for the others. A task of a pool of which each thread takes one at a time. */
export function meet({ arrivals, threads }: Meeting): void {
  const words = new Int32Array(arrivals);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  for (;;) {
    const arrived = Atomics.load(words, 0);
    if (arrived >= threads) return;
    Atomics.wait(words, 0, arrived);
  }
}

/** Nobody need wait any longer: a thread will never arrive. */
export function cancel({ arrivals, threads }: Meeting): void {
  const words = new Int32Array(arrivals);
  Atomics.add(words, 0, threads);
  Atomics.notify(words, 0);
}

/**
 * Ends a pool whose file exports {@link meet}, once each thread has loaded that file and is done with its tasks: Node 20
 * aborts the whole process if a thread is ended while it loads a module, be it one that took the place of another that died.
 */
export async function endPool(pool: Piscina<never, unknown>, threads: number): Promise<void> {
  const all = meeting(threads);
  const thread = (): Promise<unknown> => pool.run(all as never, { name: 'meet' }).catch(() => cancel(all));
  await Promise.all(Array.from({ length: threads }, thread));
  await pool.destroy();
}
