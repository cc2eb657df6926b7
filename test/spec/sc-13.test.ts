/** SC-13: exact counts, nothing vacuous, each defect breaks just what it says, and the error codes that can be seen. */
import { describe, expect, it } from 'vitest';
import { search, type SearchResult } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models, { defects } from '../../models/sc-13.js';
import { errorLabels } from './error-labels.js';

const [sc13] = models;
const check = (
  model: typeof sc13,
  scope: Readonly<Record<string, unknown>> = {},
  edits: readonly string[] = [],
): Promise<SearchResult> => search(build(model, { scope, edits }));

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

describe('SC-13', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(sc13, { pages: 1 });
    expect(result).toMatchObject({ verdict: 'holds', states: 14994, transitions: 20883, depth: 104, deadlocks: 0 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });

  it('returns these error codes', () => {
    expect(errorLabels(build(sc13, { scope: { pages: 1 }, properties: [] }))).toEqual({
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_host_unshare_hyp: ['-EBUSY', '-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      'write-EVTQ_BASE': ['-EBUSY', '-EPERM'],
    });
  });
});

describe('defects of SC-13', () => {
  it.each(defects)('$id: $what', async ({ model: name, scope, edits, violates }) => {
    const model = models.find((one) => one.name === name)!;
    expect(violated(await check(model, scope, edits))).toEqual(violates);
  });

  it.each([
    ['word 0 first', ['drop clear-STE-word-0'], { 'I-3': 33, 'P-2': 33, 'I-1': 46 }],
    ['the sync of word 0', ['drop sync-invalid'], { 'I-3': 25, 'P-2': 25, 'I-1': 38 }],
    ['the sync of words 1..7', ['drop sync-words-1..7'], { 'I-3': 14, 'P-2': 14, 'I-1': 27 }],
    ['TLBI_S2_IPA', ['drop __pkvm_host_donate_hyp/TLBI_S2_IPA'], { 'I-1': 33, 'I-7': 33 }],
    ['the pin', ['drop pin-page'], { 'I-9': 10 }],
    ['the share', ['drop share-page'], { 'I-9': 23 }],
    ['the check of the page', ['pass write-EVTQ_BASE/host-owns-page'], { 'I-15': 19 }],
    ['the check of EVTQEN', ['pass EVTQ-base-is-set'], { 'I-9': 5 }],
    ['CMDQ_ERR, which never is set', ['drop acknowledge-CMDQ_ERR'], {}],
  ])('without %s', async (_, edits, expected) => {
    expect(violated(await check(sc13, { pages: 1 }, edits))).toEqual(expected);
  });
});

describe('variants', () => {
  it.each(models.slice(1))('$name is as expected', async (model) => {
    const machine = build(model);
    const expected = Object.entries(model.expected(machine.scope)).flatMap(([id, verdict]) =>
      verdict === 'violated' ? [id] : [],
    );
    expect(Object.keys(violated(await search(machine))).sort()).toEqual(expected.sort());
  });
});
