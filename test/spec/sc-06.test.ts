/** SC-06: it holds, its variants are as expected, and what hypercalls return. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-06.js';
import { asExpected, check, returned, vacuous } from './observe.js';

const [sc06, noGbpaCheck] = models;

describe('SC-06', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check(sc06, { pages: 1 });
    expect(result.verdict).toBe('holds');
    expect(result).toMatchObject({ states: 9639, transitions: 24975, depth: 46, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('returns these codes', async () => {
    expect(await returned(sc06, { pages: 1, cpus: 1, timeouts: true })).toEqual({
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      map_pages: ['-EEXIST', '-EPERM'],
      pd_off: ['-ETIMEDOUT'],
      pd_on: ['-ETIMEDOUT'],
      unmap_pages: ['-ENOENT'],
    });
  });

  it.each([
    { pages: 1, order: 'A' },
    { pages: 1, cpus: 1, timeouts: true },
    { pages: 1, cpus: 1, timeouts: true, order: 'A' },
    { pages: 1, cpus: 1, scmi: true },
  ])('is as expected with %o', async (scope) => {
    await asExpected(sc06, scope);
  });

  it('without the check of GBPA.ABORT is as expected', () => asExpected(noGbpaCheck, { pages: 1, cpus: 1 }));
});
