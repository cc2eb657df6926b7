/** SC-17: what each version breaks, that the repaired one holds, and which windows are reached. Seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build, flag, model } from '../../src/language/index.js';
import models, { declare } from '../../models/sc-17.js';
import type { ClientVersion } from '../../src/spec/index.js';
import { asExpected, check, named, returned, vacuous, violated, type Scope } from './observe.js';

const repaired = named(models, 'SC-17/repaired');
const alone = { shell: false, tee: false, platform: false };
const second: Scope = { tee: false, platform: false, second: true, images: true };

describe('SC-17/repaired', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(repaired);
    expect(result).toMatchObject({ verdict: 'holds', states: 3810, transitions: 12699, depth: 92, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it.each([
    { autoBoot: true },
    { faults: true },
    second,
    { ...second, faults: true },
    { second: true, shell: false },
    { signals: false },
  ])('holds with %o', async (scope) => {
    expect((await check(repaired, scope)).verdict).toBe('holds');
  });

  it.each([
    ['the link', 'drop close_session/device_link_add/device_link_add', { 'V-4': 3 }],
    ['the mutex around remove', 'unlock unbind-TEE-device/void/remove/ctx_lock', { 'L-8': 22, 'L-9': 39, 'L-11': 16 }],
    ['the mutex around probe', 'unlock bind-TEE-device/ctx_lock', { 'L-9': 40 }],
    [
      'the mutex around register',
      'unlock bind-platform-device/free/rproc_tee_register/ctx_lock',
      { 'L-8': 21, 'L-9': 38 },
    ],
    ['the check of dev in register', 'pass is-dev-set/dev-is-set', { 'L-8': 23, 'L-9': 31, 'V-4': 21 }],
    ['device_lock of the platform device', 'unlock unbind-platform-device/device_lock', { 'L-12': 20 }],
    ['the check that a sysfs file is there', 'pass start/file-is-there', { 'L-13': 80 }],
    ['draining sysfs files', 'unlock unbind-platform-device/kn->active', { 'L-13': 80 }],
    ['the test of dev in the calls', 'pass */look-up/dev-is-set', {}],
  ])('without %s', async (_, edit, expected) => {
    const result = await check(repaired, {}, [edit]);
    expect(violated(result)).toEqual(expected);
    expect(result.faults).toEqual([]);
  });
});

describe('versions are as expected', () => {
  it.each([
    ['SC-17', { signals: false }],
    ['SC-17', { shell: false }],
    ['SC-17', { tee: false }],
    ['SC-17', { platform: false }],
    ['SC-17', second],
    ['SC-17/v18', { shell: false }],
    ['SC-17/v18', { tee: false }],
    ['SC-17/v18', { platform: false }],
    ['SC-17/v18', second],
    ['SC-17/v20', {}],
    ['SC-17/v20', { signals: false }],
    ['SC-17/v20', { shell: false }],
    ['SC-17/v20', { tee: false }],
    ['SC-17/v20', { platform: false }],
    ['SC-17/v22', { autoBoot: false }],
    ['SC-17/v22', { shell: true, tee: false, autoBoot: false }],
    ['SC-17/v22', { shell: true, platform: false, autoBoot: false }],
    ['SC-17/v22', { tee: false, faults: true }],
    ['SC-17/v22', { ...second, shell: true, autoBoot: false }],
  ] as const)('%s with %o', async (name, scope) => {
    await asExpected(named(models, name), scope);
  });
});

describe('windows are reached', () => {
  /** The scenario with one goal more: how long the way to it is. */
  const steps = async (
    version: ClientVersion,
    scope: Scope,
    goal: (system: ReturnType<typeof declare>) => { reads: object; holds: (seen: never) => boolean },
  ): Promise<number | undefined> => {
    const window = model({
      name: 'window',
      title: 'is it reached',
      scope: {
        shell: flag(true, ''),
        tee: flag(true, ''),
        platform: flag(true, ''),
        second: flag(false, ''),
        images: flag(false, ''),
        autoBoot: flag(false, ''),
        faults: flag(false, ''),
        signals: flag(true, ''),
      },
      build(m, sizes) {
        const { reads, holds } = goal(declare(m, sizes, version));
        m.reachable('window', { text: 'it is reached', reads: () => reads as never, holds: holds as never });
      },
    });
    const { properties } = await search(build(window, { scope, properties: ['window'] }));
    return properties[0].length;
  };
  const off = ({ rprocs, ta }: ReturnType<typeof declare>) => ({
    state: rprocs.state(0 as never),
    power: rprocs.power(0 as never),
    lock: rprocs.lock(0 as never),
    ta: ta.state(0 as never),
  });
  type Off = { state: string; power: number; lock: number; ta: string };
  const isOff = (s: Off): boolean => s.state === 'OFFLINE' && s.power === 0 && s.lock === 0;

  it('W-50: a context is open, and its probe waits for ctx_lock', async () => {
    const goal = ({ bus, devices, client }: ReturnType<typeof declare>) => ({
      reads: { open: bus.open(0 as never), status: devices.tee(0 as never), lock: client.lock },
      holds: (s: { open: unknown; status: string; lock: number }) =>
        s.open !== null && s.status === 'PROBING' && s.lock === 1,
    });
    expect(await steps('v19', { ...alone, tee: true, platform: true }, goal)).toBeDefined();
    expect(await steps('v20', { ...alone, tee: true, platform: true }, goal)).toBeDefined();
  });

  it('W-52: an image stays loaded, and nobody has released it', async () => {
    const goal = (system: ReturnType<typeof declare>) => ({
      reads: off(system),
      holds: (s: Off) => isOff(s) && s.ta === 'LOADED',
    });
    expect(await steps('v19', second, goal)).toBeDefined();
    expect(await steps('v18', second, goal)).toBeUndefined();
  });

  it('W-56: the TA has started what Linux takes for off', async () => {
    const goal = (system: ReturnType<typeof declare>) => ({
      reads: off(system),
      holds: (s: Off) => isOff(s) && s.ta === 'STARTED',
    });
    expect(await steps('v19', { ...second, images: false, faults: true }, goal)).toBeDefined();
  });

  it('W-60: a link is added while its supplier is being unbound', async () => {
    const goal = ({ devices, client }: ReturnType<typeof declare>) => ({
      reads: {
        link: devices.link(0 as never),
        status: devices.platform(0 as never),
        listed: client.listed(0 as never),
      },
      holds: (s: { link: string; status: string; listed: boolean }) =>
        s.link === 'SUPPLIER_UNBIND' && s.status === 'PROBING' && s.listed,
    });
    expect(await steps('v19', { ...alone, tee: true, platform: true }, goal)).toBeDefined();
    expect(await steps('repaired', { ...alone, tee: true, platform: true }, goal)).toBeUndefined();
  });
});

it('returns these results', async () => {
  expect(await returned(named(models, 'SC-17'), { shell: false, faults: true })).toEqual({
    'bind-TEE-device': ['-EBUSY', '-EINTR', '-ENOMEM'],
    'bind-platform-device': ['-EBUSY', '-EINTR', '-EINVAL', '-ENODEV', '-ENOMEM', '-EPROBE_DEFER'],
    'unbind-TEE-device': ['-EINVAL'],
    'unbind-platform-device': ['-EINTR', '-EINVAL', '-ENODEV'],
  });
  expect(await returned(repaired)).toEqual({
    'bind-TEE-device': ['-EBUSY', '-EINTR'],
    'bind-platform-device': ['-EBUSY', '-EINTR', '-EPROBE_DEFER'],
    start: ['-EBUSY', '-EINTR', '-ENODEV', 'SUCCESS'],
    stop: ['-EINTR', '-EINVAL', '-ENODEV'],
  });
  expect(await returned(named(models, 'SC-17/v20'), { shell: false, faults: true })).toEqual({
    'bind-TEE-device': ['-EBUSY', '-EINVAL', '-ENODEV', '-ENOMEM'],
    'bind-platform-device': ['-EBUSY', '-EINVAL', '-ENODEV', '-ENOMEM'],
  });
  expect(await returned(named(models, 'SC-17/v22'), { autoBoot: false, faults: true })).toEqual({
    'bind-TEE-device': ['-EBUSY', '-EINTR', '-ENODEV', '-ENOMEM'],
    'bind-platform-device': ['-EBUSY', '-EINTR', '-EINVAL', '-ENOMEM', '-EPROBE_DEFER', 'BUSY'],
    'unbind-TEE-device': ['-EINTR', '-EINVAL'],
    'unbind-platform-device': ['-EINTR', '-EINVAL', '-ENODEV'],
  });
});
