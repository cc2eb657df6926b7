// The sizes of the benchmark model, with the exact figures every exact search must reproduce.

/**
 * @typedef {object} Size
 * @property {string} name
 * @property {{ cpus: number, devices: number, pages: number, queue: number }} scope
 * @property {number} states
 * @property {number} transitions
 * @property {number} depth length of the longest shortest path
 * @property {{ stack: number, dfsBits: number, bfsBits: number, parallelBits: number }} spin
 *   the DFS stack (just above the depth the search reaches, as SPIN allocates it whole) and the
 *   log2 of the hash table of each search (the fastest found; nothing is ever truncated)
 */

/** @type {Record<string, Size>} */
export const SIZES = {
  S: {
    name: 'S',
    scope: { cpus: 2, devices: 1, pages: 2, queue: 2 },
    states: 17_529,
    transitions: 58_654,
    depth: 25,
    spin: { stack: 10_000, dfsBits: 16, bfsBits: 16, parallelBits: 16 },
  },
  M: {
    name: 'M',
    scope: { cpus: 2, devices: 2, pages: 2, queue: 2 },
    states: 938_715,
    transitions: 4_062_708,
    depth: 48,
    spin: { stack: 250_000, dfsBits: 21, bfsBits: 21, parallelBits: 22 },
  },
  L: {
    name: 'L',
    scope: { cpus: 2, devices: 2, pages: 3, queue: 2 },
    states: 19_421_595,
    transitions: 103_107_832,
    depth: 60,
    spin: { stack: 3_400_000, dfsBits: 25, bfsBits: 25, parallelBits: 26 },
  },
};
