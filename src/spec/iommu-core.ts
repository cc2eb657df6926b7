/**
 * The IOMMU core at EL2, PV design (B4): the hypercalls that map and unmap DMA memory. Ranges are one page.
 *
 * A hostile argument is chosen by the step before the first one that uses it, so that guards can see it.
 * Left out, since nothing here looks at it: page sizes. Arguments that are refused, longer ranges, and the memory that
 * tables are made of: `iommu-map-arguments.ts`, `iommu-map-range.ts`, `iommu-unmap-range.ts`.
 */
import {
  done,
  fail,
  handler,
  next,
  type Body,
  type Handler,
  type LocalSorts,
  type Node,
  type ValueOf,
} from '../language/index.js';
import type { Caller } from './device-ownership.js';
import { withDomain, type DomainRefs } from './iommu-domains.js';
import { ioLeaves } from './iommu-leaves.js';
import type { IoPageTable } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { Domain, Iova, Parts } from './parts.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';
const pgtable = 'drivers/iommu/io-pgtable-arm.c (B4, B8)';

type LeafSeen = { readonly table: ValueOf<IoPageTable['Table']> };

export type IommuCore = ReturnType<typeof iommuCore>;

/** The core's hypercalls, over the components they use. With `domains`, each holds a reference on its domain; with `caller`, it is asked whose that is. */
export function iommuCore(
  all: Parts,
  pages: PageOwnership,
  tables: IoPageTable,
  hw: Smmuv3,
  driver: El2Driver,
  domains?: DomainRefs,
  caller?: Caller,
) {
  const { domain, iova, page, mapping } = all;
  const { Pte, table, pgtLock } = tables;
  const { walkers, stale } = hw;
  const leaves = ioLeaves(tables, hw);
  const { leafOf } = leaves;
  const { unuseDma } = pages;
  const useDma = caller?.useDma ?? pages.useDma;
  const name = caller?.name ?? ((hypercall: string) => hypercall);
  const iotlbSync = driver.iotlbSyncUpTo(1);

  /** A reference on the domain around the body, which begins with the question whose domain it is. */
  const inDomain = <L extends LocalSorts & { domain: typeof domain }>(
    h: Body<L>,
    body: readonly Node[],
    unguarded: readonly Node[] = [],
  ): readonly Node[] => {
    const checks = caller ? [h.call(caller.checkDomain, (f) => ({ domain: f.domain as Domain }))] : [];
    return withDomain(h, domains, [...checks, ...body], unguarded);
  };

  /** The identity domain's leaves follow the ownership of pages, and nothing else. */
  const notIdentity = <L extends LocalSorts & { domain: typeof domain }>(h: Body<L>, fn: string): readonly Node[] =>
    all.identity === undefined
      ? []
      : [
          h.step('look at domain id', {
            fn: `${fn}: KVM_IOMMU_DOMAIN_IDMAP_ID`,
            source,
            guards: [
              {
                id: 'domain-is-not-identity',
                doc: 'what the identity domain maps is not the host’s to say',
                source,
                test: (_, f) => f.domain !== all.identity,
                else: fail('EINVAL'),
              },
            ],
          }),
        ];

  const mapPagesWith = ({ refusesInv, leaks = false }: { refusesInv: boolean; leaks?: boolean }): Handler =>
    handler(name('map_pages'), { domain, page, iova }, (h) => [
      h.step('handle_to_domain', {
        doc: 'any domain, any address: both are the host’s to name',
        fn: 'kvm_iommu_map_pages: handle_to_domain',
        source,
        run: () => domain.values.flatMap((d) => page.values.map((p) => next().local({ domain: d, page: p }))),
      }),
      ...notIdentity(h, 'kvm_iommu_map_pages'),
      ...inDomain(h, [
      ...(leaks ? [] : [h.call(useDma, (f) => ({ page: f.page }))]),
      h.onFail('smmu_map_pages', [
        h.locked('pgt_lock', (f) => pgtLock(f.domain), [
          h.step('walk to the leaf', {
            fn: 'smmu_map_pages: __arm_lpae_map',
            source: pgtable,
            run: () => iova.values.map((x) => next().local({ iova: x })),
          }),
          h.step('install PTE', {
            fn: 'smmu_map_pages: __arm_lpae_init_pte',
            source: pgtable,
            reads: () => ({ walkers }),
            writes: (f) => ({ table: table(f.domain), stale }),
            guards: [
              {
                id: 'leaf-is-not-valid',
                doc: 'a live leaf is not overwritten: break before make',
                source: pgtable,
                test: (s, f) => leafOf(s, f).tag !== 'V',
                else: fail('EEXIST'),
              },
              ...(refusesInv
                ? [
                    {
                      id: 'leaf-is-not-INV',
                      doc: 'an INV leaf belongs to the unmap that made it, until that one has cleared it (W-22)',
                      source: 'not upstream: W-22',
                      test: (s: LeafSeen, f: { iova: Iova }) => leafOf(s, f).tag !== 'INV',
                      else: fail('EEXIST'),
                    },
                  ]
                : []),
            ],
            run: (s, f) => leaves.install(s, f, f.page),
          }),
        ]),
      ], [
        // The part of the range that was not mapped is given back.
        h.call(unuseDma, (f) => ({ page: f.page, mapping: null })),
      ]),
      ], leaks ? [h.call(useDma, (f) => ({ page: f.page }))] : []), // prettier-ignore
    ], { fn: 'kvm_iommu_map_pages', source }); // prettier-ignore

  /** After the SYNC, the unmap gives back the very leaf that it made invalid, and clears it if it is still that one. */
  const unmapPages = handler(name('unmap_pages'), { domain, iova, page }, (h) => [
    h.step('handle_to_domain', {
      doc: 'any domain, any IOVA: both are the host’s to name',
      fn: 'kvm_iommu_unmap_pages: handle_to_domain',
      source,
      run: () => domain.values.flatMap((d) => iova.values.map((x) => next().local({ domain: d, iova: x }))),
    }),
    ...notIdentity(h, 'kvm_iommu_unmap_pages'),
    ...inDomain(h, [
    h.locked('pgt_lock', (f) => pgtLock(f.domain), [
      h.step('walk to the leaf', {
        doc: 'this handler remembers which page it is about to unmap',
        fn: 'smmu_unmap_pages: __arm_lpae_unmap',
        source: pgtable,
        reads: (f) => ({ table: table(f.domain) }),
        guards: [
          {
            id: 'leaf-is-not-zero',
            doc: 'there is something to unmap',
            source: pgtable,
            test: (s, f) => leafOf(s, f).tag !== 'ZERO',
            else: fail('ENOENT'),
          },
          {
            id: 'leaf-is-not-INV',
            doc: 'a leaf is unmapped by one handler only (W-23)',
            source: 'not upstream: W-23',
            test: (s, f) => leafOf(s, f).tag !== 'INV',
            else: fail('ENOENT'),
          },
        ],
        run: (s, f) => {
          const leaf = leafOf(s, f);
          return leaf.tag === 'ZERO' ? next() : next().local({ page: leaf.value });
        },
      }),
      h.step('invalidate PTE', {
        doc: 'V to INV: the walker does not see it any more, caches still may',
        fn: 'smmu_unmap_pages: __arm_lpae_clear_pte (UNMAP_INVAL)',
        source: pgtable,
        reads: () => ({ walkers }),
        writes: (f) => ({ table: table(f.domain), stale }),
        run: (s, f) => leaves.invalidate(s, f, Pte.make.INV(f.page)),
      }),
    ]),
    h.call(iotlbSync, (f) => ({ domain: f.domain, iova: f.iova, count: 1 })),
    h.call(unuseDma, (f) => ({ page: f.page, mapping: mapping.make({ domain: f.domain, iova: f.iova }) })),
    h.locked('pgt_lock again', (f) => pgtLock(f.domain), [
      h.step('clear PTE', {
        fn: 'kvm_iommu_unmap_pages',
        source: `${source}; not upstream: W-22`,
        writes: (f) => ({ table: table(f.domain) }),
        run: (s, f) => {
          const leaf = leafOf(s, f);
          return leaf.tag === 'INV' && leaf.value === f.page ? next({ table: s.table.set(f.iova, Pte.make.ZERO()) }) : next();
        },
      }),
    ]),
    ]),
  ], { fn: 'kvm_iommu_unmap_pages', source }); // prettier-ignore

  /** As upstream has it (W-22, W-23): after the SYNC, whatever is there now is given back and cleared, without pgt_lock. */
  const unmapPagesUpstream = handler('unmap_pages', { domain, iova, page }, (h) => [
    h.step('handle_to_domain', {
      doc: 'any domain, any IOVA: both are the host’s to name',
      fn: 'kvm_iommu_unmap_pages: handle_to_domain',
      source,
      run: () => domain.values.flatMap((d) => iova.values.map((x) => next().local({ domain: d, iova: x }))),
    }),
    ...inDomain(h, [
    h.locked('pgt_lock', (f) => pgtLock(f.domain), [
      h.step('walk to the leaf', {
        fn: 'smmu_unmap_pages: __arm_lpae_unmap',
        source: pgtable,
        reads: (f) => ({ table: table(f.domain) }),
        guards: [
          {
            id: 'leaf-is-not-zero',
            doc: 'there is something to unmap',
            source: pgtable,
            test: (s, f) => leafOf(s, f).tag !== 'ZERO',
            else: fail('ENOENT'),
          },
        ],
        run: (s, f) => {
          const leaf = leafOf(s, f);
          return leaf.tag === 'ZERO' ? next() : next().local({ page: leaf.value });
        },
      }),
      h.step('invalidate PTE', {
        doc: 'V to INV; an INV leaf stays what it is, and is unmapped once more',
        fn: 'smmu_unmap_pages: __arm_lpae_clear_pte (UNMAP_INVAL)',
        source: pgtable,
        reads: () => ({ walkers }),
        writes: (f) => ({ table: table(f.domain), stale }),
        forget: ['page'],
        run: (s, f) => leaves.invalidate(s, f, Pte.make.INV(f.page)),
      }),
    ]),
    h.call(iotlbSync, (f) => ({ domain: f.domain, iova: f.iova, count: 1 })),
    h.step('read leaf', {
      doc: 'no lock: another CPU may have mapped here since (W-22), or also be about to give this leaf back (W-23)',
      fn: 'kvm_iommu_unmap_pages: walk of the range',
      source,
      reads: (f) => ({ table: table(f.domain) }),
      run: (s, f) => {
        const leaf = leafOf(s, f);
        return leaf.tag === 'ZERO' ? done() : next().local({ page: leaf.value });
      },
    }),
    h.call(unuseDma, (f) => ({ page: f.page, mapping: mapping.make({ domain: f.domain, iova: f.iova }) })),
    h.step('clear PTE', {
      doc: 'no lock, and no invalidation behind it',
      fn: 'kvm_iommu_unmap_pages: walk of the range',
      source,
      reads: () => ({ walkers }),
      writes: (f) => ({ table: table(f.domain), stale }),
      run: (s, f) => next(leaves.change(s, f, Pte.make.ZERO())),
    }),
    ]),
  ], { fn: 'kvm_iommu_unmap_pages', source }); // prettier-ignore

  return {
    mapPages: mapPagesWith({ refusesInv: true }),
    unmapPages,
    /** As published: where use_dma fails, domain_put is skipped. */
    mapPagesLeaky: mapPagesWith({ refusesInv: true, leaks: true }),
    /** Upstream's map takes an INV leaf for a free one. */
    mapPagesUpstream: mapPagesWith({ refusesInv: false }),
    unmapPagesUpstream,
  };
}
