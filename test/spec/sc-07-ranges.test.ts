/** SC-07/ranges at small scopes. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-07-ranges.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [ranges] = models;
const twoCpus = { cpus: 2, addresses: 2, range: 1 };

describe('SC-07/ranges', () => {
  it.each([
    [{}, { states: 24_598, transitions: 30_546, depth: 101 }],
    [{ perTable: 3 }, { states: 29_262, transitions: 35_726, depth: 84 }],
    [twoCpus, { states: 110_404, transitions: 259_586, depth: 118 }],
    [
      { addresses: 2, lifecycle: true },
      { states: 8_371, transitions: 10_515, depth: 110 },
    ],
  ])('holds at %o', async (scope, counts) => {
    const result = await check(ranges, scope);
    expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
    expect(vacuous(result)).toEqual([]);
  });

  it('with a table page for each address, tables may take all pages', async () => {
    expect(violated(await asExpected(ranges, { perTable: 1, addresses: 2 }))).toEqual({ 'V-3': 7 });
  });

  it('fails with these codes, or says how many pages', async () => {
    expect(await returned(ranges)).toEqual({
      map_pages: ['-E2BIG', '-EOPNOTSUPP', '-EPERM', '0', '1', '2'],
      refill: ['-EPERM'],
      unmap_pages: ['0', '1', '2', '3'],
    });
    expect(await returned(ranges, { addresses: 2, lifecycle: true })).toMatchObject({
      free_domain: ['-EINVAL'],
      map_pages: ['-E2BIG', '-ENOENT', '-EOPNOTSUPP', '-EPERM', '0', '1'],
      unmap_pages: ['-ENOENT', '0', '1', '2'],
    });
  });
});

describe('what is met first', () => {
  const lifecycle = { ...twoCpus, lifecycle: true };
  it.each([
    ['two unmaps of one leaf (W-23)', twoCpus, ['pass unmap_pages/leaf-is-not-INV'], { 'P-14': 52 }],
    ['pgt_lock around the unmap (D-35)', twoCpus, ['unlock unmap_pages/smmu_unmap_pages/pgt_lock'], { 'P-14': 52 }],
    [
      'an unmap works on a domain without a reference (W-30)',
      lifecycle,
      ['drop unmap_pages/domain_get', 'drop unmap_pages/domain_put'],
      { 'P-14': 36 },
    ],
    [
      'a map works on a domain without a reference (W-30)',
      lifecycle,
      ['drop map_pages/domain_get', 'drop map_pages/domain_put'],
      { 'L-3/use': 18 },
    ],
  ])('%s', async (_, scope, edits, expected) => {
    const { properties } = await search(build(ranges, { scope, edits }), { stopAtFirst: true });
    const broken = properties.flatMap(({ id, verdict, length }) => (verdict === 'violated' ? [[id, length]] : []));
    expect(Object.fromEntries(broken)).toEqual(expected);
  });
});

describe('other edits', () => {
  const small = { addresses: 2 };
  it.each([
    [
      'a leaf that is not clear is mapped',
      small,
      ['pass map_pages/leaf-is-ZERO'],
      { 'I-14': 30, 'L-5': 52, 'P-10': 32, 'P-14': 51, 'V-3': 46, 'V-7': 22 },
    ],
    [
      'the wait behind a range',
      small,
      ['drop unmap_pages/wait-for-CMD_SYNC'],
      { 'I-1': 41, 'I-7': 41, 'I-14': 33, 'P-1': 47, 'P-4': 33 },
    ],
    [
      'no TLBI at all',
      small,
      ['drop unmap_pages/tlb_inv_range'],
      { 'I-1': 41, 'I-7': 41, 'I-14': 33, 'P-1': 47, 'P-4': 33 },
    ],
    ['the leaf is not cleared', small, ['drop unmap_pages/clear-PTE'], { 'L-5': 39, 'P-10': 39, 'V-3': 24 }],
    ['the use does not end', small, ['drop unmap_pages/ref--'], { 'L-5': 39, 'P-14': 70, 'V-3': 60, 'V-7': 12 }],
    [
      'only the first page of the rest is given back',
      small,
      ['once map_pages/each-page'],
      { 'L-5': 16, 'P-14': 55, 'V-3': 34, 'V-7': 9 },
    ],
    [
      'the domain is never put',
      { ...small, lifecycle: true },
      ['drop unmap_pages/domain_put'],
      { 'L-1': 8, 'P-14': 16, 'V-3': 9, 'V-7': 31 },
    ],
    ['no room for a CMD_SYNC', small, ['pass write-CMD_SYNC/queue-has-room'], { 'P-3': 47 }],
    [
      'no room for the third TLBI of a range',
      { range: 1, perTable: 3 },
      ['pass write-TLBI/queue-has-room'],
      { 'P-3': 61 },
    ],
    ['no lock around the clearing of an INV leaf', small, ['unlock unmap_pages/pgt_lock-again'], {}],
  ])('%s', async (_, scope, edits, expected) => {
    expect(violated(await check(ranges, scope, edits))).toEqual(expected);
  });
});
