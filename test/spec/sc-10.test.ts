/** SC-10: EL1's stores to the memory controller. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-10.js';
import { resultsSeen, violated } from './observe.js';

const [sc10, published] = models;

const check = (
  model: typeof sc10,
  scope: Record<string, unknown> = {},
  edits: readonly string[] = [],
  denied: readonly string[] = [],
) => search(build(model, { scope, edits, denied }));

describe('SC-10', () => {
  it('holds, on one CPU and on two', async () => {
    const one = await check(sc10);
    expect(one).toMatchObject({ verdict: 'holds', states: 3477, transitions: 6645, depth: 23 });
    expect(one.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
    const two = await check(sc10, { cpus: 2 });
    expect(two).toMatchObject({ verdict: 'holds', states: 63498, transitions: 283618, depth: 24 });
  });

  it.each(defects.map((defect) => [`${defect.model} ${defect.id}: ${defect.what}`, defect] as const))(
    '%s',
    async (_, defect) => {
      const model = models.find(({ name }) => name === defect.model);
      expect(violated(await check(model!, defect.scope, defect.edits, defect.deny))).toEqual(defect.violates);
    },
  );

  it.each([
    ['a foreign SID is let through', ['pass EL1-store-to-MC/SID-belongs-to-device'], { 'I-4': 15, 'I-5': 15 }],
    ['resume writes no override', ['drop system_suspend/write-SID_OVERRIDE'], { 'I-4': 16, 'I-5': 16 }],
    ['resume writes no security', ['drop system_suspend/write-SID_SECURITY'], { 'I-4': 16, 'I-5': 16 }],
  ])('more edits: %s', async (_, edits, expected) => {
    expect(violated(await check(sc10, {}, edits))).toEqual(expected);
  });

  it('needs no filter where firmware has locked the registers; but resume still does', async () => {
    const locked = { locked: true };
    const without = (name: string) => check(sc10, locked, [`pass EL1-store-to-MC/${name}`]);
    for (const guard of ['SID-0-is-checked', 'SID-belongs-to-device', 'engine-is-confined'])
      expect(violated(await without(guard))).toEqual({});
    expect(violated(await check(sc10, locked, ['drop system_suspend/program-client']))).toEqual({
      'I-4': 14,
      'I-5': 14,
    });
  });

  it('returns these results', () => {
    expect(resultsSeen(build(sc10))).toEqual([
      '-EAGAIN freeze',
      '-EPERM freeze',
      '-EPERM register_mc',
      'dropped EL1-store-to-MC',
    ]);
  });
});

describe('SC-10/published', () => {
  it.each([{}, { locked: true }])('is as expected on %o', async (scope) => {
    const machine = build(published, { scope });
    const result = await search(machine);
    expect(Object.keys(violated(result)).sort()).toEqual(Object.keys(published.expected(machine.scope)).sort());
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });

  it('returns these results', () => {
    expect(resultsSeen(build(published, { scope: { locked: true } }))).toEqual([
      '-EAGAIN freeze',
      '-EBUSY mc_register_sid_mapping',
      '-EPERM freeze',
      '-EPERM register_mc',
      'dropped EL1-store-to-MC',
    ]);
  });
});
