/** SC-20: exact counts, nothing vacuous, what commands answer. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-20.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc20, stm32mp15, optee, two, oneState, sourceHashed] = models;
const one = { cpus: 1 };

describe('SC-20', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(sc20);
    expect(result).toMatchObject({ verdict: 'holds', states: 8280, transitions: 25332, depth: 27, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('answers', async () => {
    expect(await returned(sc20, one)).toMatchObject({
      'open-session': ['BUSY'],
      START: ['BAD_PARAMETERS', 'BAD_STATE', 'SUCCESS'],
      STOP: ['BAD_PARAMETERS', 'BAD_STATE', 'SUCCESS'],
      RELEASE_FW: ['BAD_PARAMETERS', 'BAD_STATE'],
      GET_RSC_TABLE: ['BAD_PARAMETERS', 'BAD_STATE'],
    });
  });
});

describe('other edits', () => {
  it.each([
    'pass sizes-add-up',
    'pass LOAD_FW/is-not-STARTED',
    'pass LOAD_FW/PTA-is-OFF',
    'pass START/PTA-is-OFF',
    'pass STOP/PTA-is-ON',
    'pass STOP/is-not-LOADED',
    'pass no-session-is-open',
    'pass START/session-is-open',
  ])('%s breaks nothing with one processor', async (edit) => {
    expect(violated(await check(sc20, one, [edit]))).toEqual({});
  });
});

describe('other designs', () => {
  it.each([
    { model: stm32mp15, scope: one },
    { model: optee, scope: one },
    { model: optee, scope: { cpus: 1, regions: 1 } },
    { model: sourceHashed, scope: one },
    { model: two, scope: {} },
    { model: oneState, scope: {} },
    { model: oneState, scope: one },
  ])('$model.name is as expected on $scope', async ({ model, scope }) => {
    expect(vacuous(await asExpected(model, scope))).toEqual([]);
  });
});
