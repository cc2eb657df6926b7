/**
 * map_pages over a range, with table pages from the pool (B4). The pool may run dry between two of its pages: then the
 * first are mapped, the rest is given back, and the host is told how much was mapped (-ENOMEM is masked).
 * Behind the last address comes the first one: a range that wraps is map_pages' own to refuse (`iommu-map-arguments.ts`).
 */
import { done, fail, fragment, goto, handler, next, range, type Handler } from '../language/index.js';
import { withDomain, type DomainRefs } from './iommu-domains.js';
import type { HypPool } from './hyp-pool.js';
import { ioLeaves } from './iommu-leaves.js';
import type { IoPageTable } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { Domain, Iova, Page, Parts } from './parts.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';
const pgtable = 'drivers/iommu/io-pgtable-arm.c (B4, B8)';
const ownership = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)';

export type MapRange = ReturnType<typeof mapRange>;

/**
 * map_pages over up to `longest` pages: as a hypercall whose arguments are the host's to name, and as a call with given
 * ones. With `domains`, it holds a reference on its domain.
 * @param perTable IOVAs that share a table page for their leaves
 * @param most what the driver may be asked for where nobody checks arguments
 */
export function mapRange(
  all: Parts,
  pages: PageOwnership,
  tables: IoPageTable,
  hw: Smmuv3,
  pool: HypPool,
  longest: number,
  domains?: DomainRefs,
  perTable = 1,
  most = longest,
) {
  const { domain, iova, page } = all;
  const { table, pgtLock } = tables;
  const { walkers, stale } = hw;
  const leaves = ioLeaves(tables, hw);
  const Count = range(0, most);
  const offsets = Array.from({ length: longest }, (_, i) => i);
  const iovaAt = (f: { iova: Iova }, offset: number): Iova => iova.of((f.iova + offset) % iova.size);
  const pageAt = (f: { page: Page }, offset: number): Page => page.of((f.page + offset) % page.size);
  const nextLevel = (f: { domain: Domain; iova: Iova; mapped: number }) => {
    const x = iovaAt(f, f.mapped);
    return pool.nextLevel(f.domain, iova.of(x - (x % perTable)));
  };
  /** A range that wraps ends before it begins: no page is in it. */
  const offsetsIn = (f: { page: Page; size: number }) => (f.page + f.size > page.size ? [] : offsets.slice(0, f.size));

  /** All pages of the range, or none. */
  const useDma = fragment('use_dma', { page, size: Count, offset: Count }, (h) => [
    h.locked('host_mmu.lock', () => pages.hostLock, [
      h.each('check', 'offset', offsetsIn, [
        h.step('check page state', {
          fn: '__pkvm_host_use_dma',
          source: ownership,
          reads: (f) => ({ own: pages.ownership(pageAt(f, f.offset)) }),
          guards: [
            {
              id: 'host-owns-page',
              doc: 'the host may give a device only what it owns alone',
              source: ownership,
              test: ({ own }) => own.host === 'OWNED',
              else: fail('EPERM'),
            },
          ],
        }),
      ]),
      h.each('use', 'offset', offsetsIn, [
        h.step('ref++', {
          doc: 'from here on nobody is given the page; BUG_ON at the top of the count',
          fn: '__pkvm_host_use_dma: hyp_page_ref_inc',
          source: ownership,
          writes: (f) => ({ ref: pages.ref(pageAt(f, f.offset)), panicked: pages.panicked }),
          run: (s, f) =>
            s.ref === pages.maxRef
              ? goto('ref++', { panicked: true })
              : next({ ref: s.ref + 1 }).emit('use_dma', { page: pageAt(f, f.offset) }),
        }),
      ]),
    ]),
  ]);

  /** Installs leaves until the range is done, the pool is empty, or a leaf is there already. Returns how many. */
  const smmuMapPages = (given: boolean) =>
    fragment(
      'smmu_map_pages',
      { domain, page, iova, count: Count, mapped: Count, table: pool.donatePages.locals.page },
      (h) => [
        h.locked('pgt_lock', (f) => pgtLock(f.domain), [
          h.step('first iova', {
            doc: 'any range of addresses: it is the host’s to name',
            fn: 'smmu_map_pages',
            source: pgtable,
            run: (_, f) =>
              given
                ? next().local({ mapped: 0 })
                : iova.values.flatMap((x) => (x + f.count > iova.size ? [] : [next().local({ iova: x, mapped: 0 })])),
          }),
          h.step('walk to the table', {
            fn: 'smmu_map_pages: __arm_lpae_map',
            source: pgtable,
            reads: (f) => ({ nextLevel: nextLevel(f) }),
            run: (s) => (s.nextLevel === null ? next() : goto('install PTE')),
          }),
          h.call(pool.donatePages, () => ({ page: null }), { into: (taken) => ({ table: taken }) }),
          h.step('install table', {
            doc: 'without a page the range ends here',
            fn: '__arm_lpae_map: arm_lpae_install_table',
            source: pgtable,
            writes: (f) => ({ nextLevel: nextLevel(f) }),
            forget: ['table'],
            run: (_, f) => (f.table === null ? done() : next({ nextLevel: f.table })),
          }),
          h.step('install PTE', {
            fn: 'smmu_map_pages: __arm_lpae_init_pte',
            source: pgtable,
            reads: () => ({ walkers }),
            writes: (f) => ({ table: table(f.domain), stale }),
            guards: [
              {
                id: 'leaf-is-ZERO',
                doc: 'neither a live leaf is overwritten, nor one that an unmap has yet to clear (W-22)',
                source: `${pgtable}; INV: not upstream`,
                test: (s, f) => s.table.get(iovaAt(f, f.mapped))!.tag === 'ZERO',
                else: done(),
              },
            ],
            run: (s, f) =>
              leaves
                .install(s, { domain: f.domain, iova: iovaAt(f, f.mapped) }, pageAt(f, f.mapped), (changed) =>
                  f.mapped + 1 === f.count ? done('', changed) : goto('walk to the table', changed),
                )
                .local({ mapped: f.mapped + 1 }),
          }),
        ]),
      ],
      (f) => f.mapped,
    );

  const unuseRest = fragment('unuse_rest', { page, mapped: Count, offset: Count }, (h) => [
    h.step('skip what is mapped', {
      fn: 'kvm_iommu_map_pages: __pkvm_host_unuse_dma(paddr + mapped, size - mapped)',
      source,
      guards: [
        {
          id: 'page-is-not-mapped',
          doc: 'only the rest is given back: a mapped page is in use (W-21)',
          source,
          test: (_, f) => f.offset >= f.mapped,
          else: done(),
        },
      ],
    }),
    h.call(pages.unuseDma, (f) => ({ page: pageAt(f, f.offset), mapping: null })),
  ]);

  const mapPages = (given: boolean) =>
    fragment(
      'kvm_iommu_map_pages',
      { domain, page, iova, size: Count, count: Count, mapped: Count, offset: Count },
      (h) =>
        withDomain(h, domains, [
          h.call(useDma, (f) => ({ page: f.page, size: f.size })),
          h.call(
            smmuMapPages(given),
            (f) => ({ domain: f.domain, page: f.page, count: f.count, ...(given && { iova: f.iova }) }),
            { into: (mapped) => ({ mapped }) },
          ),
          h.each('each page', 'offset', (f) => offsets.slice(0, f.size), [
            h.call(unuseRest, (f) => ({ page: f.page, mapped: f.mapped, offset: f.offset })),
          ]),
        ]),
      (f) => f.mapped,
    );

  const hypercall: Handler = handler('map_pages', { domain, page, count: Count }, (h) => [
    h.step('handle_to_domain', {
      doc: 'any domain, any range of pages: both are the host’s to name',
      fn: 'kvm_iommu_map_pages: handle_to_domain',
      source,
      run: () =>
        domain.values.flatMap((d) =>
          page.values.flatMap((p) =>
            offsets.flatMap((n) => (p + n < page.size ? [next().local({ domain: d, page: p, count: n + 1 })] : [])),
          ),
        ),
    }),
    h.call(mapPages(false), (f) => ({ domain: f.domain, page: f.page, size: f.count, count: f.count })),
  ], { fn: 'kvm_iommu_map_pages', source }); // prettier-ignore

  return { hypercall, given: mapPages(true), Count };
}
