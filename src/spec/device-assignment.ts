/**
 * A device goes to a guest and comes back (B10). Its MMIO goes from the host through EL2 to the guest, so that there is a
 * time when nobody programs it. EL2 then looks that its streams are blocked, and it is the guest's (W-39). When the guest
 * ends, EL2 blocks the device, resets it, and gives it back; then it frees the guest's domains.
 */
import {
  block,
  done,
  enumOf,
  fail,
  fragment,
  goto,
  handler,
  next,
  type Body,
  type Builder,
  type Handler,
  type Node,
} from '../language/index.js';
import type { AssignedGuest } from './assigned-guest.js';
import type { DeviceOwnership } from './device-ownership.js';
import type { DomainRefs, IommuDomains } from './iommu-domains.js';
import type { PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';
import { el2BlockDma } from './smmuv3-el2-block.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { StreamTable } from './stream-table.js';

const source = 'arch/arm64/kvm/hyp/nvhe/device/device.c (B10)';
const pkvm = 'arch/arm64/kvm/hyp/nvhe/pkvm.c (B10)';
const core = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';
const smmuDriver = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

/** What a teardown does, and when. */
export interface TeardownDesign {
  /** `start`: before any page can be reclaimed. `finalize`: after them all, as published. */
  readonly when: 'start' | 'finalize';
  readonly order: 'devices first' | 'domains first';
  /** `recipe`: block, TLBI, reset. `published`: reset, then all words at once, no TLBI. `owner only`: an older snapshot. */
  readonly block: 'recipe' | 'published' | 'owner only';
  /** Does freeing a guest's domain wait until no hypercall holds a reference? */
  readonly forcedFree: 'when quiet' | 'unconditional';
  /** What EL2 does about a device that is still attached when it is to be assigned. */
  readonly stillAttached: 'fails' | 'WARN_ON';
  /** The guest may have freed its domain before. */
  readonly domainMayBeGone?: boolean;
}

export type DeviceAssignment = ReturnType<typeof deviceAssignment>;

/** Declares the devices' MMIO, and the hypercalls of an assignment. */
export function deviceAssignment(
  m: Builder,
  all: Parts,
  { panicked }: PageOwnership,
  streams: StreamTable,
  driver: El2Driver,
  { refs, domainLock }: DomainRefs,
  { freeLeaf }: Pick<IommuDomains, 'freeLeaf'>,
  { devOwner, domainOwner, deviceLock }: DeviceOwnership,
  guest: AssignedGuest,
  design: TeardownDesign,
) {
  const { device, domain, smmu, iova, smmuOf, sidOf } = all;
  const { ste } = streams;
  const { nodes, smmuLock } = driver;
  const MmioOwner = enumOf('HOST', 'HYP', 'GUEST');
  /** Who has the device's registers mapped. All that writes it holds device_spinlock. */
  const mmio = m.family('device MMIO', [device], MmioOwner, 'HOST');
  m.explain(mmio, 'who has the device’s registers mapped: the host, EL2 (nobody programs it), or the guest');

  const named = {
    doc: 'any device',
    fn: 'pkvm_get_device',
    source,
    run: () => device.values.map((d) => next().local({ device: d })),
  };
  const isUnassigned = {
    id: 'device-is-unassigned',
    doc: 'no guest has the device: what a guest has is not taken back',
    source,
    test: (s: { devOwner: 'HOST' | 'GUEST' }) => s.devOwner === 'HOST',
    else: fail('EBUSY'),
  };
  const moveMmio = (fn: string, from: 'HOST' | 'HYP', to: 'HOST' | 'HYP'): Handler =>
    handler(fn, { device }, (h) => [
      h.locked('device_spinlock', () => deviceLock, [
        h.step('name device', named),
        h.step('move MMIO', {
          fn,
          source,
          reads: (f) => ({ devOwner: devOwner(f.device) }),
          writes: (f) => ({ mmio: mmio(f.device) }),
          atomic: 'both are under device_spinlock; the page itself changes hands under host_mmu.lock',
          guards: [
            isUnassigned,
            {
              id: `${from}-owns-MMIO`,
              doc: 'it goes from its owner only',
              source,
              test: (s) => s.mmio === from,
              else: fail('EPERM'),
            },
          ],
          run: () => next({ mmio: to }),
        }),
      ]),
    ], { fn, source }); // prettier-ignore
  const assignMmio = moveMmio('pkvm_device_hyp_assign_mmio', 'HOST', 'HYP');
  const reclaimMmio = moveMmio('pkvm_device_reclaim_mmio', 'HYP', 'HOST');

  /** The first access of the guest to the device's MMIO makes the host call this. */
  const assign = guest.whileRunning(
    handler('pkvm_host_map_guest_mmio', { device }, (h) => [
      h.locked('device_spinlock', () => deviceLock, [
        h.step('name device', named),
        h.step('check device', {
          fn: '__pkvm_group_assign: hyp_check_range_owned',
          source,
          reads: (f) => ({ devOwner: devOwner(f.device), mmio: mmio(f.device) }),
          atomic: 'both are under device_spinlock',
          guards: [
            isUnassigned,
            {
              id: 'EL2-owns-MMIO',
              doc: 'the host can’t program the device any more',
              source,
              test: (s) => s.mmio === 'HYP',
              else: fail('EPERM'),
            },
          ],
        }),
        h.locked('smmu_lock', (f) => smmuLock(smmuOf(f.device)), [
          h.step('look at STE', {
            fn: 'smmu_dev_block_dma(host_to_guest)',
            source: smmuDriver,
            reads: (f) => ({ ste: ste(sidOf(f.device)) }),
            writes: () => ({ panicked }),
            guards: [
              {
                id: 'STE-is-not-live',
                doc: 'the device is blocked: the host has detached it',
                source: smmuDriver,
                test: (s) => s.ste.w0 === 'INVALID',
                else: design.stillAttached === 'WARN_ON' ? goto('look at STE', { panicked: true }) : fail('EINVAL'),
              },
            ],
          }),
        ]),
        h.step('set ctxt', {
          doc: 'from here on it is the guest’s',
          fn: '__pkvm_device_assign: dev->ctxt = vm',
          source,
          writes: (f) => ({ devOwner: devOwner(f.device) }),
          run: () => next({ devOwner: 'GUEST' }),
        }),
        h.step('give MMIO', {
          fn: '__pkvm_install_guest_mmio: pkvm_hyp_donate_guest',
          source,
          writes: (f) => ({ mmio: mmio(f.device) }),
          run: () => next({ mmio: 'GUEST' }),
        }),
      ]),
    ], { fn: 'pkvm_host_map_guest_mmio', source }), // prettier-ignore
  );

  const { byRecipe, asPublished } = el2BlockDma(all, streams, driver);

  const reset = fragment('reset', { device }, (h) => [
    h.step('reset device', {
      doc: 'nothing of its old owner is left in it',
      fn: 'dev->reset_handler',
      source,
      writes: (f) => ({ deviceSecret: guest.deviceSecret(f.device) }),
      run: () => next({ deviceSecret: false }),
    }),
  ]);

  const teardownDevice = fragment('device', { device }, (h) => {
    const wipe = h.call(reset, (f) => ({ device: f.device }));
    const blocked = (blockDma: typeof byRecipe) =>
      h.locked('smmu_lock', (f) => smmuLock(smmuOf(f.device)), [
        h.call(blockDma, (f) => ({ sid: sidOf(f.device), smmu: smmuOf(f.device) })),
      ]);
    const closed = {
      recipe: [blocked(byRecipe), wipe],
      published: [wipe, blocked(asPublished)],
      'owner only': [],
    }[design.block];
    const returnMmio = h.step('return MMIO', {
      fn: 'pkvm_devices_reclaim_device',
      source,
      writes: (f) => ({ mmio: mmio(f.device) }),
      run: () => next({ mmio: 'HOST' }),
    });
    return [
      h.locked('device_spinlock', () => deviceLock, [
        h.step('look at ctxt', {
          fn: 'pkvm_devices_teardown',
          source,
          reads: (f) => ({ devOwner: devOwner(f.device) }),
          run: (s) => (s.devOwner === 'GUEST' ? next() : done()),
        }),
        ...closed,
        h.step('clear ctxt', {
          doc: 'it is the host’s again',
          fn: 'pkvm_devices_teardown: dev->ctxt = NULL',
          source,
          writes: (f) => ({ devOwner: devOwner(f.device) }),
          run: () => next({ devOwner: 'HOST' }),
        }),
        ...(design.block === 'owner only' ? [] : [returnMmio]),
      ]),
    ];
  });
  const devicesTeardown = fragment('pkvm_devices_teardown', { device }, (h) => [
    h.each('each device', 'device', () => device.values, [h.call(teardownDevice, (f) => ({ device: f.device }))]),
  ]);

  const isVms = (h: Body<{ domain: Parts['domain'] }>): Node =>
    h.step('is it the VM’s', {
      doc: 'the guest may have freed it, and the host may have the id since',
      fn: 'kvm_iommu_force_free_domain: domain->vm',
      source: core,
      reads: (f) => ({ refs: refs(f.domain), domainOwner: domainOwner(f.domain) }),
      atomic: 'both are under domain_lock, but for references of hypercalls at work, and those do not count here',
      run: (s) => (s.refs > 0 && s.domainOwner === 'GUEST' ? next() : done()),
    });

  /** Whoever is attached. */
  const domainsTeardown = fragment('pkvm_pviommu_teardown', { domain, iova }, (h) => [
    h.each('each domain', 'domain', () => domain.values.filter((d) => domainOwner(d).initial === 'GUEST'), [
      h.locked('domain_lock', () => domainLock, [
        ...(design.domainMayBeGone ? [isVms(h)] : []),
        h.step('set refs', {
          doc: 'the references of the streams that are still attached go, too',
          fn: 'kvm_iommu_force_free_domain',
          source: core,
          waits: true,
          reads: (f) => ({ nodes: nodes(f.domain) }),
          writes: (f) => ({ refs: refs(f.domain) }),
          atomic: 'the list is quiet: the guest’s vCPU is stopped, and nobody else attaches to its domain',
          guards: design.forcedFree === 'unconditional' ? [] : [
            {
              id: 'no-hypercall-at-work',
              doc: 'the host may hold a reference until it is told that the domain is not its own',
              source: `${core}; not upstream`,
              test: (s) => s.refs === 1 + smmu.values.reduce((streams, k) => streams + s.nodes.get(k)!, 0),
              else: block,
            },
          ],
          run: (_, f) => next({ refs: 0 }).emit('domain freed', { domain: f.domain }),
        }),
        h.step('free list nodes', {
          fn: 'smmu_free_domain',
          source: smmuDriver,
          writes: (f) => ({ nodes: nodes(f.domain) }),
          run: (s) => next({ nodes: smmu.values.reduce((list, k) => list.set(k, 0), s.nodes) }),
        }),
        h.each('each leaf', 'iova', () => iova.values, [
          h.call(freeLeaf, (f) => ({ domain: f.domain, iova: f.iova })),
        ]),
      ]),
    ]),
  ]); // prettier-ignore

  const teardown = fragment('teardown', {}, (h) => {
    const devices = h.call(devicesTeardown);
    const domains = h.call(domainsTeardown);
    return design.order === 'devices first' ? [devices, domains] : [domains, devices];
  });

  const startTeardown = handler('__pkvm_start_teardown_vm', {}, (h) => [
    h.locked('vm_table_lock', () => guest.vmLock, [
      h.step('look up VM', { fn: 'get_vm_by_handle', source: pkvm, reads: () => ({ vm: guest.vm }), guards: [guest.isRunning] }),
      ...(design.when === 'start' ? [h.call(teardown)] : []),
      h.step('set is_dying', {
        doc: 'pages can be reclaimed from here on',
        fn: '__pkvm_start_teardown_vm',
        source: pkvm,
        writes: () => ({ vm: guest.vm }),
        run: () => next({ vm: 'DYING' }),
      }),
    ]),
  ], { fn: '__pkvm_start_teardown_vm', source: pkvm }); // prettier-ignore

  const finalizeTeardown = handler('__pkvm_finalize_teardown_vm', {}, (h) => [
    h.locked('vm_table_lock', () => guest.vmLock, [
      h.step('look up VM', { fn: 'get_vm_by_handle', source: pkvm, reads: () => ({ vm: guest.vm }), guards: [guest.isDying] }),
      h.step('remove VM', {
        doc: 'no page can be reclaimed any more',
        fn: 'remove_vm_table_entry',
        source: pkvm,
        writes: () => ({ vm: guest.vm }),
        run: () => next({ vm: 'GONE' }),
      }),
    ]),
    ...(design.when === 'finalize' ? [h.call(teardown)] : []),
  ], { fn: '__pkvm_finalize_teardown_vm', source: pkvm }); // prettier-ignore

  return { mmio, assignMmio, reclaimMmio, assign, startTeardown, finalizeTeardown };
}
