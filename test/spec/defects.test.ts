/**
 * The seeded defects of the domain brief, e, as edits of SC-01: what each violates, and after how many steps at the
 * earliest. The brief counts in macro-steps (a map is one, an unmap one per window); here a map has 5 steps, an unmap
 * up to the end of its wait 10 and the SMMU's 2, a donation 3.
 */
import { describe, expect, it } from 'vitest';
import { search, type SearchResult } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-01.js';

const [sc01, upstream] = models;

async function check(
  model: typeof sc01,
  scope: Record<string, unknown>,
  edits: readonly string[] = [],
): Promise<SearchResult> {
  return search(build(model, { scope, edits }));
}

/** Property -> length of its shortest counterexample. */
const violated = ({ properties }: SearchResult): Record<string, number | undefined> =>
  Object.fromEntries(properties.filter(({ verdict }) => verdict !== 'holds').map(({ id, length }) => [id, length]));

const scope = { cpus: 2, pages: 2, iovas: 1 };

describe('defects of SC-01 are found', () => {
  it.each([
    // The brief: 3 steps (donate, map, walk).
    ['D-01: the ownership check of use_dma', ['pass map_pages/host-owns-page'], { 'I-1': 8 }],
    // The brief: 7 (with alloc and attach).
    [
      'D-02: unuse_dma before the TLBI',
      ['move unmap_pages/unuse_dma before unmap_pages/iotlb_sync'],
      { 'I-1': 12, 'I-7': 12, 'I-14': 9, 'P-4': 9 },
    ],
    ['D-03: the CMD_SYNC and its wait', ['drop unmap_pages/cmd_sync'], { 'I-1': 16, 'I-7': 16, 'I-14': 13, 'P-4': 13 }],
    [
      'D-03: the wait alone',
      ['without unmap_pages/wait-for-CMD_SYNC'],
      { 'I-1': 18, 'I-7': 18, 'I-14': 15, 'P-4': 15 },
    ],
    // The brief: 9. Two generations of cached entries are needed to see it.
    [
      'D-04: TLBI before the PTE is invalid',
      ['move unmap_pages/invalidate-PTE before unmap_pages/write-CMD_SYNC'],
      { 'I-1': 21, 'I-7': 21, 'I-14': 18, 'L-5': 38, 'P-4': 18, 'P-14': 31 },
    ],
    // The brief: 2 (map, donate).
    [
      'D-05: the refcount is not taken',
      ['drop map_pages/ref++'],
      { 'I-1': 7, 'I-7': 7, 'I-14': 2, 'L-5': 4, 'P-14': 9 },
    ],
    // The brief also names I-14; but a donation changes neither ref nor leaves, so I-14's own sentence stays true.
    ['D-06: donate does not look at the refcount', ['pass __pkvm_host_donate_hyp/ref-is-0'], { 'I-1': 8, 'I-7': 8 }],
    [
      'D-35: pgt_lock around unmap',
      ['unlock unmap_pages/pgt_lock'],
      { 'I-1': 40, 'I-7': 40, 'I-14': 37, 'L-5': 38, 'P-4': 37, 'P-14': 31 },
    ],
    [
      'D-36: two unmaps of one leaf',
      ['pass unmap_pages/leaf-is-not-INV'],
      { 'I-1': 40, 'I-7': 40, 'I-14': 37, 'L-5': 38, 'P-4': 37, 'P-14': 31 },
    ],
    ['no TLBI', ['drop unmap_pages/tlb_inv_range'], { 'I-1': 18, 'I-7': 18, 'I-14': 15, 'P-4': 15 }],
    ['no ref--', ['drop unmap_pages/ref--'], { 'L-5': 18, 'P-14': 29 }],
    ['the leaf is not cleared', ['drop unmap_pages/clear-PTE'], { 'L-5': 18 }],
    ['map takes an INV leaf for a free one', ['pass map_pages/leaf-is-not-INV'], { 'P-4': 23 }],
  ])('%s', async (_, edits, expected) => {
    expect(violated(await check(sc01, scope, edits))).toEqual(expected);
  });

  it('but sharing a page in use for DMA (D-06) breaks nothing here: the host keeps access, and unshare checks again', async () => {
    expect(violated(await check(sc01, scope, ['pass __pkvm_host_share_hyp/ref-is-0']))).toEqual({});
  });
});

describe('SC-01', () => {
  it('holds', async () => {
    const result = await check(sc01, scope);
    expect(result.verdict).toBe('holds');
    expect(result).toMatchObject({ states: 6464, transitions: 16792, depth: 31, deadlocks: 0 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });
});

describe('SC-01/upstream', () => {
  it('gives back the wrong page in W-22, and one page twice in W-23', async () => {
    const result = await check(upstream, { pages: 1 });
    expect(violated(result)).toEqual({ 'I-1': 42, 'I-7': 42, 'I-14': 25, 'L-5': 25, 'P-4': 24, 'P-14': 33 });
  });

  it('holds on one CPU', async () => {
    expect(violated(await check(upstream, { cpus: 1, pages: 2, iovas: 2 }))).toEqual({});
  });

  it.each([{ cpus: 1 }, { cpus: 2, pages: 1 }])('is as expected on %o', async (some) => {
    const machine = build(upstream, { scope: some });
    const expected = Object.entries(upstream.expected(machine.scope)).flatMap(([id, verdict]) =>
      verdict === 'violated' ? [id] : [],
    );
    expect(Object.keys(violated(await search(machine))).sort()).toEqual(expected.sort());
  });
});
