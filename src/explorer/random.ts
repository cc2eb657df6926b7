/** Numbers that look random and are the same for the same seed, on every machine. */

/** Scrambles 32 bits, so that neighbours have nothing in common. */
export function scramble(n: number): number {
  n = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  n = Math.imul(n ^ (n >>> 13), 0xc2b2ae35);
  return (n ^ (n >>> 16)) >>> 0;
}

/** A source of whole numbers from 0 to `below - 1`, for one walk of one seed (sfc32). */
export function randomOf(seed: number, walk: number): (below: number) => number {
  let a = scramble(seed | 0);
  let b = scramble(Math.floor(seed / 2 ** 32) ^ 0x9e3779b9);
  let c = scramble(walk + 0x5bd1e995);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return (below) => Math.floor((next() / 2 ** 32) * below);
}
