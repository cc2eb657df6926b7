/** SC-03 at small scopes. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-03.js';
import { asExpected, check, named, returned, vacuous, violated } from './observe.js';

const [sc03] = models;

describe('SC-03', () => {
  it.each([
    [{ domains: 1 }, { states: 19_574, transitions: 47_334, depth: 113 }],
    [
      { domains: 1, devices: 2 },
      { states: 62_676, transitions: 149_400, depth: 122 },
    ],
    [
      { cpus: 1, domains: 1, devices: 2, smmus: 2 },
      { states: 2006, transitions: 2517, depth: 89 },
    ],
    [
      { cpus: 1, devices: 2, pages: 2 },
      { states: 58_416, transitions: 73_548, depth: 102 },
    ],
  ])('holds at %o', async (scope, counts) => {
    const result = await check(sc03, scope);
    expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
    expect(vacuous(result)).toEqual([]);
  });

  it('fails with these codes', async () => {
    expect(await returned(sc03, { cpus: 1, devices: 2 })).toEqual({
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      alloc_domain: ['-EINVAL'],
      attach_dev: ['-EBUSY', '-EINVAL'],
      detach_dev: ['-EACCES', '-EINVAL'],
      free_domain: ['-EINVAL'],
      map_pages: ['-EEXIST', '-ENOENT', '-EPERM'],
      unmap_pages: ['-ENOENT'],
    });
  });
});

describe('what published trees do', () => {
  it.each([
    ['SC-03/upstream-get', { 'P-14': 2 }],
    ['SC-03/upstream-map', { 'L-1': 8, 'P-14': 15 }],
    ['SC-03/upstream-free', { 'P-14': 2 }],
    ['SC-03/upstream-lookup', { 'P-14': 6 }],
    ['SC-03/timeouts', { 'L-1': 36, 'L-2': 36, 'P-14': 23 }],
    ['SC-03/unmap-timeouts', { 'P-14': 44 }],
    ['SC-03/unmap-returns', {}],
    ['SC-03/teardown', { 'I-1': 31, 'I-3': 28, 'I-7': 75, 'I-13': 64, 'I-14': 47 }],
    ['SC-03/teardown-domain-first', { 'I-1': 34, 'I-3': 27, 'I-7': 75, 'I-13': 64, 'I-14': 37, 'L-3': 27 }],
    ['SC-03/teardown-detach', {}],
  ])('%s', async (name, expected) => {
    expect(violated(await asExpected(named(models, name)))).toEqual(expected);
  });

  it.each([
    ['SC-03/upstream-lookup', { cpus: 1 }],
    ['SC-03/one-vmid', { devices: 1 }],
  ])('%s holds at %o', async (name, scope) => {
    expect(violated(await asExpected(named(models, name), scope))).toEqual({});
  });
});

describe('an unmap whose CMD_SYNC times out', () => {
  const unmapReturns = named(models, 'SC-03/unmap-returns');

  it.each([
    [{}, { states: 608, transitions: 835, depth: 98 }],
    [{ cpus: 2 }, { states: 27_301, transitions: 69_576, depth: 127 }],
    [
      { devices: 2, smmus: 2 },
      { states: 3581, transitions: 5255, depth: 143 },
    ],
  ])('keeps the page at %o', async (scope, counts) => {
    const result = await check(unmapReturns, scope);
    expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
    expect(vacuous(result)).toEqual([]);
  });

  it('says so', async () => {
    expect((await returned(unmapReturns)).unmap_pages).toEqual(['-ENOENT', '-ETIMEDOUT']);
  });
});

describe('other edits', () => {
  it.each([
    ['attach: words 1..7 are not synced', { cpus: 1 }, ['drop attach_dev/sync-words-1..7'], { 'I-1': 13, 'I-3': 10 }],
    ['detach: word 0 is not synced', { cpus: 1 }, ['drop detach_dev/sync-word-0'], { 'I-1': 35, 'I-3': 32 }],
    [
      'attach: list_lock (W-16)',
      { domains: 1 },
      ['unlock attach_dev/list_lock'],
      { 'I-1': 34, 'I-7': 34, 'I-14': 29, 'P-1': 44, 'P-4': 37 },
    ],
    ['detach: list_lock', { domains: 1 }, ['unlock detach_dev/list_lock'], { 'I-14': 59 }],
    [
      'map works on a domain without a reference (W-30)',
      { domains: 1 },
      ['drop map_pages/domain_get', 'drop map_pages/domain_put'],
      { 'L-3/use': 5, 'L-5/tables': 5, 'P-4': 16 },
    ],
    [
      'unmap works on a domain without a reference (W-30)',
      { domains: 1 },
      ['drop unmap_pages/domain_get', 'drop unmap_pages/domain_put'],
      { 'I-1': 45, 'I-7': 46, 'I-14': 30, 'L-5': 28, 'P-1': 60, 'P-4': 26, 'P-14': 18 },
    ],
    [
      'domain_lock around free_domain (W-26)',
      { domains: 1 },
      ['unlock free_domain/domain_lock'],
      { 'I-1': 33, 'I-7': 33, 'I-14': 30, 'L-5': 30, 'P-1': 43, 'P-4': 21, 'P-14': 21 },
    ],
    [
      'free_domain does not give back what leaves pin',
      { cpus: 1, domains: 1 },
      ['drop free_domain/free_leaf'],
      { 'L-5/tables': 11 },
    ],
    ['detach does not look at refs (W-24)', { cpus: 1 }, ['pass detach_dev/refs-is-not-0-or-1'], {}],
  ])('%s', async (_, scope, edits, expected) => {
    expect(violated(await check(sc03, scope, edits))).toEqual(expected);
  });
});
