/**
 * Domains of the IOMMU core at EL2, PV design (B4): their life, and the streams attached to them. A domain is allocated
 * while its refcount is not zero; each attached stream and each hypercall at work on it holds one more reference.
 */
import {
  done,
  fail,
  fragment,
  goto,
  handler,
  next,
  range,
  type Body,
  type Builder,
  type Fragment,
  type Node,
} from '../language/index.js';
import type { Caller } from './device-ownership.js';
import type { IoPageTable } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';
import type { El2Attach } from './smmuv3-el2-attach.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';

export type DomainRefs = ReturnType<typeof domainRefs>;

/** Declares the domains' refcounts. @param initial the references of each domain at the start */
export function domainRefs(m: Builder, { domain, sid, cpus }: Parts, pages: PageOwnership, initial: number) {
  const { panicked } = pages;
  /** Exact: one for the allocation, one a stream, one a CPU at work. It stands for INT_MAX, where the BUG_ON is. */
  const top = 1 + sid.values.length + cpus;
  const refs = m.family('refs', [domain], range(0, top), initial);
  const domainLock = m.lock('kvm_iommu_domain_lock');

  const allocated = {
    id: 'domain-is-allocated',
    doc: 'nobody works on a domain that is not there',
    source: `${source}; upstream has a BUG_ON instead`,
  };
  const get = (errno: string) =>
    fragment('domain_get', { domain }, (h) => [
      h.step('refs++', {
        fn: 'domain_get: atomic_fetch_inc_acquire',
        source,
        writes: (f) => ({ refs: refs(f.domain), panicked }),
        guards: [{ ...allocated, test: (s) => s.refs > 0, else: fail(errno) }],
        run: (s) => (s.refs === top ? goto('refs++', { panicked: true }) : next({ refs: s.refs + 1 })),
      }),
    ]);
  /** Upstream: a host that names a domain which is not there brings EL2 down. */
  const getOrBug = fragment('domain_get', { domain }, (h) => [
    h.step('refs++', {
      doc: 'BUG_ON(refs was 0)',
      fn: 'domain_get: atomic_fetch_inc_acquire',
      source,
      writes: (f) => ({ refs: refs(f.domain), panicked }),
      run: (s) => (s.refs === 0 || s.refs === top ? goto('refs++', { panicked: true }) : next({ refs: s.refs + 1 })),
    }),
  ]);
  const put = fragment('domain_put', { domain }, (h) => [
    h.step('refs--', {
      doc: 'BUG_ON at zero',
      fn: 'domain_put: atomic_dec_return_release',
      source,
      writes: (f) => ({ refs: refs(f.domain), panicked }),
      run: (s) => (s.refs === 0 ? goto('refs--', { panicked: true }) : next({ refs: s.refs - 1 })),
    }),
  ]);
  return { refs, domainLock, get, getOrBug, put, top };
}

type StreamLocals = { domain: Parts['domain']; device: Parts['device']; sid: Parts['sid'] };

export type IommuDomains = ReturnType<typeof iommuDomains>;

/**
 * The hypercalls that make, use and end domains.
 * @param getOrBug upstream's domain_get instead of one that fails
 * @param caller who calls, and is asked whose domain and device he names
 */
export function iommuDomains(
  all: Parts,
  pages: PageOwnership,
  tables: IoPageTable,
  hw: Smmuv3,
  driver: El2Attach,
  domains: DomainRefs,
  getOrBug = false,
  caller?: Caller,
) {
  const { domain, device, sid, iova, page, mapping } = all;
  const { Pte, table } = tables;
  const { refs, domainLock, put } = domains;
  const get: Fragment<{ domain: typeof domain }> = getOrBug ? domains.getOrBug : domains.get('EINVAL');

  const nameDomain = {
    doc: 'any domain: it is the host’s to name',
    fn: 'handle_to_domain',
    source,
    run: () => domain.values.map((d) => next().local({ domain: d })),
  };
  const nameStream = {
    doc: 'any stream: it is the host’s to name',
    fn: 'kvm_iommu_get_device',
    source,
    run: () =>
      caller
        ? device.values.flatMap((d) => sid.values.map((stream) => next().local({ device: d, sid: stream })))
        : sid.values.map((stream) => next().local({ sid: stream })),
  };
  const name = caller?.name ?? ((hypercall: string) => hypercall);

  /** The driver's half of attach or detach, where it is asked whose device the stream is. */
  const checked = (h: Body<StreamLocals>, driverCall: Node): readonly Node[] =>
    caller
      ? [
          h.locked('device_spinlock', () => caller.deviceLock, [
            h.call(caller.checkStream, (f) => ({ device: f.device, sid: f.sid })),
            driverCall,
          ]),
        ]
      : [driverCall];
  const checkDomain = (h: Body<StreamLocals>): readonly Node[] =>
    caller ? [h.call(caller.checkDomain, (f) => ({ domain: f.domain }))] : [];

  const free = {
    id: 'domain-is-not-allocated',
    doc: 'an id is given to one domain at a time',
    source,
    test: (s: { refs: number }) => s.refs === 0,
    else: fail('EINVAL'),
  };
  const allocDomain = handler(name('alloc_domain'), { domain }, (h) => [
    h.locked('domain_lock', () => domainLock, [
      h.step('handle_to_domain', nameDomain),
      ...(caller
        ? [
            h.step('look at refs', {
              fn: 'kvm_iommu_alloc_domain',
              source,
              reads: (f) => ({ refs: refs(f.domain) }),
              guards: [free],
            }),
            h.call(caller.takeDomain, (f) => ({ domain: f.domain })),
          ]
        : []),
      h.step('set refs', {
        fn: 'kvm_iommu_alloc_domain',
        source,
        writes: (f) => ({ refs: refs(f.domain) }),
        guards: caller ? [] : [free],
        run: (_, f) => next({ refs: 1 }).emit('domain allocated', { domain: f.domain }),
      }),
    ]),
  ], { fn: 'kvm_iommu_alloc_domain', source }); // prettier-ignore

  /** The table memory goes away: what its leaves still pin is given back. No TLBI: the last detach has flushed the VMID. */
  const freeLeaf = fragment('free_leaf', { domain, iova, page }, (h) => [
    h.step('read and clear leaf', {
      fn: 'kvm_arm_io_pgtable_free: free_leaf',
      source,
      reads: () => ({ walkers: hw.walkers }),
      writes: (f) => ({ table: table(f.domain), stale: hw.stale }),
      run: (s, f) => {
        const leaf = s.table.get(f.iova)!;
        if (leaf.tag === 'ZERO') return done();
        const after = next({
          table: s.table.set(f.iova, Pte.make.ZERO()),
          stale: hw.leafChanged(s, f.domain, f.iova, leaf),
        }).local({ page: leaf.value });
        return leaf.tag === 'V'
          ? after.emit('PTE invalidated', { domain: f.domain, iova: f.iova, page: leaf.value })
          : after;
      },
    }),
    h.call(pages.unuseDma, (f) => ({ page: f.page, mapping: mapping.make({ domain: f.domain, iova: f.iova }) })),
  ]);

  const freeDomain = handler('free_domain', { domain, iova }, (h) => [
    h.locked('domain_lock', () => domainLock, [
      h.step('handle_to_domain', nameDomain),
      h.step('cmpxchg refs', {
        doc: 'only the allocation’s own reference is left: no stream is attached, no hypercall at work',
        fn: 'kvm_iommu_free_domain: atomic_cmpxchg_acquire(&domain->refs, 1, 0)',
        source,
        writes: (f) => ({ refs: refs(f.domain) }),
        guards: [
          {
            id: 'domain-is-allocated',
            doc: 'there is a domain to free',
            source,
            test: (s) => s.refs > 0,
            else: fail('EINVAL'),
          },
          {
            id: 'refs-is-1',
            doc: 'nobody uses the domain',
            source,
            test: (s) => s.refs === 1,
            else: fail('EINVAL'),
          },
        ],
        run: (_, f) => next({ refs: 0 }).emit('domain freed', { domain: f.domain }),
      }),
      h.each('each leaf', 'iova', () => iova.values, [
        h.call(freeLeaf, (f) => ({ domain: f.domain, iova: f.iova })),
      ]),
    ]),
  ], { fn: 'kvm_iommu_free_domain', source }); // prettier-ignore

  const attachDev = handler(name('attach_dev'), { domain, device, sid }, (h) => [
    h.step('handle_to_domain', nameDomain),
    h.call(get, (f) => ({ domain: f.domain })),
    h.onFail('driver attach', [
      ...checkDomain(h),
      h.step('name stream', nameStream),
      ...checked(h, h.call(driver.attachDev, (f) => ({ domain: f.domain, sid: f.sid }))),
    ], [
      h.call(put, (f) => ({ domain: f.domain })),
    ]), // prettier-ignore
  ], { fn: 'kvm_iommu_attach_dev', source }); // prettier-ignore

  const detachDev = handler(name('detach_dev'), { domain, device, sid }, (h) => [
    h.step('handle_to_domain', nameDomain),
    h.step('read refs', {
      doc: 'a plain read: what counts is the STE, under its lock (W-24)',
      fn: 'kvm_iommu_detach_dev',
      source,
      reads: (f) => ({ refs: refs(f.domain) }),
      guards: [
        {
          id: 'refs-is-not-0-or-1',
          doc: 'a domain without streams has nothing to detach',
          source,
          test: (s) => s.refs > 1,
          else: fail('EINVAL'),
        },
      ],
    }),
    ...checkDomain(h),
    h.step('name stream', nameStream),
    ...checked(h, h.call(driver.detachDev, (f) => ({ domain: f.domain, sid: f.sid }))),
    h.call(put, (f) => ({ domain: f.domain })),
  ], { fn: 'kvm_iommu_detach_dev', source }); // prettier-ignore

  return { allocDomain, freeDomain, freeLeaf, attachDev, detachDev };
}
