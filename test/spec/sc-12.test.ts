/** SC-12: exact counts, nothing vacuous, and what handlers return. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-12.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc12, v3, oneStatic] = models;

describe('SC-12', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(sc12, { pages: 1 });
    expect(result).toMatchObject({ verdict: 'holds', states: 23676, transitions: 59392, depth: 82, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('holds where the wait between the halves of an STE may give up', async () => {
    const result = await check(sc12, { pages: 1, timeouts: true });
    expect(result).toMatchObject({ verdict: 'holds', states: 49110, transitions: 140152, depth: 74 });
  });

  it('returns these results', async () => {
    expect(await returned(sc12, { cpus: 1, pages: 1, timeouts: true })).toEqual({
      __pkvm_host_donate_guest: ['-EPERM'],
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_host_reclaim_page_guest: ['-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      disable_dev: ['-ETIMEDOUT'],
      enable_dev: ['-ETIMEDOUT'],
      host_mem_abort: ['-EPERM'],
    });
  });
});

describe('other edits', () => {
  it.each([
    ['the sync at the end of enable_dev', 'drop enable_dev/sync-at-end'],
    ['the sync at the end of disable_dev', 'drop disable_dev/sync-at-end'],
    ['the TLBI after mapping a page', 'drop __pkvm_hyp_donate_host/smmu_tlb_inv_range'],
    ['the inner lock', 'unlock __pkvm_host_donate_hyp/pkvm_pgd_lock'],
  ])('%s protects nothing here', async (_, edit) => {
    expect(violated(await check(sc12, { pages: 1 }, [edit]))).toEqual({});
  });
});

describe('the published design', () => {
  it.each([
    { model: v3, scope: {} },
    { model: v3, scope: { timeouts: false } },
    { model: v3, scope: { cpus: 1 } },
    { model: oneStatic, scope: {} },
    { model: oneStatic, scope: { cpus: 1 } },
    { model: oneStatic, scope: { smmus: 1, devices: 1 } },
  ])('$model.name is as expected on $scope', async ({ model, scope }) => {
    await asExpected(model, scope);
  });
});
