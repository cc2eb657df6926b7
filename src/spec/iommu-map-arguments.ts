/**
 * What map_pages asks of its arguments before it looks at anything else (B4). They come in registers, and are the host's
 * to name. A number here goes as far as the last address; the numbers behind it are the first ones again, so that
 * a range may wrap, and so may the product of a page size and a count.
 */
import { done, enumOf, fail, handler, next, range, type Handler } from '../language/index.js';
import type { MapRange } from './iommu-map-range.js';
import type { Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';

/** The most pages that a call may ask the driver for: their size in bytes is that of one page. */
export const wrappedCount = ({ iova }: Pick<Parts, 'iova'>): number => iova.size + 1;

/**
 * map_pages whose arguments are checked. There must be as many pages as IOVAs: both are what a number can name.
 * @param longest the longest range that is not too long
 */
export function mapPagesChecked(all: Parts, map: MapRange, longest: number): Handler {
  const { domain, page, iova } = all;
  const { Count } = map;
  const tooLong = wrappedCount(all);
  const counts = [...Array.from({ length: longest }, (_, i) => i + 1), tooLong];
  const sizeOf = (count: number) => (count > iova.size ? count - iova.size : count);
  const Prot = enumOf('READ_WRITE', 'UNKNOWN_BIT');

  return handler('map_pages', { prot: Prot, domain, page, iova, count: Count, mapped: range(0, iova.size) }, (h) => [
    h.step('read registers', {
      doc: 'any flags',
      fn: 'handle___pkvm_host_iommu_map_pages',
      source,
      run: () => Prot.values.map((prot) => next().local({ prot })),
    }),
    h.step('check prot', {
      fn: 'kvm_iommu_map_pages: prot & ~IOMMU_PROT_MASK',
      source,
      guards: [
        {
          id: 'prot-is-supported',
          doc: 'no flag that the driver does not know',
          source,
          test: (_, f) => f.prot === 'READ_WRITE',
          else: fail('EOPNOTSUPP'),
        },
      ],
      forget: ['prot'],
      // Any range, of any length.
      run: () =>
        page.values.flatMap((p) =>
          iova.values.flatMap((x) => counts.map((count) => next().local({ page: p, iova: x, count }))),
        ),
    }),
    h.step('check range', {
      fn: 'kvm_iommu_map_pages: __builtin_mul_overflow, iova + size < iova, paddr + size < paddr',
      source,
      guards: [
        {
          id: 'size-does-not-overflow',
          doc: 'use_dma is asked for a size, the driver for a count of pages',
          source,
          test: (_, f) => f.count <= iova.size,
          else: fail('E2BIG'),
        },
        {
          id: 'iova-does-not-wrap',
          doc: 'the range is mapped where the host says, and not at the first addresses as well',
          source,
          test: (_, f) => f.iova + sizeOf(f.count) <= iova.size,
          else: fail('E2BIG'),
        },
        {
          id: 'paddr-does-not-wrap',
          doc: 'the pages that are mapped are the ones that use_dma looks at',
          source,
          test: (_, f) => f.page + sizeOf(f.count) <= page.size,
          else: fail('E2BIG'),
        },
      ],
    }),
    h.step('handle_to_domain', {
      doc: 'any domain',
      fn: 'kvm_iommu_map_pages: handle_to_domain',
      source,
      run: () => domain.values.map((d) => next().local({ domain: d })),
    }),
    h.call(
      map.given,
      (f) => ({ domain: f.domain, page: f.page, iova: f.iova, size: sizeOf(f.count), count: f.count }),
      { into: (mapped) => ({ mapped }) },
    ),
    h.step('return size', {
      fn: 'kvm_iommu_map_pages: return total_mapped',
      source,
      run: (_, f) => done(`${f.mapped} pages`).emit('range mapped', { domain: f.domain, iova: f.iova, pages: f.mapped }),
    }),
  ], { fn: 'kvm_iommu_map_pages', source }); // prettier-ignore
}
