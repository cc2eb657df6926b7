/** SC-19: recovery as it is wedges the processor; with what it took given back, it does not. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-19.js';
import { asExpected, check, vacuous, violated } from './observe.js';

const [v19, repaired] = models;

describe('SC-19', () => {
  it.each([
    [{}, { 'I-11': 47, 'I-12': 13, 'L-7': 18, 'L-13': 34, 'P-13-boot': 43, 'P-16': 25, 'V-4': 29 }, 16952],
    [{ faults: 'linux' }, { 'L-13': 42, 'P-13-boot': 45, 'V-4': 42 }, 7020],
    [{ faults: 'linux', recovery: false }, { 'L-13': 43, 'P-13-boot': 46, 'V-4': 43 }, 3344],
    [{ faults: 'none' }, {}, 4812],
  ])('is as expected on %o', async (scope, found, states) => {
    const result = await asExpected(v19, scope);
    expect(violated(result)).toEqual(found);
    expect(result.states).toBe(states);
    expect(vacuous(result)).toEqual([]);
  });
});

describe('SC-19/repaired', () => {
  it.each([{}, { faults: 'linux' }, { recovery: false }, { signals: false }])('holds on %o', async (scope) => {
    const result = await check(repaired, scope);
    expect(result.verdict).toBe('holds');
    expect(vacuous(result)).toEqual([]);
  });
});
