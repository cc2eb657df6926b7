/** SC-14: the repaired registration holds, the seed's does not, and every repair and guard is load-bearing. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-14.js';
import { asExpected, check, results, vacuous, violated } from './observe.js';

const [sc14, upstream] = models;

describe('SC-14', () => {
  it.each([
    [{}, { states: 24180, transitions: 89456, depth: 39 }],
    [{ smmus: 1 }, { states: 11100, transitions: 41020, depth: 37 }],
    [{ drivers: 1 }, { states: 1722, transitions: 4124, depth: 37 }],
  ])('holds on %o', async (scope, counts) => {
    const result = await check(sc14, scope);
    expect(violated(result)).toEqual({});
    expect(result).toMatchObject({ verdict: 'holds', ...counts });
    expect(vacuous(result)).toEqual([]);
  });
});

describe('SC-14/upstream', () => {
  it.each([
    [{}, { 'I-3': 20, 'L-14': 22, 'P-7': 5, 'SB-8': 8, 'SB-10': 20, 'SB-12': 11 }, 18680],
    [{ smmus: 1 }, { 'I-3': 16, 'L-14': 18, 'P-7': 5, 'SB-8': 8, 'SB-10': 16, 'SB-12': 11 }, 8900],
    [{ undoes: false }, { 'I-3': 17, 'L-14': 10, 'P-7': 5, 'SB-8': 8, 'SB-10': 13, 'SB-12': 10 }, 25390],
    [{ drivers: 1 }, { 'I-3': 20, 'L-14': 22, 'P-7': 5, 'SB-8': 8, 'SB-10': 20 }, 1520],
  ])('is violated on %o, as it expects', async (scope, lengths, states) => {
    const result = await asExpected(upstream, scope);
    expect(violated(result)).toEqual(lengths);
    expect(result).toMatchObject({ verdict: 'violated', states });
    expect(vacuous(result)).toEqual([]);
  });
});

/** `STEP ERROR`, sorted: every error that some transition of the whole graph decides. */
const errors = async (model: typeof sc14, scope: Record<string, unknown>): Promise<string[]> =>
  (await results(model, scope))
    .filter((line) => line.includes(' -'))
    .map((line) => line.slice(line.lastIndexOf('/') + 1))
    .sort();

describe('return codes that can be seen', () => {
  const both = [
    'build-stream-table -ENOMEM',
    'check-pointers -EINVAL',
    'hyp_ffa_init -EOPNOTSUPP',
    'later-steps -ENOMEM',
    'load-iommu_driver -ENODEV',
    'probe-the-IOMMUs -ENODEV',
    'probe-the-IOMMUs -ENOMEM',
    'read-GBPA -EINVAL',
    'read-iommu_driver -EBUSY',
  ];

  it('SC-14: never -ENODEV for want of ops, and no SMMU is EL2’s before its take-over', async () => {
    expect(await errors(sc14, { smmus: 1 })).toEqual(both);
  });

  it('SC-14/upstream: both of these too', async () => {
    const seeds = both.map((error) => error.replace('read-iommu_driver', 'cmpxchg-iommu_driver'));
    const more = ['load-kvm_iommu_ops -ENODEV', 'donate-MMIO -EPERM'];
    expect(await errors(upstream, { smmus: 1 })).toEqual([...seeds, ...more].sort());
  });
});
