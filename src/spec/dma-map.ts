/**
 * A host that keeps to the protocol (A4, COMPLIANT): its DMA layer maps a buffer; where the hypercall has mapped only a
 * part for want of memory, it donates a page and asks for the rest. The buffer is the first pages; others are donated.
 */
import { done, fail, goto, handler, next, range, type Handler } from '../language/index.js';
import type { HypPool } from './hyp-pool.js';
import type { IoPageTable } from './io-page-table.js';
import type { MapRange } from './iommu-map-range.js';
import type { PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3-kvm.c (B3, A4)';

/** Maps a buffer of any length up to `longest`, from the first address on. Announces each return of the hypercall. */
export function dmaMap(
  { domain, iova, page }: Parts,
  { ownership }: PageOwnership,
  { table }: IoPageTable,
  pool: HypPool,
  map: MapRange,
  longest: number,
): Handler {
  const only = domain.of(0);
  const Count = range(0, longest);
  const donors = page.values.filter((p) => p >= longest);

  return handler('dma_map', { count: Count, total: Count, page }, (h) => [
    h.step('new buffer', {
      doc: 'of any length, where nothing is mapped',
      fn: 'iommu_dma_map_page',
      source,
      reads: () => ({ table: table(only) }),
      run: (s) =>
        [...s.table].some((leaf) => leaf.tag !== 'ZERO')
          ? fail('EBUSY')
          : Array.from({ length: longest }, (_, n) => next().local({ count: n + 1, total: 0 })),
    }),
    h.step('call map_pages', { fn: 'kvm_arm_smmu_map_pages', source }),
    h.call(
      map.given,
      ({ count, total }) => ({
        domain: only,
        page: page.of(total),
        iova: iova.of(total),
        size: count - total,
        count: count - total,
      }),
      { into: (mapped, f) => ({ total: f.total + mapped }) },
    ),
    h.step('look at result', {
      doc: 'done, or else donate: any page that the host still owns; if EL2 has them all, it has what it needs',
      fn: 'kvm_arm_smmu_map_pages: kvm_arm_smmu_topup_memcache',
      source,
      atomic: 'the host has a list of its own of the pages that it owns',
      reads: () => ({ ownership }),
      run: (s, f) => {
        const own = donors.filter((p) => s.ownership.at(p).owner === 'HOST');
        const ways =
          f.total === f.count
            ? [done()]
            : own.length === 0
              ? [goto('call map_pages')]
              : own.map((p) => next().local({ page: p }));
        return ways.map((way) => way.emit('map_pages returned', { count: f.count, total: f.total }));
      },
    }),
    h.call(pool.refillWith, (f) => ({ page: f.page })),
    h.step('try again', { fn: 'kvm_arm_smmu_map_pages', source, run: () => goto('call map_pages') }),
  ], { fn: 'kvm_arm_smmu_map_pages', source }); // prettier-ignore
}
