/** SC-18: two contexts, one context, two backends. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-18.js';
import { asExpected, check, named, returned, vacuous, violated } from './observe.js';

describe('SC-18', () => {
  it('holds with a context for each device, and no property says nothing', async () => {
    const result = await check(named(models, 'SC-18'));
    expect(result).toMatchObject({ verdict: 'holds', states: 0, transitions: 0, depth: 0, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('holds with one context, if the second probe is refused', async () => {
    const result = await check(named(models, 'SC-18/refuses'));
    expect(result).toMatchObject({ verdict: 'holds', states: 0, transitions: 0, depth: 0, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
    expect((await check(named(models, 'SC-18/refuses'), { sameType: true })).verdict).toBe('holds');
  });

  it('holds with two backends that remove their own devices only', async () => {
    const result = await check(named(models, 'SC-18/own-only'));
    expect(result).toMatchObject({ verdict: 'holds', states: 0, transitions: 0, depth: 0, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it.each([
    ['SC-18/two-types', { shell: false }],
    ['SC-18/two-types', { shell: false, signals: false }],
    ['SC-18/v22', {}],
    ['SC-18/collision', {}],
    ['SC-18/own-only', { tee: true }],
  ] as const)('%s is as expected with %o', async (name, scope) => {
    await asExpected(named(models, name), scope);
  });

  it('stops the processor of the first backend, in three steps', async () => {
    expect(violated(await check(named(models, 'SC-18/collision')))).toEqual({ 'V-4': 8, 'W-68': 3 });
  });

  it('returns these results', async () => {
    expect(await returned(named(models, 'SC-18/collision'), { signals: false })).toEqual({});
    expect(await returned(named(models, 'SC-18/refuses'), { sameType: false })).toEqual({});
  });
});
