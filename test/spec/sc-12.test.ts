/** SC-12: exact counts, nothing vacuous, each defect breaks just what it says, and the error codes that can be seen. */
import { describe, expect, it } from 'vitest';
import { search, type SearchResult } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-12.js';
import { errorLabels } from './error-labels.js';

const [sc12, v3, oneStatic] = models;
const check = (
  model: typeof sc12,
  scope: Readonly<Record<string, unknown>> = {},
  edits: readonly string[] = [],
): Promise<SearchResult> => search(build(model, { scope, edits }));

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));
const vacuous = ({ properties }: SearchResult): string[] =>
  properties.filter((property) => property.vacuous).map(({ id }) => id);

describe('SC-12', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(sc12, { pages: 1 });
    expect(result).toMatchObject({ verdict: 'holds', states: 23676, transitions: 59392, depth: 82, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('holds where the wait between the halves of an STE may give up', async () => {
    const result = await check(sc12, { pages: 1, timeouts: true });
    expect(result).toMatchObject({ verdict: 'holds', states: 49110, transitions: 140152, depth: 74 });
  });

  it('returns these error codes', () => {
    expect(errorLabels(build(sc12, { scope: { cpus: 1, pages: 1, timeouts: true }, properties: [] }))).toEqual({
      __pkvm_host_donate_guest: ['-EPERM'],
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_host_reclaim_page_guest: ['-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      disable_dev: ['-ETIMEDOUT'],
      enable_dev: ['-ETIMEDOUT'],
      host_mem_abort: ['-EPERM'],
    });
  });
});

describe('defects of SC-12', () => {
  it.each(defects)('$id: $what', async ({ model: name, scope, edits, violates }) => {
    const model = models.find((one) => one.name === name)!;
    expect(violated(await check(model, scope, edits))).toEqual(violates);
  });

  it.each([
    ['the sync at the end of enable_dev', 'drop enable_dev/sync-at-end'],
    ['the sync at the end of disable_dev', 'drop disable_dev/sync-at-end'],
    ['the TLBI after mapping a page', 'drop __pkvm_hyp_donate_host/smmu_tlb_inv_range'],
    ['the inner lock', 'unlock __pkvm_host_donate_hyp/pkvm_pgd_lock'],
  ])('%s protects nothing here', async (_, edit) => {
    expect(violated(await check(sc12, { pages: 1 }, [edit]))).toEqual({});
  });
});

describe('the published design', () => {
  it.each([
    { model: v3, scope: {} },
    { model: v3, scope: { timeouts: false } },
    { model: v3, scope: { cpus: 1 } },
    { model: oneStatic, scope: {} },
    { model: oneStatic, scope: { cpus: 1 } },
    { model: oneStatic, scope: { smmus: 1, devices: 1 } },
  ])('$model.name is as expected on $scope', async ({ model, scope }) => {
    const machine = build(model, { scope });
    const expected = Object.entries(model.expected(machine.scope)).flatMap(([id, verdict]) =>
      verdict === 'violated' ? [id] : [],
    );
    expect(Object.keys(violated(await search(machine))).sort()).toEqual(expected.sort());
  });
});
