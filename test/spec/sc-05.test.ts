/** SC-05: the command queue holds at small scopes. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-05.js';
import { asExpected, check, results, vacuous, violated } from './observe.js';

const [sc05, forwards] = models;

describe('SC-05', () => {
  it.each([
    [
      { entries: 2, batch: 1 },
      { states: 5288, transitions: 13156, depth: 51 },
    ],
    [{ entries: 2 }, { states: 7312, transitions: 17988, depth: 46 }],
    [
      { entries: 2, batch: 1, laps: true },
      { states: 8511, transitions: 20568, depth: 52 },
    ],
  ])('holds on %o, and no property is vacuous', async (scope, counts) => {
    const result = await check(sc05, scope);
    expect(violated(result)).toEqual({});
    expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
    expect(vacuous(result)).toEqual([]);
  });
});

describe('what is violated is as expected', () => {
  it.each([
    [sc05, { entries: 2, acks: false }],
    [sc05, { entries: 2, warn: true }],
    [sc05, { entries: 2, warn: true, acks: false }],
    [sc05, { entries: 2, warn: true, aborts: false }],
    [forwards, { entries: 2 }],
    [forwards, { entries: 2, warn: false }],
  ])('$name %o', async (model, scope) => {
    await asExpected(model, scope);
  });
});

it('returns these codes', async () => {
  expect(await results(sc05, { entries: 2, batch: 1 })).toEqual([
    'host_cmdq/smmu_lock/filter -EINVAL',
    'host_cmdq/smmu_lock/wait-for-CMD_SYNC 0',
    'host_cmdq/smmu_lock/wait-for-CMD_SYNC -ETIMEDOUT',
    'host_cmdq/smmu_lock/write-CMD_SYNC -ETIMEDOUT',
    'host_cmdq/smmu_lock/write-command -ETIMEDOUT',
    'smmu_inv/smmu_lock/wait-for-CMD_SYNC 0',
    'smmu_inv/smmu_lock/wait-for-CMD_SYNC -ETIMEDOUT',
    'smmu_inv/smmu_lock/write-CMD_SYNC -ETIMEDOUT',
    'smmu_inv/smmu_lock/write-command -ETIMEDOUT',
  ].sort()); // prettier-ignore
});

it('a missing barrier is invisible where entries forget what they held', async () => {
  const edits = ['drop */barrier-for-command', 'drop */barrier-for-CMD_SYNC'];
  expect(violated(await check(sc05, { entries: 2, batch: 1 }, edits))).toEqual({});
});
