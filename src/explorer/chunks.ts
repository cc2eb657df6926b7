/** Chunks: the unit in which workers take the states of a level. */
import type { Range } from './crew.js';

/** How many chunks there are in some ranges of the log. */
export const chunkCount = (ranges: readonly Range[], chunk: number): number =>
  ranges.reduce((sum, [from, to]) => sum + Math.ceil((to - from) / chunk), 0);

/** Chunk number `i` of some ranges of the log, or undefined behind the last. */
export function chunkAt(ranges: readonly Range[], chunk: number, i: number): Range | undefined {
  let left = i;
  for (const [from, to] of ranges) {
    const count = Math.ceil((to - from) / chunk);
    if (left < count) return [from + left * chunk, Math.min(to, from + (left + 1) * chunk)];
    left -= count;
  }
  return undefined;
}
