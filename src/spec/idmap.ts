/**
 * The identity map: one stage-2 under VMID 0, which all enabled devices share (IDMAP design, B5), or which is that of the
 * identity domain (PV design, B4). It mirrors the host's CPU stage-2: a snapshot is taken once, and from then on every
 * change of ownership changes it too, under host_mmu.lock.
 */
import {
  bool,
  done,
  fragment,
  goto,
  handler,
  next,
  type Body,
  type Builder,
  type Handler,
  type Node,
} from '../language/index.js';
import type { DomainRefs } from './iommu-domains.js';
import { isHosts, type MirroredStage2 } from './mirrored-stage2.js';
import type { IoPageTable, Pte } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c, v3 (B5)';
const driverSource = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c, v3 (B5)';

/** How the published code differs from the repaired one. */
export interface IdmapDesign {
  /** The flag is set to the inverted result of the snapshot (v3): after a success it stays false. */
  readonly invertsResult: boolean;
  /** The flag is set once host_mmu.lock is released (an early snapshot of PV): what is donated in between stays mapped. */
  readonly flagBehindLock?: boolean;
}

/**
 * Declares the flag, and the update that ownership changes call.
 * @param domains PV design: the map is a domain's, and only SMMUs in its list have entries of it
 */
export function idmap(
  m: Builder,
  all: Parts,
  { Pte, table }: IoPageTable,
  hw: Smmuv3,
  { smmuLock, tlbInvRange, cmdSync, iotlbSyncUpTo }: El2Driver,
  domains?: Pick<DomainRefs, 'refs'> & Pick<PageOwnership, 'panicked'>,
) {
  const { page, iova, smmu, domain } = all;
  /** The one table, and its VMID. Identity: the IPA of a page is the page itself. */
  const id = domain.of(0);
  const initialized = m.variable('kvm_idmap_initialized', bool, false);
  m.explain(
    initialized,
    'the snapshot of the host’s stage-2 is in the identity map: from now on each change of ownership must be made there too',
  );
  const leafOf = (leaves: { get(x: number): Pte | undefined }, p: number): Pte => leaves.get(p) as Pte; // a leaf for every page

  const invalidate = fragment('smmu_tlb_inv_range', { page, smmu }, (h) => [
    h.each('each SMMU', 'smmu', () => smmu.values, [
      h.locked('smmu_lock', (f) => smmuLock(f.smmu), [
        h.call(tlbInvRange, (f) => ({ smmu: f.smmu, domain: id, iova: iova.of(f.page) })),
        h.call(cmdSync, (f) => ({ smmu: f.smmu })),
      ]),
    ]),
  ]); // prettier-ignore

  const update = fragment('kvm_iommu_host_stage2_idmap', { page, maps: bool }, (h) => [
    h.step('look at flag', {
      doc: 'before the snapshot there is nothing to update',
      fn: 'kvm_iommu_host_stage2_idmap',
      source,
      reads: () => ({ initialized }),
      run: (s) => (s.initialized ? next() : done()),
    }),
    ...(domains
      ? [
          h.step('look up identity domain', {
            doc: 'no reference is taken: it is there for ever. One that was freed has no page table: a NULL pointer at EL2',
            fn: 'kvm_iommu_host_stage2_idmap: handle_to_domain',
            source: 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)',
            writes: () => ({ panicked: domains.panicked }),
            reads: () => ({ refs: domains.refs(id) }),
            run: (s) => (s.refs === 0 ? goto('look up identity domain', { panicked: true }) : next()),
          }),
        ]
      : []),
    h.step('map or unmap', {
      doc: 'the walker follows at once, caches do not',
      fn: 'smmu_host_stage2_idmap: map_pages or unmap_pages',
      source: driverSource,
      reads: () => ({ walkers: hw.walkers }),
      writes: () => ({ table: table(id), stale: hw.stale }),
      run: (s, f) => {
        const x = iova.of(f.page);
        if (f.maps) return next({ table: s.table.set(x, Pte.make.V(f.page)) });
        const stale = hw.leafChanged(s, id, x, leafOf(s.table, x));
        return next({ table: s.table.set(x, Pte.make.ZERO()), stale });
      },
    }),
    domains
      ? h.call(iotlbSyncUpTo(1), (f) => ({ domain: id, iova: iova.of(f.page), count: 1 }))
      : h.call(invalidate, (f) => ({ page: f.page })),
  ]);

  return { id, initialized, update };
}

export type Idmap = ReturnType<typeof idmap>;

/** Fills the map from the host's CPU stage-2, once. */
function snapshotSteps(
  h: Body<{ page: Parts['page'] }>,
  { page }: Parts,
  { hostLock }: PageOwnership,
  { hostPte }: MirroredStage2,
  { Pte, table }: IoPageTable,
  { id, initialized }: Idmap,
  { invertsResult, flagBehindLock = false }: IdmapDesign,
): readonly Node[] {
  const snapshotPage = fragment('snapshot_page', { page }, (g) => [
    g.step('read host stage-2', {
      doc: 'a page that is somebody else’s is left out',
      fn: '__snapshot_host_stage2: kvm_pgtable_walk',
      source,
      reads: (f) => ({ pte: hostPte(f.page) }),
      run: (s) => (isHosts(s.pte) ? next() : done()),
    }),
    g.step('map in identity map', {
      fn: '__snapshot_host_stage2: host_stage2_idmap',
      source,
      writes: () => ({ table: table(id) }),
      run: (s, f) => next({ table: s.table.set(f.page, Pte.make.V(f.page)) }),
    }),
  ]);
  const setFlag = h.step('set kvm_idmap_initialized', {
    doc: 'from here on ownership changes reach the identity map',
    fn: 'kvm_iommu_init',
    source,
    writes: () => ({ initialized }),
    run: () => next({ initialized: !invertsResult }),
  });
  return [
    h.locked('host_mmu.lock', () => hostLock, [
      h.step('look at flag', {
        doc: 'once',
        fn: 'kvm_iommu_init',
        source,
        reads: () => ({ initialized }),
        run: (s) => (s.initialized ? done() : next()),
      }),
      h.each('each page', 'page', () => page.values, [h.call(snapshotPage, (f) => ({ page: f.page }))]),
      ...(flagBehindLock ? [] : [setFlag]),
    ]),
    ...(flagBehindLock ? [setFlag] : []),
  ];
}

/** IDMAP design: the snapshot as a call of its own. */
export const idmapSnapshot = (
  all: Parts,
  pages: PageOwnership,
  stage2: MirroredStage2,
  tables: IoPageTable,
  map: Idmap,
  design: IdmapDesign,
): Handler =>
  handler(
    'kvm_iommu_snapshot_host_stage2',
    { page: all.page },
    (h) => snapshotSteps(h, all, pages, stage2, tables, map, design),
    { fn: 'kvm_iommu_snapshot_host_stage2', source },
  );

/** PV design: the first stream that is attached to the identity domain brings the snapshot, behind its STE (W-17). */
export function snapshotAtFirstAttach(
  all: Parts,
  pages: PageOwnership,
  stage2: MirroredStage2,
  tables: IoPageTable,
  map: Idmap,
  design: IdmapDesign,
) {
  const snapshot = fragment('kvm_iommu_snapshot_host_stage2', { page: all.page }, (h) =>
    snapshotSteps(h, all, pages, stage2, tables, map, design),
  );
  return fragment('first attach', { domain: all.domain }, (h) => [
    h.step('is it the identity domain', {
      fn: 'kvm_iommu_attach_dev: KVM_IOMMU_DOMAIN_IDMAP_ID',
      source: 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B8)',
      run: (_, f) => (f.domain === map.id ? next() : done()),
    }),
    h.call(snapshot),
  ]);
}
