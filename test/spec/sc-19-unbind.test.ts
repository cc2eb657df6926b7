/** SC-19 with an unbind: who crashes while its driver goes is neither stopped nor forgotten. Seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-19-unbind.js';
import { asExpected, check, named, returned, vacuous, violated } from './observe.js';

const always = { 'L-7': 19, 'L-13': 19 };

describe('the published versions', () => {
  it.each([
    ['SC-19/unbind', 36975, { ...always, 'L-9': 51, 'L-12': 27, 'L-12-work': 16, deleted: 20, 'V-4': 8 }],
    ['SC-19/unbind-v20', 37327, { ...always, 'L-9': 52, 'L-12': 11, 'L-12-work': 11, deleted: 21, 'V-4': 9 }],
    ['SC-19/unbind-v22', 85253, { ...always, 'L-9': 22, 'L-12': 11, 'L-12-work': 12, deleted: 21, 'V-4': 9 }],
  ])('%s', async (name, states, found) => {
    const result = await asExpected(named(models, name));
    expect(result.states).toBe(states);
    expect(violated(result)).toEqual(found);
    expect(result.faults).toEqual([]);
  });

  const small = [
    { shell: false },
    { shell: false, recovery: false },
    { shell: false, signals: false },
    { shell: false, faults: true },
    { recovery: false },
    { recovery: false, faults: true, signals: false },
    { shell: false, tee: true, recovery: false },
    { shell: false, tee: true, signals: false },
    { shell: false, tee: true, recovery: false, faults: true, signals: false },
  ];
  const published = models.filter(({ name }) => name !== 'SC-19/unbind-repaired');
  it.each(published.flatMap((model) => small.map((scope) => [model.name, scope, model] as const)))(
    '%s is as expected with %o',
    async (_, scope, model) => {
      expect(vacuous(await asExpected(model, scope))).toEqual([]);
    },
  );
});

describe('SC-19/unbind-repaired', () => {
  const repaired = named(models, 'SC-19/unbind-repaired');

  it('holds, and no property says nothing', async () => {
    const result = await check(repaired);
    expect(result).toMatchObject({ verdict: 'holds', states: 11343, transitions: 39008, depth: 191 });
    expect(vacuous(result)).toEqual([]);
  });

  it.each([{ recovery: false }, { faults: true }, { signals: false }, { shell: false, tee: true }, { tee: true }])(
    'holds with %o',
    async (scope) => {
      expect((await check(repaired, scope)).verdict).toBe('holds');
    },
  );

  it.each([
    ['the look at OFFLINE in the crash handler', 'pass is-not-OFFLINE', { 'L-13': 46 }],
    ['the look at CRASHED in the recovery', 'pass rproc_crash_handler_work/is-CRASHED', { 'L-13': 74 }],
    ['the same for root’s recovery', 'pass recover/is-CRASHED', { 'L-13': 44, deleted: 30 }],
    ['power := 0 in rproc_del', 'drop remove/rproc_del/rproc->lock/power-:=-0', { 'L-13': 27 }],
    ['the look at CRASHED in the crash handler', 'pass is-not-CRASHED', {}],
    ['the look whether the file of debugfs is there', 'pass recover/file-is-there', {}],
  ])('without %s', async (_, edit, found) => {
    expect(violated(await check(repaired, {}, [edit]))).toEqual(found);
  });
});

it('returns these results', async () => {
  const failed = ['-EIO', '-ENOENT', '-ENOMEM', '0', 'BAD_STATE', 'OUT_OF_MEMORY'];
  expect(await returned(named(models, 'SC-19/unbind'), { faults: true })).toMatchObject({
    'unbind-platform-device': ['-EINTR', '-EINVAL', '-EIO', '0'],
    recover: ['-EINTR', '-EIO', '-ENODEV', ...failed.slice(1), 'SUCCESS'],
    rproc_crash_handler_work: ['-EINVAL', ...failed, 'SUCCESS'],
    stop: ['-EINTR', '-EINVAL', '-EIO', '-ENODEV', '0'],
  });
  expect(await returned(named(models, 'SC-19/unbind-repaired'), { faults: true })).toMatchObject({
    'unbind-platform-device': ['-EIO', '-ignored'],
    recover: ['-EINTR', '-EIO', '-ENODEV', ...failed.slice(1)],
    rproc_crash_handler_work: failed,
  });
});
