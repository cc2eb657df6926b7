/**
 * Page ownership (B2): who owns each page, who may touch it, and how many DMA uses pin it.
 * Since mid-2025 all of it lives in `hyp_vmemmap`, so a state check is a table look-up, not a page-table walk.
 */
import {
  bool,
  enumOf,
  fail,
  fragment,
  goto,
  handler,
  next,
  optional,
  range,
  record,
  type Body,
  type Builder,
  type Handler,
  type IndexSort,
  type LocalSorts,
  type Node,
  type Result,
  type ValueOf,
  type Var,
} from '../language/index.js';
import type { Page, Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)';

/** One page as `hyp_vmemmap` and the stage-2 tables have it. */
export const Ownership = record('Ownership', {
  owner: enumOf('HOST', 'HYP', 'GUEST', 'FFA'),
  host: enumOf('OWNED', 'SHARED_OWNED', 'SHARED_BORROWED', 'NOPAGE'),
  hyp: enumOf('NOPAGE', 'OWNED', 'SHARED_BORROWED'),
  guest: enumOf('NOPAGE', 'OWNED', 'SHARED_OWNED', 'SHARED_BORROWED'),
});
export type OwnershipValue = ValueOf<typeof Ownership>;

const hostOwned = Ownership.make({ owner: 'HOST', host: 'OWNED', hyp: 'NOPAGE', guest: 'NOPAGE' });
export const hostSharedWithHyp = Ownership.make({
  owner: 'HOST',
  host: 'SHARED_OWNED',
  hyp: 'SHARED_BORROWED',
  guest: 'NOPAGE',
});
const hypOwned = Ownership.make({ owner: 'HYP', host: 'NOPAGE', hyp: 'OWNED', guest: 'NOPAGE' });

/** What the ownership hypercalls check: `own` is the page's state, `ref` its DMA uses and pins. */
interface PageSeen {
  readonly own: OwnershipValue;
  readonly ref: number;
}
interface PageNamed {
  readonly page: Page;
}
export interface PageCheck<S = PageSeen> {
  readonly id: string;
  readonly doc: string;
  readonly source: string;
  test(seen: S, named: PageNamed): boolean;
  readonly else: Result<object, object>;
}
type OwnSeen = Pick<PageSeen, 'own'>;

/** A check of a page, with the error that the hypercall returns where it fails. */
export const check = <S>(
  id: string,
  doc: string,
  errno: string,
  test: (seen: S, named: PageNamed) => boolean,
  from = source,
): PageCheck<S> => ({
  id,
  doc,
  source: from,
  test,
  else: fail(errno),
});

export const hostOwnsIt = check<OwnSeen>(
  'host-state-is-OWNED',
  'only a page that the host owns alone changes hands',
  'EPERM',
  ({ own }) => own.host === 'OWNED',
);
export const hostSharesIt = check<OwnSeen>(
  'host-state-is-SHARED_OWNED',
  'only a shared page is unshared',
  'EPERM',
  ({ own }) => own.host === 'SHARED_OWNED',
);
export const hostHasItNot = check<OwnSeen>(
  'host-state-is-NOPAGE',
  'the host gets back only what it gave',
  'EPERM',
  ({ own }) => own.host === 'NOPAGE',
);
export const hypHasItNot = check<OwnSeen>(
  'hyp-state-is-NOPAGE',
  'EL2 takes only a page it does not have',
  'EPERM',
  ({ own }) => own.hyp === 'NOPAGE',
);
export const hypOwnsIt = check<OwnSeen>(
  'hyp-state-is-OWNED',
  'EL2 gives only a page it owns',
  'EPERM',
  ({ own }) => own.hyp === 'OWNED',
);
export const hypBorrowsIt = check<OwnSeen>(
  'hyp-state-is-SHARED_BORROWED',
  'only a page shared with EL2 is unshared',
  'EPERM',
  ({ own }) => own.hyp === 'SHARED_BORROWED',
);
export const noDma = (errno: string): PageCheck<Pick<PageSeen, 'ref'>> =>
  check<Pick<PageSeen, 'ref'>>(
    'ref-is-0',
    'a page in use for DMA, or pinned, is neither given away nor shared',
    errno,
    ({ ref }) => ref === 0,
  );

/** What a scenario with more than host and EL2 adds. */
export interface PageOptions {
  /** Which pages are RAM; the others are MMIO. All are RAM if left out. */
  readonly isRam?: (page: Page) => boolean;
  /** What else host_mmu.lock protects. */
  readonly alsoUnderHostLock?: readonly Var<unknown>[];
}

export type PageOwnership = ReturnType<typeof pageOwnership>;

/**
 * Declares pages, their locks, and what moves them.
 * @param maxRef the exact bound of a page's refcount
 */
export function pageOwnership(
  m: Builder,
  { page, domain, iova, mapping }: Parts,
  maxRef: number,
  { isRam, alsoUnderHostLock = [] }: PageOptions = {},
) {
  m.event('accepted', { page });
  m.event('use_dma', { page });
  m.event('unuse_dma', { page, domain, iova });
  const ownership = m.family('ownership', [page], Ownership, hostOwned);
  const ref = m.family('ref', [page], range(0, maxRef), 0);
  const hostLock = m.lock('host_mmu.lock', { protects: [...ownership.all, ...ref.all, ...alsoUnderHostLock] });
  const hypLock = m.lock('pkvm_pgd_lock');
  /** A BUG_ON at nVHE EL2 is a panic (rule 7): the CPU that runs into it never moves on, its locks stay taken. */
  const panicked = m.ghost('EL2 panicked', bool, false);

  /**
   * A hypercall that changes a page's state. The CPU's stage-2 (owner annotation, CPU TLBI) is done before the state
   * is written: the state is the last micro-step (B2), and its new owner has access once the locks are released.
   */
  const change = <L extends LocalSorts & { page: typeof page }>(
    h: Body<L>,
    fn: string,
    checks: readonly PageCheck[],
    becomes: OwnershipValue,
  ): Node =>
    h.locked('pkvm_pgd_lock', () => hypLock, [
      h.step('check page state', {
        fn: `${fn}: __host_check_page_state_range, __hyp_check_page_state_range`,
        source,
        reads: (f) => ({ own: ownership(f.page), ref: ref(f.page) }),
        guards: checks,
        run: (_, f) => next().emit('accepted', { call: fn, page: f.page }),
      }),
      h.step('set page state', {
        doc: 'CPU stage-2 first, vmemmap state last',
        fn: `${fn}: __host_stage2_set_owner_locked, __host_set_page_state_range, __hyp_set_page_state_range`,
        source,
        writes: (f) => ({ own: ownership(f.page) }),
        run: () => next({ own: becomes }),
      }),
    ]);

  const ramOnly = isRam
    ? [check<object>('page-is-RAM', 'MMIO does not change hands this way', 'EPERM', (_, f) => isRam(f.page))]
    : [];

  /** A hypercall about one page, under host_mmu.lock. */
  const onPage = (
    fn: string,
    body: (h: Body<{ page: IndexSort<'page'> }>) => readonly Node[],
    among: readonly Page[] = page.values,
  ): Handler =>
    handler(fn, { page }, (h) => [
      h.locked('host_mmu.lock', () => hostLock, [
        h.step('read pfn', {
          doc: 'the page is the host’s to name: any page',
          fn: 'host_lock_component',
          source,
          run: () => among.map((p) => next().local({ page: p })),
        }),
        ...body(h),
      ]),
    ], { fn, source }); // prettier-ignore

  const transition = (fn: string, checks: readonly PageCheck[], becomes: OwnershipValue): Handler =>
    onPage(fn, (h) => [change(h, fn, checks, becomes)]);

  /** The same, for EL2's own use: the caller has the page. */
  const called = (fn: string, checks: readonly PageCheck[], becomes: OwnershipValue) =>
    fragment(fn, { page }, (h) => [h.locked('host_mmu.lock', () => hostLock, [change(h, fn, checks, becomes)])]);

  const hostGives = ['__pkvm_host_donate_hyp', [hostOwnsIt, noDma('EPERM'), hypHasItNot], hypOwned] as const;
  const hypGives = ['__pkvm_hyp_donate_host', [hypOwnsIt, hostHasItNot], hostOwned] as const;
  const donateHyp = transition(...hostGives);
  const hypDonateHost = transition(...hypGives);
  const shareHyp = transition(
    '__pkvm_host_share_hyp',
    [...ramOnly, hostOwnsIt, noDma('EPERM'), hypHasItNot],
    hostSharedWithHyp,
  );
  const unshareHyp = transition('__pkvm_host_unshare_hyp', [hostSharesIt, hypBorrowsIt, noDma('EBUSY')], hostOwned);

  /** A use of a page for DMA; what is asked first depends on who maps it. */
  const useDmaIf = (fn: string, owned: PageCheck<OwnSeen>) =>
    fragment('use_dma', { page }, (h) => [
      h.locked('host_mmu.lock', () => hostLock, [
        h.step('check page state', {
          fn,
          source,
          reads: (f) => ({ own: ownership(f.page) }),
          guards: [owned],
          run: (_, f) => next().emit('use_dma', { page: f.page }),
        }),
        h.step('ref++', {
          doc: 'from here on donate and share refuse the page; BUG_ON at the top of the count',
          fn: `${fn}: hyp_page_ref_inc`,
          source,
          writes: (f) => ({ ref: ref(f.page), panicked }),
          run: (s) => (s.ref === maxRef ? goto('ref++', { panicked: true }) : next({ ref: s.ref + 1 })),
        }),
      ]),
    ]);
  const useDma = useDmaIf(
    '__pkvm_host_use_dma',
    check<OwnSeen>(
      'host-owns-page',
      'the host may give a device only what it owns alone',
      'EPERM',
      ({ own }) => own.host === 'OWNED',
    ),
  );

  const unuseDma = fragment('unuse_dma', { page, mapping: optional(mapping) }, (h) => [
    h.locked('host_mmu.lock', () => hostLock, [
      h.step('ref--', {
        doc: 'the page may be given away again; BUG_ON at zero',
        fn: '__pkvm_host_unuse_dma: hyp_page_ref_dec',
        source,
        writes: (f) => ({ ref: ref(f.page), panicked }),
        run: (s, f) =>
          s.ref === 0
            ? goto('ref--', { panicked: true })
            : next({ ref: s.ref - 1 }).emit('unuse_dma', { page: f.page, ...f.mapping?.toObject() }),
      }),
    ]),
  ]);

  m.explain(ownership, 'who owns the page, and the state that the host, the hypervisor and a guest have noted for it');
  m.explain(
    ref,
    'the hypervisor’s refcount of the page: while it is not 0, the page can be neither donated nor shared',
  );
  m.explain(hostLock, 'protects the host’s stage-2, and the ownership and refcount of pages');
  m.explain(hypLock, 'protects the hypervisor’s own page table');
  m.explain(panicked, 'a BUG_ON at EL2: the CPU that ran into it never moves on');
  return {
    maxRef,
    ownership,
    ref,
    hostLock,
    hypLock,
    panicked,
    ramOnly,
    onPage,
    useDmaIf,
    useDma,
    unuseDma,
    donateHyp,
    hypDonateHost,
    takeFromHost: called(...hostGives),
    giveToHost: called(...hypGives),
    shareHyp,
    unshareHyp,
  };
}
