/**
 * The end of a VM whose devices and domains EL2 takes back by itself (B4, B8): kvm_iommu_force_free_domain does not ask
 * for references, so the devices must not be able to translate any more. The VM is dying: no other CPU is at work on it.
 */
import { done, fragment, handler, next, type Handler } from '../language/index.js';
import type { IommuDomains } from './iommu-domains.js';
import type { DomainRefs } from './iommu-domains.js';
import type { Parts } from './parts.js';
import type { El2Attach } from './smmuv3-el2-attach.js';
import { el2BlockDma } from './smmuv3-el2-block.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { StreamTable } from './stream-table.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c, pkvm/arm-smmu-v3.c (B4, B8)';

/**
 * - `devices first`: each device of the VM is blocked (dev_block_dma), then the domain is freed;
 * - `domain first`: the other way round;
 * - `detach`: each device is detached as detach_dev does it, then the domain is freed.
 */
export type Teardown = 'devices first' | 'domain first' | 'detach';

/** The teardown of the VM that has a domain. Which one the host names is up to the host. */
export function vmTeardown(
  all: Parts,
  streams: StreamTable,
  driver: El2Driver,
  { detachDev }: El2Attach,
  { refs }: DomainRefs,
  { freeTables }: IommuDomains,
  how: Teardown,
): Handler {
  const { domain, sid, smmu, iova, smmuOfSid } = all;
  const { ste } = streams;
  const { nodes, smmuLock } = driver;

  const blockDma = el2BlockDma(all, streams, driver).asPublished;

  const takeBackDevice = fragment('pkvm_devices_teardown', { domain, sid }, (h) => [
    h.step('is it the VM’s', {
      fn: 'pkvm_devices_teardown',
      source,
      reads: (f) => ({ ste: ste(f.sid) }),
      run: (s, f) => (s.ste.w0 === 'S2' && s.ste.ttb === f.domain ? next() : done()),
    }),
    how === 'detach'
      ? h.call(detachDev, (f) => ({ domain: f.domain, sid: f.sid }))
      : h.locked('smmu_lock', (f) => smmuLock(smmuOfSid(f.sid)), [
          h.call(blockDma, (f) => ({ sid: f.sid, smmu: smmuOfSid(f.sid) })),
        ]),
  ]);

  const forceFree = fragment('kvm_iommu_force_free_domain', { domain, iova }, (h) => [
    h.step('zero refs', {
      doc: 'whatever they are',
      fn: 'kvm_iommu_force_free_domain',
      source,
      writes: (f) => ({ refs: refs(f.domain) }),
      run: (_, f) => next({ refs: 0 }).emit('domain freed', { domain: f.domain }),
    }),
    h.step('free list nodes', {
      fn: 'smmu_free_domain',
      source,
      writes: (f) => ({ nodes: nodes(f.domain) }),
      run: (s) => next({ nodes: smmu.values.reduce((list, k) => list.set(k, 0), s.nodes) }),
    }),
    h.call(freeTables, (f) => ({ domain: f.domain })),
  ]);

  return handler('teardown_vm', { domain, sid }, (h) => {
    const devices = h.each('each stream', 'sid', () => sid.values, [
      h.call(takeBackDevice, (f) => ({ domain: f.domain, sid: f.sid })),
    ]);
    const free = h.call(forceFree, (f) => ({ domain: f.domain }));
    return [
      h.step('handle_to_domain', {
        doc: 'any VM: the host may end each',
        fn: '__pkvm_teardown_vm',
        source,
        reads: () => ({ refs }),
        run: (s) => {
          const alive = domain.values.filter((d) => s.refs.at(d) > 0);
          return alive.length === 0 ? done() : alive.map((d) => next().local({ domain: d }));
        },
      }),
      ...(how === 'domain first' ? [free, devices] : [devices, free]),
    ];
  }, { fn: '__pkvm_teardown_vm', source }); // prettier-ignore
}
