/**
 * How many distinct states were seen, in fixed memory: a bit for each of 2^27 hashes, and linear counting (Whang, 1990)
 * for those that fall on one bit. The error is below 1% up to some ten million states.
 */
import { scramble } from './random.js';

const BITS = 27;

/** The part of a state's hash that one variable's code makes. The hash of a state is the XOR of its variables' parts. */
export const partOf = (variable: number, code: number): number =>
  scramble(scramble(variable + 1) ^ Math.imul(code + 1, 0x9e3779b1));

/** A set that only knows how large it is. */
export class Distinct {
  private readonly bits = new Uint32Array(2 ** (BITS - 5));
  private used = 0;

  /** Adds a hash of 32 bits. @returns is it surely new? */
  add(hash: number): boolean {
    const place = scramble(hash) >>> (32 - BITS);
    const bit = 1 << (place & 31);
    if ((this.bits[place >>> 5] & bit) !== 0) return false;
    this.bits[place >>> 5] |= bit;
    this.used++;
    return true;
  }

  /** How many there were, nearly. */
  get size(): number {
    const all = 2 ** BITS;
    return Math.round(-all * Math.log1p(-Math.min(this.used, all - 1) / all));
  }
}
