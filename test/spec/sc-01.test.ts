/** SC-01 at a small scope. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-01.js';
import { asExpected, check, vacuous, violated } from './observe.js';

const [sc01, upstream] = models;
const small = { pages: 2, iovas: 1 };

describe('SC-01', () => {
  it('holds', async () => {
    const result = await check(sc01, small);
    expect(result).toMatchObject({ verdict: 'holds', states: 6464, transitions: 16792, depth: 31, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it.each([
    ['no TLBI', ['drop unmap_pages/tlb_inv_range'], { 'I-1': 18, 'I-7': 18, 'I-14': 15, 'P-1': 21, 'P-4': 15 }],
    ['no ref--', ['drop unmap_pages/ref--'], { 'L-5': 18, 'P-14': 29 }],
    ['the leaf is not cleared', ['drop unmap_pages/clear-PTE'], { 'L-5': 18 }],
    ['map takes an INV leaf for a free one', ['pass map_pages/leaf-is-not-INV'], { 'P-1': 13, 'P-4': 23 }],
  ])('other edits: %s', async (_, edits, expected) => {
    expect(violated(await check(sc01, small, edits))).toEqual(expected);
  });
});

describe('SC-01/upstream', () => {
  it.each([{ pages: 1 }, { cpus: 1 }, { cpus: 1, iovas: 2 }])('is as expected on %o', async (scope) => {
    await asExpected(upstream, scope);
  });
});
