/** Exact counting below 2^53; from there on, `Infinity`. Rounding is monotone, so the border is exact too. */

/** `n`, or `Infinity` from 2^53 on. */
export function capped(n: number): number {
  return n < 2 ** 53 ? n : Infinity;
}

/** `a * b`, where nothing times too many is nothing. */
export function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : capped(a * b);
}

/** `base ** exponent`, with `0 ** 0 = 1`. */
export function power(base: number, exponent: number): number {
  if (exponent === 0 || base === 1) return 1;
  let result = base;
  for (let i = 1; i < exponent && result > 0 && result < Infinity; i++) result = times(result, base);
  return result;
}

/** `1 + base + base^2 + … + base^max`: the sequences of at most `max` elements. */
export function sequences(base: number, max: number): number {
  if (base === 0) return 1;
  if (base === 1) return capped(max + 1);
  let total = 1;
  for (let i = 1, term = base; i <= max && total < Infinity; i++, term = times(term, base))
    total = capped(total + term);
  return total;
}
