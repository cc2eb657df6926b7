/** SC-06: it holds, its variants are as expected, and what hypercalls return. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-06.js';
import { asExpected, check, returned, vacuous } from './observe.js';

const [sc06, noGbpaCheck, attaching, withEvents, eventsNotPinned] = models;

describe('SC-06', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check(sc06, { pages: 1 });
    expect(result.verdict).toBe('holds');
    expect(result).toMatchObject({ states: 12_646, transitions: 33_626, depth: 50, deadlocks: 0 });
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

  it('holds with two SMMUs', async () => {
    const result = await check(sc06, { pages: 1, cpus: 1, smmus: 2 });
    expect(result).toMatchObject({ verdict: 'holds', states: 7646, transitions: 18_451, depth: 51 });
  });

  it('holds where streams come and go while the SMMU is off', async () => {
    const result = await check(attaching);
    expect(result).toMatchObject({ verdict: 'holds', states: 4515, transitions: 7830, depth: 99, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it.each([
    { pages: 1, order: 'A' },
    { pages: 1, cpus: 1, timeouts: true },
    { pages: 1, cpus: 1, timeouts: true, order: 'A' },
    { pages: 1, cpus: 1, scmi: true },
  ])('is as expected with %o', async (scope) => {
    await asExpected(sc06, scope);
  });

  it('holds with event queues, and returns these codes', async () => {
    const result = await check(withEvents);
    expect(result).toMatchObject({ verdict: 'holds', states: 1009, transitions: 1901, depth: 38, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
    expect(await returned(withEvents)).toMatchObject({
      __pkvm_host_share_hyp: ['-EPERM'],
      __pkvm_host_unshare_hyp: ['-EBUSY', '-EPERM'],
    });
  });

  it.each([
    [withEvents, { scmi: true }],
    [eventsNotPinned, {}],
  ])('with event queues is as expected: %o', async (model, scope) => {
    await asExpected(model, scope);
  });

  it('without the check of GBPA.ABORT is as expected', () => asExpected(noGbpaCheck, { pages: 1, cpus: 1 }));
});
