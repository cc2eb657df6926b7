/** SC-04: it holds, its variant is as expected, and what hypercalls return. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-04.js';
import { asExpected, check, returned, vacuous } from './observe.js';

const [sc04, pasids, android, identity, identityPublished, identityFinalise, identityPgtLock] = models;

describe('SC-04', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check(sc04, { domains: 2 });
    expect(result.verdict).toBe('holds');
    expect(result).toMatchObject({ states: 42_760, transitions: 54_240, depth: 207, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('returns these codes', async () => {
    expect(await returned(sc04, { domains: 2 })).toEqual({
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      alloc_domain: ['-EINVAL'],
      attach_dev: ['-EBUSY', '-EINVAL', '-ENOMEM'],
      detach_dev: ['-EACCES', '-EINVAL'],
      free_domain: ['-EINVAL'],
      map_pages: ['-EEXIST', '-ENOENT', '-EPERM'],
      unmap_pages: ['-ENOENT'],
    });
  });
});

describe('SC-04/pasids', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check(pasids);
    expect(result).toMatchObject({ verdict: 'holds', states: 15_960, transitions: 20_302, depth: 141, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('refuses a PASID that the table has no room for', async () => {
    expect(await returned(pasids)).toMatchObject({
      attach_dev: ['-E2BIG', '-EBUSY', '-EINVAL', '-ENOMEM'],
      detach_dev: ['-E2BIG', '-EINVAL'],
    });
  });
});

describe('SC-04/identity', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check(identity);
    expect(result).toMatchObject({ verdict: 'holds', states: 13_518, transitions: 32_365, depth: 132, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('holds with two devices', async () => {
    const result = await check(identity, { cpus: 1, devices: 2 });
    expect(result).toMatchObject({ verdict: 'holds', states: 9432, transitions: 11_707, depth: 148 });
  });

  it('returns these codes', async () => {
    expect(await returned(identity)).toEqual({
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      alloc_domain: ['-EINVAL'],
      attach_dev: ['-EBUSY', '-EINVAL'],
      detach_dev: ['-EINVAL'],
      free_domain: ['-EINVAL'],
      map_pages: ['-EEXIST', '-EINVAL', '-ENOENT', '-EPERM'],
      unmap_pages: ['-EINVAL', '-ENOENT'],
    });
  });
});

describe('SC-04/identity-published', () => {
  it.each([{ cpus: 1 }, {}])('is as expected with %o', async (scope) => {
    await asExpected(identityPublished, scope);
  });
});

describe('SC-04/android-s1-detach', () => {
  it('is as expected on one CPU', () => asExpected(android, { domains: 2, pasids: 1 }));
});

describe('the order of pgt_lock', () => {
  it('has no cycle where tables are freed without it', async () => {
    const result = await check(identityFinalise);
    expect(result).toMatchObject({ verdict: 'holds', states: 13_656, transitions: 32_663, depth: 134 });
  });

  it('has one where they are freed under it, and no deadlock', async () => {
    const result = await asExpected(identityPgtLock, { cpus: 3 });
    expect(result).toMatchObject({ states: 62_932, transitions: 242_510, depth: 135, deadlocks: 0 });
  });

  it('is the same with one CPU: lock order is a matter of the code', async () => {
    await asExpected(identityPgtLock, { cpus: 1 });
  });
});
