/** SC-18: two contexts, one context, two backends. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build, flag, model } from '../../src/language/index.js';
import models, { twoDevices } from '../../models/sc-18.js';
import { asExpected, check, named, returned, vacuous, violated } from './observe.js';

describe('SC-18', () => {
  it('holds with a context for each device, and no property says nothing', async () => {
    const result = await check(named(models, 'SC-18'));
    expect(result).toMatchObject({ verdict: 'holds', states: 8573, transitions: 29662, depth: 68, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('holds with one context, if the second probe is refused', async () => {
    const result = await check(named(models, 'SC-18/refuses'));
    expect(result).toMatchObject({ verdict: 'holds', states: 2455, transitions: 8656, depth: 58, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
    expect((await check(named(models, 'SC-18/refuses'), { sameType: true })).verdict).toBe('holds');
  });

  it('holds with two backends that remove their own devices only', async () => {
    const result = await check(named(models, 'SC-18/own-only'));
    expect(result).toMatchObject({ verdict: 'holds', states: 1688, transitions: 5616, depth: 77, deadlocks: 0 });
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

  it('W-61: remove clears the context that a second probe has just stored', async () => {
    const window = model({
      name: 'window',
      title: 'is it reached',
      scope: {
        shell: flag(false, ''),
        platform: flag(false, ''),
        tee: flag(false, ''),
        sameType: flag(false, ''),
        faults: flag(false, ''),
        signals: flag(true, ''),
      },
      build(m, sizes) {
        const { client } = twoDevices(m, sizes, 'v22', false);
        m.reachable('W-61', {
          text: 'dev is set, nobody holds ctx_lock, and there is no context',
          reads: () => ({ dev: client.dev, teeCtx: client.teeCtx, lock: client.lock }),
          holds: (s) => s.dev !== null && s.teeCtx === null && s.lock === 0,
        });
      },
    });
    const { properties } = await search(build(window, { properties: ['W-61'] }));
    expect(properties[0]).toMatchObject({ verdict: 'holds' });
  });

  it('returns these results', async () => {
    expect(await returned(named(models, 'SC-18/collision'))).toEqual({
      'bind-platform-device': ['-EBUSY', '-EINTR', '-EPROBE_DEFER'],
      optee_probe: ['-EBUSY', '-EEXIST', '-EINTR'],
      start: ['-EBUSY', '-EINTR', '-ENODEV', 'SUCCESS'],
      stop: ['-EINTR', '-EINVAL', '-ENODEV'],
    });
    const sysfs = { start: ['-EBUSY', '-EINTR', '-ENODEV', 'SUCCESS'], stop: ['-EINTR', '-EINVAL', '-ENODEV'] };
    expect(await returned(named(models, 'SC-18/refuses'), { sameType: true })).toEqual({
      'bind-TEE-device': ['-EBUSY', '-EINTR'],
      ...sysfs,
    });
    expect(await returned(named(models, 'SC-18/refuses'))).toEqual({
      'bind-TEE-device': ['-EBUSY', '-ENODEV'],
      ...sysfs,
    });
  });
});
