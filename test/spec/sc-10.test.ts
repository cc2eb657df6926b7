/** SC-10: EL1's stores to the memory controller. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-10.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc10, published, publishedFilter, publishedResume] = models;
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
  it.each([
    [{}, { states: 39848, transitions: 71354, depth: 17 }],
    [{ locked: true }, { states: 173, transitions: 266, depth: 13 }],
    [{ staysMapped: true }, { states: 17064, transitions: 41658, depth: 17 }],
  ])('is as expected on %o', async (scope, counts) => {
    const result = await asExpected(published, scope);
    expect(result).toMatchObject(counts);
    expect(vacuous(result).filter((id) => !(id === 'W-38' && 'staysMapped' in scope))).toEqual([]);
  });

  it('returns these results', async () => {
    expect(await returned(published, { locked: true })).toEqual({
      'EL1-store-to-MC': ['dropped'],
      mc_init: ['-EPERM'],
      mc_register_sid_mapping: ['-EBUSY'],
    });
  });
});

describe('SC-10/published-filter', () => {
  it.each([{}, { locked: true }, { releases: true }])('is as expected on %o', async (scope) => {
    expect(vacuous(await asExpected(publishedFilter, scope))).toEqual([]);
  });

  it('forwards a SID that was released in between, with a second CPU', async () => {
    const scope = { cpus: 2, locked: true, releases: true };
    const result = await search(build(publishedFilter, { scope, properties: ['W-38'] }));
    expect(violated(result)).toEqual({ 'W-38': 15 });
    expect(result).toMatchObject({ states: 1343856, transitions: 4249168, depth: 44 });
  }, 120_000);
});

describe('SC-10/published-resume', () => {
  it.each([{}, { locked: true }])('is as expected on %o', async (scope) => {
    expect(vacuous(await asExpected(publishedResume, scope))).toEqual([]);
  });
});
