/** SC-10: EL1's stores to the memory controller. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-10.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc10, published] = models;
/** Resume looks at what it has written: without that, a mistake in it shows. */
const readBack = 'pass system_suspend/client-presents-its-SIDs';

describe('SC-10', () => {
  it('holds, on one CPU and on two', async () => {
    const one = await check(sc10);
    expect(one).toMatchObject({ verdict: 'holds', states: 3483, transitions: 6651, depth: 23 });
    expect(vacuous(one)).toEqual([]);
    const two = await check(sc10, { cpus: 2 });
    expect(two).toMatchObject({ verdict: 'holds', states: 101214, transitions: 420702, depth: 30 });
  });

  it.each([
    ['a foreign SID is let through', ['pass EL1-store-to-MC/SID-belongs-to-device'], { 'I-4': 15, 'I-5': 15 }],
    ['resume writes no override', ['drop system_suspend/write-SID_OVERRIDE', readBack], { 'I-4': 18, 'I-5': 18 }],
    ['resume writes no security', ['drop system_suspend/write-SID_SECURITY', readBack], { 'I-4': 18, 'I-5': 18 }],
  ])('more edits: %s', async (_, edits, expected) => {
    expect(violated(await check(sc10, {}, edits))).toEqual(expected);
  });

  it('needs no filter where firmware has locked the registers; but resume still does', async () => {
    const locked = { locked: true };
    const without = (name: string) => check(sc10, locked, [`pass EL1-store-to-MC/${name}`]);
    for (const guard of ['SID-0-is-checked', 'SID-belongs-to-device', 'engine-is-confined'])
      expect(violated(await without(guard))).toEqual({});
    expect(violated(await check(sc10, locked, ['drop system_suspend/program-client', readBack]))).toEqual({
      'I-4': 16,
      'I-5': 16,
    });
  });

  it('returns these results', async () => {
    expect(await returned(sc10)).toEqual({
      'EL1-store-to-MC': ['dropped'],
      freeze: ['-EAGAIN', '-EPERM'],
      register_mc: ['-EPERM'],
    });
  });
});

describe('SC-10/published', () => {
  it.each([{}, { locked: true }])('is as expected on %o', async (scope) => {
    expect(vacuous(await asExpected(published, scope))).toEqual([]);
  });

  it('returns these results', async () => {
    expect(await returned(published, { locked: true })).toEqual({
      'EL1-store-to-MC': ['dropped'],
      freeze: ['-EAGAIN', '-EPERM'],
      mc_register_sid_mapping: ['-EBUSY'],
      register_mc: ['-EPERM'],
    });
  });
});
