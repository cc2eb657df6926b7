/** SC-05: the command queue holds at small scopes, and each seeded defect breaks exactly what it says. */
import { describe, expect, it } from 'vitest';
import { search, type SearchResult } from '../../src/explorer/index.js';
import { build, keyOf, type Machine } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-05.js';

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

const modelOf = (name: string) => {
  const found = models.find((model) => model.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};
const sc05 = modelOf('SC-05');

describe('SC-05', () => {
  it.each([
    [
      { entries: 2, batch: 1 },
      { states: 5288, transitions: 13156, depth: 51 },
    ],
    [{ entries: 2 }, { states: 7312, transitions: 17988, depth: 46 }],
    [
      { entries: 2, batch: 1, laps: true },
      { states: 8511, transitions: 20568, depth: 52 },
    ],
  ])('holds on %o, and no property is vacuous', async (scope, counts) => {
    const result = await search(build(sc05, { scope }));
    expect(violated(result)).toEqual({});
    expect(result).toMatchObject({ verdict: 'holds', deadlocks: 0, ...counts });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });
});

describe('what is violated is as expected', () => {
  it.each([
    ['SC-05', { entries: 2, acks: false }],
    ['SC-05', { entries: 2, warn: true }],
    ['SC-05', { entries: 2, warn: true, acks: false }],
    ['SC-05', { entries: 2, warn: true, aborts: false }],
    ['SC-05/forwards-unknown-opcodes', { entries: 2 }],
    ['SC-05/forwards-unknown-opcodes', { entries: 2, warn: false }],
  ])('%s %o', async (name, scope) => {
    const machine = build(modelOf(name), { scope });
    const expected = Object.entries(modelOf(name).expected(machine.scope)).flatMap(([id, verdict]) =>
      verdict === 'violated' ? [id] : [],
    );
    expect(Object.keys(violated(await search(machine))).sort()).toEqual(expected.sort());
  });
});

/** The labels of all transitions, `step label`, found by a plain search. */
function returnCodes({ variables, processes, initialStates }: Machine): string[] {
  const keyOfState = (state: readonly unknown[]): string => state.map((v, i) => keyOf(variables[i].sort, v)).join(' ');
  const seen = new Set(initialStates.map(keyOfState));
  const labels = new Set<string>();
  const open = [...initialStates];
  for (let state = open.pop(); state; state = open.pop()) {
    const here = state;
    const actions = processes.flatMap(({ frame, actions: of }) => of(frame < 0 ? undefined : here[frame]));
    for (const action of actions) {
      for (const outcome of action.run((i) => here[i])) {
        if (outcome.kind === 'fault') throw new Error(outcome.fault.message);
        if (outcome.label !== '') labels.add(`${action.id} ${outcome.label}`);
        const after = here.map((value, i) => (outcome.writes.has(i) ? outcome.writes.get(i) : value));
        const key = keyOfState(after);
        if (!seen.has(key)) open.push(after);
        seen.add(key);
      }
    }
  }
  return [...labels].sort();
}

it('returns these codes', () => {
  expect(returnCodes(build(sc05, { scope: { entries: 2, batch: 1 }, properties: ['P-3'] }))).toEqual([
    'host_cmdq/smmu_lock/filter -EINVAL',
    'host_cmdq/smmu_lock/wait-for-CMD_SYNC 0',
    'host_cmdq/smmu_lock/wait-for-CMD_SYNC -ETIMEDOUT',
    'host_cmdq/smmu_lock/write-CMD_SYNC -ETIMEDOUT',
    'host_cmdq/smmu_lock/write-command -ETIMEDOUT',
    'smmu_inv/smmu_lock/wait-for-CMD_SYNC 0',
    'smmu_inv/smmu_lock/wait-for-CMD_SYNC -ETIMEDOUT',
    'smmu_inv/smmu_lock/write-CMD_SYNC -ETIMEDOUT',
    'smmu_inv/smmu_lock/write-command -ETIMEDOUT',
  ].sort()); // prettier-ignore
});

describe('defects are found', () => {
  it.each(defects.map((defect) => [`${defect.id}: ${defect.what}`, defect] as const))('%s', async (_, defect) => {
    const { scope, edits, model, violates } = defect;
    const result = await search(build(modelOf(model), { scope, edits }));
    expect(violated(result)).toEqual(violates);
    expect(result.faults).toEqual([]);
  });

  it('but a missing barrier is invisible where entries forget what they held', async () => {
    const edits = ['drop */barrier-for-command', 'drop */barrier-for-CMD_SYNC'];
    expect(violated(await search(build(sc05, { scope: { entries: 2, batch: 1 }, edits })))).toEqual({});
  });
});
