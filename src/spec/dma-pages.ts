/**
 * A host device's use of pages, as ownership sees it (B2): one leaf a page, taken by use_dma and given back by
 * unuse_dma. While the leaf is there, the device reaches the page; what TLBI and SYNC have to do before it is gone is
 * the matter of SC-01, and one step here.
 */
import { bool, done, fragment, handler, next, type Builder, type Handler } from '../language/index.js';
import { check, type OwnershipValue, type PageOptions, type PageOwnership } from './page-ownership.js';
import type { HostStage2 } from './host-stage2.js';
import type { Page, Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4), mem_protect.c (B2)';

export type DmaPages = ReturnType<typeof dmaPages>;

/** Declares the leaves, and the hypercalls that set and clear them. */
export function dmaPages(
  m: Builder,
  { page }: Parts,
  { ownership, hostLock, useDma, unuseDma }: PageOwnership,
  { setHostState }: HostStage2,
  { isRam }: Required<Pick<PageOptions, 'isRam'>>,
) {
  const leaf = m.family('DMA leaf', [page], bool, false);
  m.explain(leaf, 'an IO page table maps the page for a device of the host, and so the device reaches it');

  /** MMIO has no refcount: a page that was once given to a device stays tainted, and is never donated again. */
  const useDmaMmio = fragment('use_dma of MMIO', { page }, (h) => [
    h.locked('host_mmu.lock', () => hostLock, [
      h.step('check page state', {
        fn: '__pkvm_host_use_dma',
        source,
        reads: (f) => ({ own: ownership(f.page) }),
        guards: [
          check<{ readonly own: OwnershipValue }>(
            'host-owns-or-tainted',
            'MMIO of the host, used for DMA before or not',
            'EPERM',
            ({ own }) => own.owner === 'HOST' && (own.host === 'OWNED' || own.host === 'SHARED_BORROWED'),
          ),
        ],
        run: (_, f) => next().emit('accepted', { call: '__pkvm_host_use_dma (MMIO)', page: f.page }),
      }),
      h.call(setHostState('SHARED_BORROWED'), (f) => ({ page: f.page }), { as: 'taint' }),
    ]),
  ]);

  const install = (name: string, among: readonly Page[], use: typeof useDma, cleanup: typeof unuseDma | undefined): Handler =>
    handler(name, { page }, (h) => {
      const installLeaf = h.step('install leaf', {
        fn: 'smmu_map_pages: __arm_lpae_init_pte',
        source,
        writes: (f) => ({ leaf: leaf(f.page) }),
        guards: [
          check<{ readonly leaf: boolean }>('leaf-is-free', 'a live leaf is not overwritten', 'EEXIST', (s) => !s.leaf),
        ],
        run: () => next({ leaf: true }),
      });
      return [
        h.step('choose page', {
          fn: 'kvm_iommu_map_pages',
          source,
          run: () => among.map((p) => next().local({ page: p })),
        }),
        h.call(use, (f) => ({ page: f.page })),
        cleanup
          ? h.onFail('smmu_map_pages', [installLeaf], [h.call(cleanup, (f) => ({ page: f.page, mapping: null }))])
          : installLeaf,
      ];
    }, { fn: 'kvm_iommu_map_pages', source }); // prettier-ignore

  const mapPages = install('map_pages', page.values.filter(isRam), useDma, unuseDma);
  const mapMmio = install('map_pages (MMIO)', page.values.filter((p) => !isRam(p)), useDmaMmio, undefined); // prettier-ignore

  const unmapPages = handler('unmap_pages', { page }, (h) => [
    h.step('choose page', {
      fn: 'kvm_iommu_unmap_pages',
      source,
      run: () => page.values.map((p) => next().local({ page: p })),
    }),
    h.step('clear leaf', {
      doc: 'with TLBI and SYNC',
      fn: 'smmu_unmap_pages: __arm_lpae_unmap, kvm_iommu_iotlb_sync',
      source,
      writes: (f) => ({ leaf: leaf(f.page) }),
      guards: [
        check<{ readonly leaf: boolean }>('leaf-is-there', 'there is something to unmap', 'ENOENT', (s) => s.leaf),
      ],
      run: (_, f) => (isRam(f.page) ? next({ leaf: false }) : done('', { leaf: false })),
    }),
    h.call(unuseDma, (f) => ({ page: f.page, mapping: null })),
  ], { fn: 'kvm_iommu_unmap_pages', source }); // prettier-ignore

  return { leaf, mapPages, mapMmio, unmapPages };
}
