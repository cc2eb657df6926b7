/** SC-09: the handshake and the freeze. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-09.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc09, asWorded] = models;
const small = { cpus: 1, smmus: 1 };

describe('SC-09', () => {
  it('holds, on one CPU and on two', async () => {
    const one = await check(sc09, small);
    expect(one).toMatchObject({ verdict: 'holds', states: 8969, transitions: 17730, depth: 35 });
    expect(vacuous(one)).toEqual([]);
    const wad = await check(sc09, { ...small, wad: true });
    expect(wad).toMatchObject({ verdict: 'holds', states: 38010, transitions: 74062, depth: 36 });
    const two = await check(sc09, { smmus: 1 });
    expect(two).toMatchObject({ verdict: 'holds', states: 55560, transitions: 258942, depth: 38 });
  });

  it.each([
    ['a frozen SMMU can be unregistered', ['pass unregister_smmu/phase-is-OPEN'], { 'I-4': 31, 'I-8': 29, 'P-8': 29 }],
    ['a frozen device can be unregistered', ['pass unregister_dev/phase-is-OPEN'], { 'I-17': 26 }],
    ['an SMMU that does not abort is taken', ['pass GBPA.ABORT-is-1'], { 'I-4': 11 }],
    ['an SMMU is not enabled', ['drop register_smmu/enable'], { 'I-4': 7 }],
    ['an SMMU is not unmapped', ['drop register_smmu/unmap'], { 'I-4': 7 }],
    ['an SMMU stays marked', ['drop unregister_smmu/unmark'], { 'I-4': 13 }],
    ['the MC is taken before its devices are known', ['pass register_mc/devices-are-registered'], { 'I-5': 19 }],
    ['an override is not checked', ['pass EL1-store-to-MC/SID-belongs-to-device'], { 'I-5': 28 }],
  ])('more edits: %s', async (_, edits, expected) => {
    expect(violated(await check(sc09, small, edits))).toEqual(expected);
  });

  it.each([
    ['freeze', { 'I-4': 22, 'I-5': 19, 'I-8': 24, 'I-17': 29, 'P-8': 24 }],
    ['register_mc', { 'I-5': 19 }],
  ])('policy_lock is needed around %s', async (name, expected) => {
    expect(violated(await check(sc09, { smmus: 1 }, [`unlock ${name}/policy_lock`]))).toEqual(expected);
  });

  it('the base of an SMMU is checked: else another one is taken in its name', async () => {
    expect(violated(await check(sc09, { cpus: 1 }, ['pass register_smmu/base-equals-truth']))).toEqual({ 'I-4': 8 });
  });

  it('returns these results', async () => {
    expect(await returned(sc09, small)).toEqual({
      'EL1-store-to-MC': ['dropped'],
      attach_dev: ['-EPERM'],
      freeze: ['-EAGAIN', '-EPERM'],
      register_dev: ['-EBUSY', '-EPERM'],
      register_mc: ['-EAGAIN', '-EPERM'],
      register_smmu: ['-EBUSY', '-EINVAL', '-EPERM'],
      unregister_dev: ['-ENOENT', '-EPERM'],
      unregister_smmu: ['-ENOENT', '-EPERM'],
    });
  });
});

describe('SC-09/validate-then-lock', () => {
  it.each([{ cpus: 1, smmus: 1 }, { smmus: 1 }])('is as expected on %o', async (scope) => {
    expect(vacuous(await asExpected(asWorded, scope))).toEqual([]);
  });
});
