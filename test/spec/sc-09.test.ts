/** SC-09: the handshake and the freeze. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-09.js';
import { resultsSeen, violated } from './observe.js';

const [sc09, asWorded] = models;
const small = { cpus: 1, smmus: 1 };

const check = (
  model: typeof sc09,
  scope: Record<string, unknown>,
  edits: readonly string[] = [],
  denied: readonly string[] = [],
) => search(build(model, { scope, edits, denied }));

describe('SC-09', () => {
  it('holds, on one CPU and on two', async () => {
    const one = await check(sc09, small);
    expect(one).toMatchObject({ verdict: 'holds', states: 8969, transitions: 17730, depth: 35 });
    expect(one.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
    const two = await check(sc09, { smmus: 1 });
    expect(two).toMatchObject({ verdict: 'holds', states: 55560, transitions: 258942, depth: 38 });
  });

  it.each(defects.map((defect) => [`${defect.id}: ${defect.what}`, defect] as const))('%s', async (_, defect) => {
    const model = models.find(({ name }) => name === defect.model);
    expect(violated(await check(model!, defect.scope ?? {}, defect.edits, defect.deny))).toEqual(defect.violates);
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

  it('returns these codes', () => {
    expect(resultsSeen(build(sc09, { scope: small }))).toEqual([
      '-EAGAIN freeze',
      '-EAGAIN register_mc',
      '-EBUSY register_dev',
      '-EBUSY register_smmu',
      '-EINVAL register_smmu',
      '-ENOENT unregister_dev',
      '-ENOENT unregister_smmu',
      '-EPERM attach_dev',
      '-EPERM freeze',
      '-EPERM register_dev',
      '-EPERM register_mc',
      '-EPERM register_smmu',
      '-EPERM unregister_dev',
      '-EPERM unregister_smmu',
      'dropped EL1-store-to-MC',
    ]);
  });
});

describe('SC-09/validate-then-lock', () => {
  it.each([{ cpus: 1, smmus: 1 }, { smmus: 1 }])('is as expected on %o', async (scope) => {
    const machine = build(asWorded, { scope });
    const result = await search(machine);
    const expected = Object.keys(asWorded.expected(machine.scope));
    expect(Object.keys(violated(result)).sort()).toEqual(expected.sort());
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });
});
