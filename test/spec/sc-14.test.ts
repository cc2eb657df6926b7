/** SC-14: the repaired registration holds, the seed's does not, and every repair and guard is load-bearing. */
import { describe, expect, it } from 'vitest';
import { execute, search, type SearchResult } from '../../src/explorer/index.js';
import { build, keyOf } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-14.js';

const [sc14, upstream] = models;
const modelOf = (name: string) => models.find((model) => model.name === name)!;

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

describe('SC-14', () => {
  it.each([
    [{}, { states: 24180, transitions: 89456, depth: 39 }],
    [{ smmus: 1 }, { states: 11100, transitions: 41020, depth: 37 }],
    [{ drivers: 1 }, { states: 1722, transitions: 4124, depth: 37 }],
  ])('holds on %o', async (scope, counts) => {
    const result = await search(build(sc14, { scope }));
    expect(violated(result)).toEqual({});
    expect(result).toMatchObject({ verdict: 'holds', ...counts });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });
});

describe('SC-14/upstream', () => {
  it.each([
    [{}, { 'I-3': 20, 'L-14': 22, 'P-7': 5, 'SB-8': 8, 'SB-10': 20, 'SB-12': 11 }, 18680],
    [{ smmus: 1 }, { 'I-3': 16, 'L-14': 18, 'P-7': 5, 'SB-8': 8, 'SB-10': 16, 'SB-12': 11 }, 8900],
    [{ undoes: false }, { 'I-3': 17, 'L-14': 10, 'P-7': 5, 'SB-8': 8, 'SB-10': 13, 'SB-12': 10 }, 25390],
    [{ drivers: 1 }, { 'I-3': 20, 'L-14': 22, 'P-7': 5, 'SB-8': 8, 'SB-10': 20 }, 1520],
  ])('is violated on %o, as it expects', async (scope, lengths, states) => {
    const machine = build(upstream, { scope });
    const result = await search(machine);
    expect(violated(result)).toEqual(lengths);
    expect(result).toMatchObject({ verdict: 'violated', states });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
    expect(Object.keys(upstream.expected(machine.scope)).sort()).toEqual(Object.keys(lengths).sort());
  });
});

describe('defects of SC-14 are found', () => {
  it.each(defects.map((defect) => [`${defect.id}: ${defect.what}`, defect] as const))('%s', async (_, defect) => {
    const { model, scope, edits, violates, brief, note } = defect;
    const result = await search(build(modelOf(model), { scope, edits }));
    expect(violated(result)).toEqual(violates);
    if (brief.some((id) => !(id in violates))) expect(note).toBeDefined();
  });
});

/** Every error that some transition of the whole graph decides, with the step that decides it. */
function errors(model: typeof sc14, scope: Record<string, unknown>): string[] {
  const machine = build(model, { scope, properties: [] });
  const key = (state: readonly unknown[]): string =>
    state.map((value, i) => keyOf(machine.variables[i].sort, value)).join(' ');
  const seen = new Map(machine.initialStates.map((state) => [key(state), state]));
  const found = new Set<string>();
  // A map's iterator also visits what is added on the way.
  for (const state of seen.values()) {
    for (const { action, outcome, state: after } of execute(machine, state).offers) {
      if (outcome.label.startsWith('-')) found.add(`${outcome.label} ${action.slice(action.lastIndexOf('/') + 1)}`);
      if (!seen.has(key(after))) seen.set(key(after), after);
    }
  }
  return [...found].sort();
}

describe('return codes that can be seen', () => {
  const both = [
    '-EBUSY read-iommu_driver',
    '-EINVAL check-pointers',
    '-EINVAL read-GBPA',
    '-ENODEV load-iommu_driver',
    '-ENODEV probe-the-IOMMUs',
    '-ENOMEM build-stream-table',
    '-ENOMEM later-steps',
    '-ENOMEM probe-the-IOMMUs',
    '-EOPNOTSUPP hyp_ffa_init',
  ];

  it('SC-14: never -ENODEV for want of ops, and no SMMU is EL2’s before its take-over', () => {
    expect(errors(sc14, { smmus: 1 })).toEqual(both);
  });

  it('SC-14/upstream: both of these too', () => {
    const seeds = both.map((error) => error.replace('read-iommu_driver', 'cmpxchg-iommu_driver'));
    const more = ['-ENODEV load-kvm_iommu_ops', '-EPERM donate-MMIO'];
    expect(errors(upstream, { smmus: 1 })).toEqual([...seeds, ...more].sort());
  });
});
