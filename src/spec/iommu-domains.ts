/**
 * Domains of the IOMMU core at EL2, PV design (B4): their life, and the streams attached to them. A domain is allocated
 * while its refcount is not zero; each attached stream and each hypercall at work on it holds one more reference.
 */
import {
  bool,
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
  type LocalSorts,
  type Node,
} from '../language/index.js';
import type { Caller } from './device-ownership.js';
import type { HypPool } from './hyp-pool.js';
import { ioLeaves } from './iommu-leaves.js';
import type { IoPageTable } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { Domain, Parts } from './parts.js';
import type { El2Attach } from './smmuv3-el2-attach.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/iommu/iommu.c (B4)';

export type DomainRefs = ReturnType<typeof domainRefs>;

/** What published trees do differently. */
export interface DomainDesign {
  /** domain_get: BUG_ON where the domain is not there, instead of an error. */
  readonly getOrBug?: boolean;
  /** free_domain: WARN_ON around the compare, which is a panic at EL2 (rule 7), instead of an error. */
  readonly freeOrWarn?: boolean;
  /** handle_to_domain: makes the page of domains without a lock, and the loser of a race runs into a WARN_ON. */
  readonly racyLookup?: boolean;
  /** free_domain takes the identity domain for any other. */
  readonly freesIdentity?: boolean;
  /** free_domain takes the last reference, and only then asks whose domain it is (an Android snapshot). */
  readonly freesBeforeOwner?: boolean;
  /** Tables are freed under pgt_lock, and so host_mmu.lock is taken under it (the brief; two public drivers take none). */
  readonly freesUnderPgtLock?: boolean;
}

/** Declares the domains' refcounts. @param initial the references of each domain at the start */
export function domainRefs(
  m: Builder,
  { domain, sid, pasid, cdTable, cpus }: Parts,
  { panicked }: PageOwnership,
  initial: number | ((d: Domain) => number),
  design: DomainDesign = {},
) {
  m.event('domain allocated', { domain });
  m.event('domain freed', { domain });
  /**
   * Exact: one for the allocation, one a stream and PASID, one a CPU at work. It stands for INT_MAX, where the BUG_ON is.
   * As many more as there are tables of CDs, so that a stream that is attached twice (W-05) does not get there.
   */
  const top = 1 + sid.size * pasid.size + cpus + cdTable.size;
  const refs = m.family('refs', [domain], range(0, top), initial);
  const domainLock = m.lock('kvm_iommu_domain_lock');
  m.explain(
    refs,
    'the domain’s refcount: one for its allocation, one for each attached stream, one for each hypercall at work on it; 0 is free',
  );
  m.explain(domainLock, 'serialises the making and the end of domains');

  const get = (errno: string) =>
    fragment('domain_get', { domain }, (h) => [
      h.step('refs++', {
        doc: 'nobody works on a domain that is not there; BUG_ON at the top of the count',
        fn: 'domain_get: atomic_fetch_inc_acquire',
        source,
        writes: (f) => ({ refs: refs(f.domain), panicked }),
        guards: [
          {
            id: 'domain-is-allocated',
            doc: 'nobody works on a domain that is not there',
            source: `${source}; upstream has a BUG_ON instead`,
            test: (s) => s.refs > 0,
            else: design.getOrBug ? goto('refs++', { panicked: true }) : fail(errno),
          },
        ],
        run: (s) => (s.refs === top ? goto('refs++', { panicked: true }) : next({ refs: s.refs + 1 })),
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
  return { refs, domainLock, get, put, design, lookup: design.racyLookup ? [lookup(m, panicked)] : [] };
}

/** handle_to_domain as published: the leaf page of the table of domains is made by whoever names an id first. */
function lookup(m: Builder, panicked: PageOwnership['panicked']): Fragment<Record<never, never>> {
  const leafPage = m.variable('domain leaf page', bool, false);
  m.explain(leafPage, 'the leaf page of EL2’s table of domains is there; who names an id in it first makes it');
  return fragment('handle_to_domain', {}, (h) => [
    h.step('read leaf page', {
      fn: 'handle_to_domain',
      source,
      reads: () => ({ leafPage }),
      run: (s) => (s.leafPage ? done() : next()),
    }),
    h.step('cmpxchg leaf page', {
      doc: 'WARN_ON where another CPU was faster',
      fn: 'handle_to_domain: WARN_ON(cmpxchg64_relaxed)',
      source,
      writes: () => ({ leafPage, panicked }),
      run: (s) => (s.leafPage ? goto('cmpxchg leaf page', { panicked: true }) : next({ leafPage: true })),
    }),
  ]);
}

/**
 * Holds a reference on the domain around the body, where domains come and go.
 * @param unguarded what comes before it, and where it fails leaves without domain_put
 */
export const withDomain = <L extends LocalSorts & { domain: Parts['domain'] }>(
  h: Body<L>,
  domains: DomainRefs | undefined,
  body: readonly Node[],
  unguarded: readonly Node[] = [],
): readonly Node[] =>
  domains
    ? [
        ...domains.lookup.map((find) => h.call(find)),
        h.call(domains.get('ENOENT'), (f) => ({ domain: f.domain as Domain })),
        ...unguarded,
        h.finally('with domain', body, [h.call(domains.put, (f) => ({ domain: f.domain as Domain }))]),
      ]
    : [...unguarded, ...body];

type StreamLocals = {
  domain: Parts['domain'];
  device: Parts['device'];
  sid: Parts['sid'];
  pasid: Parts['pasid'];
};

export type IommuDomains = ReturnType<typeof iommuDomains>;

/**
 * The hypercalls that make, use and end domains.
 * @param pool where the pages of a domain's tables come from, if that matters
 * @param caller who calls, and is asked whose domain and device he names
 * @param attached what comes after an attach, once all locks are released
 */
export function iommuDomains(
  all: Parts,
  pages: PageOwnership,
  tables: IoPageTable,
  hw: Smmuv3,
  driver: El2Attach,
  domains: DomainRefs,
  pool?: HypPool,
  caller?: Caller,
  attached?: Fragment<{ domain: Parts['domain'] }>,
) {
  const { domain, identity, device, sid, pasid, iova, page, mapping } = all;
  const { Pte, table } = tables;
  const leaves = ioLeaves(tables, hw);
  const { refs, domainLock, put, design } = domains;
  const { panicked } = pages;
  const get = domains.get('EINVAL');

  const nameDomain = {
    doc: 'any domain: it is the host’s to name',
    fn: 'handle_to_domain',
    source,
    run: () => domain.values.map((d) => next().local({ domain: d })),
  };
  const nameStream = {
    doc: 'any stream, any PASID: both are the host’s to name',
    fn: 'kvm_iommu_get_device',
    source,
    run: () => {
      const named = sid.values.flatMap((stream) => pasid.values.map((p) => ({ sid: stream, pasid: p })));
      return caller
        ? device.values.flatMap((d) => named.map((one) => next().local({ ...one, device: d })))
        : named.map((one) => next().local(one));
    },
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
      ...domains.lookup.map((find) => h.call(find)),
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
      ...(design.freesBeforeOwner
        ? [
            h.step('new table', {
              doc: 'the driver makes new ones: what an earlier domain left behind is lost (elsewhere nothing is left)',
              fn: 'smmu_alloc_domain',
              source,
              writes: (f) => ({ table: table(f.domain) }),
              run: (s) => next({ table: s.table.map(() => Pte.make.ZERO()) }),
            }),
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
        const leaf = leaves.leafOf(s, f);
        if (leaf.tag === 'ZERO') return done();
        // Leaves of the identity map hold no use of their pages.
        if (f.domain === identity) return done('', leaves.change(s, f, Pte.make.ZERO()));
        return leaves.invalidate(s, f, Pte.make.ZERO()).local({ page: leaf.value });
      },
    }),
    h.call(pages.unuseDma, (f) => ({ page: f.page, mapping: mapping.make({ domain: f.domain, iova: f.iova }) })),
  ]);

  const freeTables = fragment('kvm_arm_io_pgtable_free', { domain, iova }, (h) => {
    const all = h.each('each leaf', 'iova', () => iova.values, [
      h.call(freeLeaf, (f) => ({ domain: f.domain, iova: f.iova })),
      ...(pool ? [h.call(pool.freeTable, (f) => ({ domain: f.domain, iova: f.iova }))] : []),
    ]);
    return [design.freesUnderPgtLock ? h.locked('pgt_lock', (f) => tables.pgtLock(f.domain), [all]) : all];
  });

  const freeCheck = (h: Body<{ domain: Parts['domain'] }>, when: 'first' | 'behind refs'): readonly Node[] =>
    caller && when === (design.freesBeforeOwner ? 'behind refs' : 'first')
      ? [h.call(caller.checkDomain, (f) => ({ domain: f.domain }))]
      : [];
  const notFreed = design.freeOrWarn ? goto('cmpxchg refs', { panicked: true }) : fail('EINVAL');
  const freeDomain = handler(name('free_domain'), { domain }, (h) => [
    h.locked('domain_lock', () => domainLock, [
      h.step('handle_to_domain', nameDomain),
      ...domains.lookup.map((find) => h.call(find)),
      ...freeCheck(h, 'first'),
      h.step('cmpxchg refs', {
        doc: 'only the allocation’s own reference is left: no stream is attached, no hypercall at work',
        fn: 'kvm_iommu_free_domain: atomic_cmpxchg_acquire(&domain->refs, 1, 0)',
        source,
        writes: (f) => ({ refs: refs(f.domain), panicked }),
        guards: [
          ...(identity === undefined || design.freesIdentity
            ? []
            : [
                {
                  id: 'domain-is-not-identity',
                  doc: 'the identity domain is there for ever: ownership changes take no reference on it',
                  source: 'not upstream',
                  test: (_: object, f: { domain: Domain }) => f.domain !== identity,
                  else: fail('EINVAL'),
                },
              ]),
          {
            id: 'domain-is-allocated',
            doc: 'there is a domain to free',
            source,
            test: (s) => s.refs > 0,
            else: notFreed,
          },
          {
            id: 'refs-is-1',
            doc: 'nobody uses the domain',
            source,
            test: (s) => s.refs === 1,
            else: notFreed,
          },
        ],
        run: (_, f) => next({ refs: 0 }).emit('domain freed', { domain: f.domain }),
      }),
      ...freeCheck(h, 'behind refs'),
      h.call(freeTables, (f) => ({ domain: f.domain })),
    ]),
  ], { fn: 'kvm_iommu_free_domain', source }); // prettier-ignore

  const attachDev = handler(name('attach_dev'), { domain, device, sid, pasid }, (h) => [
    h.step('handle_to_domain', nameDomain),
    ...domains.lookup.map((find) => h.call(find)),
    h.call(get, (f) => ({ domain: f.domain })),
    h.onFail('driver attach', [
      ...checkDomain(h),
      h.step('name stream', nameStream),
      ...checked(h, h.call(driver.attachDev, (f) => ({ domain: f.domain, sid: f.sid, pasid: f.pasid }))),
    ], [
      h.call(put, (f) => ({ domain: f.domain })),
    ]), // prettier-ignore
    ...(attached ? [h.call(attached, (f) => ({ domain: f.domain }))] : []),
  ], { fn: 'kvm_iommu_attach_dev', source }); // prettier-ignore

  const detachDev = handler(name('detach_dev'), { domain, device, sid, pasid }, (h) => [
    h.step('handle_to_domain', nameDomain),
    ...domains.lookup.map((find) => h.call(find)),
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
    ...checked(h, h.call(driver.detachDev, (f) => ({ domain: f.domain, sid: f.sid, pasid: f.pasid }))),
    h.call(put, (f) => ({ domain: f.domain })),
  ], { fn: 'kvm_iommu_detach_dev', source }); // prettier-ignore

  return { allocDomain, freeDomain, freeLeaf, attachDev, detachDev, freeTables };
}
