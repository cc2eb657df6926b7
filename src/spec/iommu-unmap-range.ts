/**
 * unmap_pages over a range (B4). The driver makes leaves invalid up to the first one that it can't take, or to the end of
 * their table page; these are flushed on every SMMU with one CMD_SYNC; then the core walks over them, ends their uses and
 * clears them; then it goes on behind them. What could not be unmapped ends the call: the host is told how much was.
 *
 * The walk reads the leaves again, as upstream does (W-22). It finds what this call has left there: nobody else maps over
 * an INV leaf, and nobody else takes one.
 */
import { done, fragment, goto, handler, next, range, type Handler } from '../language/index.js';
import { withDomain, type DomainRefs } from './iommu-domains.js';
import { ioLeaves } from './iommu-leaves.js';
import type { IoPageTable } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';
const pgtable = 'drivers/iommu/io-pgtable-arm.c (B4, B8)';

/**
 * unmap_pages over up to `longest` pages.
 * @param perTable IOVAs that share a table page for their leaves: so many are gathered at most
 * @param domains with these, it holds a reference on its domain
 */
export function unmapRange(
  all: Parts,
  pages: PageOwnership,
  tables: IoPageTable,
  hw: Smmuv3,
  driver: El2Driver,
  longest: number,
  perTable: number,
  domains?: DomainRefs,
): Handler {
  const { domain, iova, page, mapping } = all;
  const { Pte, table, pgtLock } = tables;
  const { walkers, stale } = hw;
  const leaves = ioLeaves(tables, hw);
  const iotlbSync = driver.iotlbSyncUpTo(Math.min(longest, perTable));
  const Count = range(0, longest);
  const offsets = Array.from({ length: longest }, (_, i) => i);

  /** V to INV, one leaf after the other. Returns how many. */
  const smmuUnmapPages = fragment(
    'smmu_unmap_pages',
    { domain, iova, count: Count, gathered: Count },
    (h) => [
      h.locked('pgt_lock', (f) => pgtLock(f.domain), [
        h.step('walk to the leaf', {
          fn: 'smmu_unmap_pages: __arm_lpae_unmap',
          source: pgtable,
          reads: (f) => ({ table: table(f.domain) }),
          guards: [
            {
              id: 'leaf-is-not-zero',
              doc: 'a hole ends the range',
              source: pgtable,
              test: (s, f) => s.table.get(f.iova + f.gathered)!.tag !== 'ZERO',
              else: done(),
            },
            {
              id: 'leaf-is-not-INV',
              doc: 'a leaf is unmapped by one handler only (W-23)',
              source: 'not upstream: W-23',
              test: (s, f) => s.table.get(f.iova + f.gathered)!.tag !== 'INV',
              else: done(),
            },
          ],
        }),
        h.step('invalidate PTE', {
          doc: 'V to INV: the walker does not see it any more, caches still may; gather',
          fn: 'smmu_unmap_pages: __arm_lpae_clear_pte (UNMAP_INVAL), iommu_iotlb_gather_add_page',
          source: pgtable,
          reads: () => ({ walkers }),
          writes: (f) => ({ table: table(f.domain), stale }),
          run: (s, f) => {
            const at = { domain: f.domain, iova: iova.of(f.iova + f.gathered) };
            const before = leaves.leafOf(s, at);
            const isLast = f.gathered + 1 === f.count || (at.iova + 1) % perTable === 0;
            return leaves
              .invalidate(s, at, before.tag === 'ZERO' ? before : Pte.make.INV(before.value), (changed) =>
                isLast ? done('', changed) : goto('walk to the leaf', changed),
              )
              .local({ gathered: f.gathered + 1 });
          },
        }),
      ]),
    ],
    (f) => f.gathered,
  );

  /** Behind the flush. */
  const walkRange = fragment('walk', { domain, iova, page }, (h) => [
    h.step('read leaf', {
      doc: 'no lock',
      fn: 'kvm_iommu_unmap_pages: walk of the range',
      source,
      reads: (f) => ({ table: table(f.domain) }),
      run: (s, f) => {
        const leaf = leaves.leafOf(s, f);
        return leaf.tag === 'ZERO' ? done() : next().local({ page: leaf.value });
      },
    }),
    h.call(pages.unuseDma, (f) => ({
      page: f.page,
      mapping: mapping.make({ domain: f.domain, iova: f.iova }),
    })),
    h.locked('pgt_lock again', (f) => pgtLock(f.domain), [
      h.step('clear PTE', {
        fn: 'kvm_iommu_unmap_pages: walk of the range',
        source: `${source}; the lock is not upstream's`,
        reads: () => ({ walkers }),
        writes: (f) => ({ table: table(f.domain), stale }),
        run: (s, f) => next(leaves.change(s, f, Pte.make.ZERO())),
      }),
    ]),
  ]);

  const unmapPages = fragment(
    'kvm_iommu_unmap_pages',
    { domain, iova, count: Count, total: Count, gathered: Count, offset: Count },
    (h) => [
      h.step('go on', {
        fn: 'kvm_iommu_unmap_pages: while (total_unmapped < size)',
        source,
        run: (_, f) => (f.total === f.count ? done() : next()),
      }),
      h.call(
        smmuUnmapPages,
        (f) => ({ domain: f.domain, iova: iova.of(f.iova + f.total), count: f.count - f.total, gathered: 0 }),
        { into: (gathered) => ({ gathered }) },
      ),
      h.step('look at what is unmapped', {
        fn: 'kvm_iommu_unmap_pages: if (!unmapped)',
        source,
        run: (_, f) => (f.gathered === 0 ? done() : next()),
      }),
      h.call(iotlbSync, (f) => ({ domain: f.domain, iova: iova.of(f.iova + f.total), count: f.gathered })),
      h.each('each page', 'offset', (f) => offsets.slice(0, f.gathered), [
        h.call(walkRange, (f) => ({ domain: f.domain, iova: iova.of(f.iova + f.total + f.offset) })),
      ]),
      h.step('count what is unmapped', {
        fn: 'kvm_iommu_unmap_pages: total_unmapped += unmapped',
        source,
        forget: ['gathered'],
        run: (_, f) => goto('go on').local({ total: f.total + f.gathered }),
      }),
    ],
    (f) => f.total,
  );

  return handler('unmap_pages', { domain, iova, count: Count, total: Count }, (h) => [
    h.step('handle_to_domain', {
      doc: 'any domain, any range of addresses: both are the host’s to name',
      fn: 'kvm_iommu_unmap_pages: handle_to_domain',
      source,
      run: () =>
        domain.values.flatMap((d) =>
          iova.values.flatMap((x) =>
            offsets.flatMap((n) => (x + n < iova.size ? [next().local({ domain: d, iova: x, count: n + 1 })] : [])),
          ),
        ),
    }),
    ...withDomain(h, domains, [
      h.call(unmapPages, (f) => ({ domain: f.domain, iova: f.iova, count: f.count, total: 0 }), { into: (total) => ({ total }) }),
    ]),
    h.step('return size', {
      fn: 'kvm_iommu_unmap_pages: return total_unmapped',
      source,
      run: (_, f) => done(`${f.total} pages`).emit('range unmapped', { domain: f.domain, iova: f.iova, pages: f.total }),
    }),
  ], { fn: 'kvm_iommu_unmap_pages', source }); // prettier-ignore
}
