/** SC-07 at small scopes. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-07.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc07, domains, lockedTwice, retry] = models;

describe('SC-07', () => {
  it.each([
    [sc07, { cpus: 1 }, { states: 3_684, transitions: 4_736, depth: 69 }],
    [domains, {}, { states: 110_524, transitions: 264_292, depth: 137 }],
    [retry, {}, { states: 1_781, transitions: 3_493, depth: 99 }],
  ])('$name holds at %o', async (model, scope, counts) => {
    const result = await check(model, scope);
    expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
    expect(vacuous(result)).toEqual([]);
  });

  it('SC-07/retry: a host that always takes back what it has donated waits for ever (W-27)', async () => {
    expect(violated(await search(build(retry, { denied: ['W-27'] })))).toEqual({ 'V-3': 33 });
  });

  it('SC-07/locked-twice: a CPU that frees a table waits for itself', async () => {
    expect(violated(await asExpected(lockedTwice, { cpus: 1 }))).toEqual({ 'V-1': 26, 'V-3': 23, wedge: 21 });
  });

  it('fails with these codes', async () => {
    expect(await returned(domains, { cpus: 1 })).toEqual({
      alloc_domain: ['-EINVAL'],
      attach_dev: ['-EBUSY', '-EINVAL'],
      detach_dev: ['-EINVAL'],
      free_domain: ['-EINVAL'],
      map_pages: ['-ENOENT', '-EPERM'],
      refill: ['-EPERM'],
      unmap_pages: ['-ENOENT'],
    });
    expect(await returned(sc07, { cpus: 1 })).toEqual({
      map_pages: ['-EPERM'],
      refill: ['-EPERM'],
      unmap_pages: ['-ENOENT'],
    });
  });
});

describe('other edits', () => {
  const small = { pages: 2, iovas: 1, range: 1 };
  it.each([
    ['A1 without the pool’s lock (W-27)', sc07, small, ['unlock map_pages/hyp_pool.lock'], { 'I-3/pages': 19 }],
    ['A5 without the pool’s lock', sc07, small, ['unlock reclaim/hyp_pool.lock'], { 'I-3/pages': 19 }],
    ['two maps make one table page', sc07, { ...small, pages: 3 }, ['unlock map_pages/pgt_lock'], { 'L-5/pages': 33 }],
    [
      'a table page is not put back',
      domains,
      { cpus: 1 },
      ['drop free_domain/put-page'],
      { 'L-5/pages': 25, 'V-3': 23 },
    ],
    ['a table page is forgotten', domains, { cpus: 1 }, ['drop free_domain/free_table'], { 'L-5/pages': 24 }],
    [
      'refill takes what EL2 has',
      domains,
      { cpus: 1 },
      ['pass refill/host-state-is-OWNED', 'pass refill/hyp-state-is-NOPAGE'],
      { 'I-3/pages': 25 },
    ],
    ['no ownership check at map', sc07, { cpus: 1 }, ['pass map_pages/host-owns-page'], { 'I-1': 15 }],
  ])('%s', async (_, model, scope, edits, expected) => {
    expect(violated(await check(model, scope, edits))).toEqual(expected);
  });
});
