/** SC-13: exact counts, nothing vacuous, and what handlers return. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-13.js';
import { asExpected, check, returned, vacuous, violated } from './observe.js';

const [sc13, ...variants] = models;

describe('SC-13', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(sc13, { pages: 1 });
    expect(result).toMatchObject({ verdict: 'holds', states: 14994, transitions: 20883, depth: 104, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('returns these results', async () => {
    expect(await returned(sc13, { pages: 1 })).toEqual({
      __pkvm_host_donate_hyp: ['-EPERM'],
      __pkvm_host_unshare_hyp: ['-EBUSY', '-EPERM'],
      __pkvm_hyp_donate_host: ['-EPERM'],
      'write-CMDQ_PROD': ['dropped'],
      'write-EVTQ_BASE': ['-EBUSY', '-EPERM'],
    });
  });
});

describe('other edits', () => {
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
  it.each(variants)('$name is as expected', async (model) => {
    await asExpected(model);
  });
});
