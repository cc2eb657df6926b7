/**
 * SC-07/ranges: map_pages and unmap_pages over ranges, with arguments of any kind.
 *
 * The seed sentence is that of SC-07: the EL2 part maintains I/O page tables (S3:166). What the host names comes in
 * registers: flags that nobody knows, lengths and addresses that wrap (T3). An unmap takes several pages, with holes
 * among them, and flushes those that it has gathered with one CMD_SYNC (B4, B8). Components: those of SC-07, with
 * iommu-map-arguments.ts and iommu-unmap-range.ts. Windows: W-01, W-02, W-21, W-22, W-23, W-30. The host is HOSTILE.
 *
 * With `perTable=1` each page has a table page of its own, so it is gathered, flushed and synced by itself. With
 * `lifecycle`, domains come and go: who works on one holds a reference, over the whole loop.
 * Nightly: `cpus=2 addresses=2`. Expected: all hold, but V-3 where there are no more pages than tables.
 */
import { flag, int, model, type Expected } from '../src/index.js';
import type { Defect } from './defect.js';
import { declare } from './sc-07.js';

const scope = {
  cpus: int(1, 1, 2, 'host CPUs issuing hypercalls'),
  addresses: int(3, 2, 4, 'what a number can name: so many RAM pages there are, and so many IOVAs'),
  range: int(2, 1, 3, 'the longest range of a map_pages, in pages; an unmap_pages has any length'),
  perTable: int(2, 1, 4, 'IOVAs that share a table page'),
  lifecycle: flag(
    false,
    'the domain is allocated and freed, and the stream attached and detached; else it is attached from the start',
  ),
};
const sc07Ranges = model({
  name: 'SC-07/ranges',
  title: 'ranges and arguments of any kind: what is checked is what is mapped, and the result says how much',
  scope,
  build: (m, { addresses, lifecycle, perTable, ...sizes }) =>
    declare(m, { ...sizes, pages: addresses, iovas: addresses }, { lifecycle, lockedTwice: false, perTable }),
  // Tables that are never freed may take all pages there are.
  expected: ({ addresses, perTable, lifecycle }): Record<string, Expected> =>
    !lifecycle && Math.ceil(addresses / perTable) >= addresses ? { 'V-3': 'violated' } : {},
});

const small = { addresses: 2 };

/** D-01..D-03, D-05, D-07, D-08 over ranges, and what the checks of B4 are for. */
export const defects: readonly Defect[] = [
  {
    id: 'B4',
    what: 'map_pages takes a size that overflows for a short one',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['pass map_pages/size-does-not-overflow'],
    violates: { 'I-1': 20, 'I-14': 20, 'L-5': 24, 'P-10': 24, 'P-14': 40, 'V-3': 28, 'V-7': 25 },
    brief: [],
    note: 'Not in the brief’s catalogue (-E2BIG). use_dma looks at as many pages as the size has, the driver maps as many as the count says.',
  },
  {
    id: 'B4',
    what: 'map_pages takes a range of pages that wraps',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['pass map_pages/paddr-does-not-wrap'],
    violates: { 'I-1': 16, 'I-7': 25, 'I-14': 16, 'L-5': 21, 'P-14': 11, 'V-3': 2, 'V-7': 22 },
    brief: [],
    note: 'Not in the brief’s catalogue (-E2BIG). The range ends before it begins, so use_dma finds no page in it.',
  },
  {
    id: 'B4',
    what: 'map_pages takes a range of addresses that wraps',
    model: 'SC-07/ranges',
    scope: { perTable: 3 },
    edits: ['pass map_pages/iova-does-not-wrap'],
    violates: { 'P-10': 25 },
    brief: [],
    note: 'Not in the brief’s catalogue (-E2BIG). The first address is mapped, though no result says so.',
  },
  {
    id: 'B4',
    what: 'map_pages takes flags that it does not know',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['pass map_pages/prot-is-supported'],
    violates: {},
    brief: [],
    note: 'Not in the brief’s catalogue (-EOPNOTSUPP). Leaves have no flags here, so nothing notices.',
  },
  {
    id: 'D-01',
    what: 'the ownership check of use_dma',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['pass map_pages/host-owns-page'],
    violates: { 'I-1': 18 },
    brief: ['I-1'],
    macro: { here: 2, brief: 2 },
  },
  {
    id: 'D-01',
    what: 'the ownership check of use_dma for all pages but the first',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['once map_pages/use_dma/check'],
    violates: { 'I-1': 21 },
    brief: ['I-1'],
    macro: { here: 2, brief: 2 },
  },
  {
    id: 'D-05',
    what: 'the refcount is taken for the first page only',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['once map_pages/use_dma/use'],
    violates: { 'P-14': 16, 'V-3': 2 },
    brief: ['I-1'],
    note: 'the pool is empty, so the map gives back what it has not counted: BUG_ON. With three addresses I-1 and I-7 break too (28)',
  },
  {
    id: 'D-02',
    what: 'the uses end before the flush of the range',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['move unmap_pages/iotlb_sync before unmap_pages/count-what-is-unmapped'],
    violates: { 'I-14': 27, 'P-4': 27 },
    brief: ['I-7'],
    note: 'one CPU: the flush is done before the host can donate anything',
  },
  {
    id: 'D-03',
    what: 'the CMD_SYNC behind a range, and its wait',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['drop unmap_pages/cmd_sync'],
    violates: { 'I-1': 39, 'I-7': 39, 'I-14': 31, 'P-1': 45, 'P-4': 31 },
    brief: ['I-7', 'P-4'],
    macro: { here: 4, brief: 5 },
  },
  {
    id: 'D-03',
    what: 'a range is flushed at its first page only',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['once unmap_pages/tlb_inv/each-page'],
    violates: { 'I-1': 61, 'I-7': 61, 'I-14': 53, 'P-1': 67, 'P-4': 53 },
    brief: ['I-7', 'P-4'],
    macro: { here: 7, brief: 5 },
    note: 'the TLBI of a later page is dropped, not the SYNC: the brief has no such row',
  },
  {
    id: 'D-07',
    what: 'partial map: the rest is not given back',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['drop map_pages/unuse_rest'],
    violates: { 'L-5': 12, 'P-14': 43, 'V-3': 2, 'V-7': 7 },
    brief: ['L-5', 'V-7'],
    macro: { here: 1, brief: 1 },
  },
  {
    id: 'D-08',
    what: 'partial map: all pages are given back, the mapped ones too',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['pass map_pages/page-is-not-mapped'],
    violates: { 'I-1': 25, 'I-7': 25, 'I-14': 20, 'L-5': 21, 'P-14': 37, 'V-3': 22 },
    brief: ['I-1'],
    macro: { here: 3, brief: 2 },
  },
  {
    id: 'B4',
    what: 'unmap_pages gives back the first page that it has gathered only',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['once unmap_pages/kvm_iommu_unmap_pages/each-page'],
    violates: { 'P-10': 57, 'V-3': 38, 'V-7': 33 },
    brief: [],
    note: 'Not in the brief’s catalogue. The leaf stays INV for ever, and its page in use.',
  },
  {
    id: 'B4',
    what: 'unmap_pages does not stop at a hole',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['pass unmap_pages/leaf-is-not-zero'],
    violates: { 'P-10': 18 },
    brief: [],
    note: 'Not in the brief’s catalogue. It says that it has unmapped what was not mapped.',
  },
  {
    id: 'B4',
    what: 'unmap_pages tries a hole again and again',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['drop unmap_pages/look-at-what-is-unmapped'],
    violates: { 'V-1': 10, 'V-3': 1, 'V-7': 21, wedge: 1 },
    brief: [],
    note: 'Not in the brief’s catalogue: a loop that ends only with its range.',
  },
  {
    id: 'B4',
    what: 'unmap_pages does not add up what it has unmapped',
    model: 'SC-07/ranges',
    scope: small,
    edits: ['drop unmap_pages/count-what-is-unmapped'],
    violates: { 'P-10': 38 },
    brief: [],
    note: 'Not in the brief’s catalogue.',
  },
];

export default [sc07Ranges];
