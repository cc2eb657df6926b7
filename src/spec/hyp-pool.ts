/**
 * The pool of EL2 pages for IO page tables, and its refill protocol (B3, PV design). A hypercall that finds the pool empty
 * asks the host for memory; the host donates pages of its choice (A3) and tries again (A4). Pages that EL2 has no use for
 * go back into the pool (A6), and from there to the host (A5).
 *
 * A page of the pool is free, or it is a next-level table of a domain (`nextLevel`), or a handler in flight holds it.
 * The pool gives its first page: the host chose the pages, and in which order, so nothing is lost by that.
 */
import {
  block,
  done,
  fragment,
  handler,
  next,
  optional,
  set,
  type Body,
  type Builder,
  type LocalSorts,
  type Node,
  type ValueOf,
} from '../language/index.js';
import type { PageOwnership } from './page-ownership.js';
import type { Page, Parts } from './parts.js';

const alloc = 'arch/arm64/kvm/hyp/nvhe/page_alloc.c (B3)';
const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B3)';

export type HypPool = ReturnType<typeof hypPool>;

/**
 * Declares the pool and the tables made of its pages. At the start it is empty.
 * @param lockedTwice as one Android tree has it: A6 ends in a second lock where an unlock is meant
 */
export function hypPool(m: Builder, { page, domain, iova }: Parts, pages: PageOwnership, lockedTwice = false) {
  const Pages = set(page);
  const MaybePage = optional(page);
  const pool = m.variable('pool', Pages, Pages.make());
  const poolLock = m.lock('hyp_pool.lock', { protects: [pool] });
  m.event('table freed', { domain, page });
  /** Each IOVA here lies in a block of its own, so each has a table page for its leaf, made when it is first mapped. */
  const nextLevel = m.family('nextLevel', [domain, iova], MaybePage, null);
  m.explain(pool, 'free pages of EL2’s pool for IO page tables');
  m.explain(poolLock, 'protects the free list of that pool');
  m.explain(
    nextLevel,
    'the page that holds the lowest level of the IO page table for this IOVA; null while there is none',
  );

  /** Looks the first free page up, then takes it off the list. Without one, the handler or fragment ends here. */
  const takePage = <L extends LocalSorts & { readonly page: typeof page | typeof MaybePage }>(h: Body<L>): Node =>
    h.locked('hyp_pool.lock', () => poolLock, [
      h.step('look at free list', {
        fn: 'hyp_alloc_pages: list_empty, node_to_page',
        source: alloc,
        reads: () => ({ pool }),
        run: (s) => {
          const first = page.values.find((p) => s.pool.has(p));
          return first === undefined ? done() : next().local({ page: first as ValueOf<L['page']> });
        },
      }),
      h.step('take page', {
        fn: 'hyp_alloc_pages: __hyp_extract_page',
        source: alloc,
        writes: () => ({ pool }),
        run: (s, f) => next({ pool: s.pool.remove(f.page as Page) }),
      }),
    ]);

  /** A1. Where the pool is empty, `null`; the hypercall will return a request for memory (A2). */
  const donatePages = fragment(
    'kvm_iommu_donate_pages',
    { page: MaybePage },
    (h) => [takePage(h)],
    (f) => f.page,
  );

  const putPage = <L extends LocalSorts & { readonly page: typeof page }>(
    h: Body<L>,
    more: readonly Node[] = [],
  ): Node =>
    h.locked('hyp_pool.lock', () => poolLock, [
      h.step('put page', {
        doc: 'free: the next hypercall may take it, or the host get it back',
        fn: 'hyp_put_page',
        source,
        writes: () => ({ pool }),
        run: (s, f) => next({ pool: s.pool.add(f.page as Page) }),
      }),
      ...more,
    ]);

  /** A6. */
  const reclaimPages = fragment('kvm_iommu_reclaim_pages', { page }, (h) => [
    putPage(h, lockedTwice ? [
      h.step('lock again', {
        doc: 'an unlock is meant: a spinlock that its own CPU holds never comes free',
        fn: 'kvm_iommu_reclaim_pages: hyp_spin_lock',
        source: `${source}; one Android tree`,
        waits: true,
        reads: () => ({ poolLock }),
        run: (s) => (s.poolLock === 0 ? next() : block),
      }),
    ] : []),
  ]); // prettier-ignore

  /** A table page of a domain that ends: out of its parent, then into the pool. */
  const freeTable = fragment('free_table', { domain, iova, page }, (h) => [
    h.step('clear table entry', {
      fn: 'kvm_arm_io_pgtable_free: __arm_lpae_free_pgtable',
      source,
      writes: (f) => ({ nextLevel: nextLevel(f.domain, f.iova) }),
      run: (s, f) => {
        if (s.nextLevel === null) return done();
        return next({ nextLevel: null }).local({ page: s.nextLevel }).emit('table freed', { domain: f.domain, page: s.nextLevel });
      },
    }),
    h.call(reclaimPages, (f) => ({ page: f.page })),
  ]); // prettier-ignore

  /** A3, for a page that is known. */
  const refillWith = fragment('kvm_iommu_refill', { page }, (h) => [
    h.call(pages.takeFromHost, (f) => ({ page: f.page })),
    putPage(h),
  ]);
  /** A3, as the host calls it. */
  const refill = handler('refill', { page }, (h) => [
    h.step('read host_mc', {
      doc: 'any page: it is the host’s to name',
      fn: 'kvm_iommu_refill: admit_host_page',
      source,
      run: () => page.values.map((p) => next().local({ page: p })),
    }),
    h.call(refillWith, (f) => ({ page: f.page })),
  ], { fn: 'kvm_iommu_refill', source }); // prettier-ignore

  /** A5: only the pool's lock, and not while the page changes hands. */
  const reclaim = handler('reclaim', { page }, (h) => [
    takePage(h),
    h.call(pages.giveToHost, (f) => ({ page: f.page })),
  ], { fn: 'kvm_iommu_reclaim', source }); // prettier-ignore

  return { pool, poolLock, nextLevel, donatePages, freeTable, refill, reclaim, refillWith };
}
