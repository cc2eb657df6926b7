/** SC-06: it holds, its variants are as expected, each seeded defect is found, and each error code can be seen. */
import { describe, expect, it } from 'vitest';
import { execute, search, type SearchResult } from '../../src/explorer/index.js';
import { build, keyOf } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-06.js';

const named = (name: string) => models.find((model) => model.name === name)!;

async function check(
  name: string,
  scope: Record<string, unknown> = {},
  edits: readonly string[] = [],
  denied: readonly string[] = [],
): Promise<SearchResult> {
  return search(build(named(name), { scope, edits, denied }));
}

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

async function asExpected(name: string, scope: Record<string, unknown>): Promise<void> {
  const machine = build(named(name), { scope });
  const found = violated(await search(machine));
  expect(Object.keys(found).sort()).toEqual(Object.keys(named(name).expected(machine.scope)).sort());
}

describe('SC-06', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check('SC-06', { pages: 1 });
    expect(result.verdict).toBe('holds');
    expect(result).toMatchObject({ states: 9639, transitions: 24975, depth: 46, deadlocks: 0 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });

  it('gives each error code', () => {
    const machine = build(named('SC-06'), { scope: { pages: 1, cpus: 1, timeouts: true }, properties: [] });
    const key = (state: readonly unknown[]): string =>
      state.map((value, i) => keyOf(machine.variables[i].sort, value)).join(' ');
    const errors = new Set<string>();
    const seen = new Set(machine.initialStates.map(key));
    let level = [...machine.initialStates];
    while (level.length > 0 && seen.size < 6_000) {
      level = level.flatMap((state) =>
        execute(machine, state).offers.flatMap((offer) => {
          for (const [code] of offer.outcome.label.matchAll(/E[A-Z]{3,}/g)) errors.add(code);
          const k = key(offer.state);
          if (seen.has(k)) return [];
          seen.add(k);
          return [offer.state];
        }),
      );
    }
    expect([...errors].sort()).toEqual(['EEXIST', 'ENOENT', 'EPERM', 'ETIMEDOUT']);
  });
});

describe('SC-06', () => {
  it.each([
    { pages: 1, order: 'A' },
    { pages: 1, cpus: 1, timeouts: true },
    { pages: 1, cpus: 1, timeouts: true, order: 'A' },
    { pages: 1, cpus: 1, scmi: true },
  ])('is as expected with %o', (scope) => asExpected('SC-06', scope));

  it('without the check of GBPA.ABORT is as expected', () => asExpected('SC-06/no-gbpa-check', { pages: 1, cpus: 1 }));
});

describe('defects of SC-06 are found', () => {
  it.each(defects.map((defect) => [`${defect.id}: ${defect.what}`, defect] as const))('%s', async (_, defect) => {
    expect(violated(await check(defect.model, defect.scope, defect.edits, defect.deny))).toEqual(defect.violates);
  });
});
