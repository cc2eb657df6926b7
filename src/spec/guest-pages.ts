/**
 * Pages that go between the host and one guest (B2). What the guest's stage-2 table says of a page is the guest's state
 * of it; the host's state is in hyp_vmemmap. The guest's table is opened last and closed first, since a vCPU on another
 * CPU takes no lock.
 *
 * A protected guest gets pages donated and shares some back; a non-protected one (np-guest) borrows the host's.
 */
import {
  fragment,
  handler,
  next,
  optional,
  range,
  type Body,
  type Builder,
  type Handler,
  type Index,
  type IndexSort,
  type Node,
} from '../language/index.js';
import type { HostStage2 } from './host-stage2.js';
import type { GuestVm, VmSeen } from './guest-vm.js';
import type { Secrets } from './hyp-pages.js';
import {
  check,
  hostHasItNot,
  hostOwnsIt,
  noDma,
  type OwnershipValue,
  type PageCheck,
  type PageOwnership,
} from './page-ownership.js';
import type { Page, Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)';

export type Ipa = Index<'ipa'>;
type Own = { readonly own: OwnershipValue };
type Leaf = { readonly leaf: Page | null };
type Shares = { readonly gshare: number };

/** The guest's stage-2 table: which page is at which address. */
export const guestTable = (m: Builder, { page }: Parts, ipa: IndexSort<'ipa'>) => {
  const table = m.family('guest stage-2', [ipa], optional(page), null);
  const lock = m.lock('guest pgtable_lock', { protects: table.all });
  m.explain(table, 'the guest’s stage-2 table: the page at this guest address; null if none is mapped');
  m.explain(lock, 'protects the guest’s stage-2 table');
  return { ipa, table, lock };
};
export type GuestTable = ReturnType<typeof guestTable>;

/** The top stands for that of the count's type. Under host_mmu.lock. */
export function guestShares(m: Builder, { page }: Parts, ipa: IndexSort<'ipa'>) {
  const gshare = m.family('gshare', [page], range(0, ipa.values.length + 1), 0);
  m.explain(gshare, 'host_share_guest_count: at how many addresses guests borrow the page from the host');
  return gshare;
}

const guestOwnsIt = check<Own>(
  'guest-state-is-OWNED',
  'a guest shares what is its own alone',
  'EPERM',
  ({ own }) => own.guest === 'OWNED',
);
const guestSharesIt = check<Own>(
  'guest-state-is-SHARED_OWNED',
  'a guest unshares what it shares',
  'EPERM',
  ({ own }) => own.guest === 'SHARED_OWNED',
);
const hostBorrowsIt = check<Own>(
  'host-state-is-SHARED_BORROWED',
  'the host has it from the guest',
  'EPERM',
  ({ own }) => own.host === 'SHARED_BORROWED',
);
const isMapped = (errno: string) =>
  check<Leaf>('ipa-is-mapped', 'there is a page at this address', errno, ({ leaf }) => leaf !== null);
const isFree = check<Leaf>('ipa-is-free', 'no page of the guest is lost behind another', 'EPERM', ({ leaf }) => leaf === null); // prettier-ignore

export type GuestPages = ReturnType<typeof guestPages>;

/** The hypercalls of the host, and of the guest. */
export function guestPages(
  { page }: Parts,
  pages: PageOwnership,
  stage2: HostStage2,
  vm: GuestVm,
  { ipa, table, lock }: GuestTable,
  gshare: ReturnType<typeof guestShares>,
  secret: Secrets,
) {
  const { ownership, ref, hostLock, ramOnly } = pages;
  const { setOwner, setHostState, mapShared } = stage2;
  type Locals = { page: IndexSort<'page'>; ipa: IndexSort<'ipa'> };

  /** The new owner's access: the last step of all. */
  const mapAtGuest = (state: OwnershipValue['guest']) =>
    fragment('kvm_pgtable_stage2_map', { page, ipa }, (h) => [
      h.step('map at guest', {
        fn: 'kvm_pgtable_stage2_map (guest)',
        source,
        writes: (f) => ({ leaf: table(f.ipa), own: ownership(f.page) }),
        run: ({ own }, f) => next({ leaf: f.page, own: own.set('guest', state) }),
      }),
    ]);

  const setGuestState = (state: 'OWNED' | 'SHARED_OWNED') =>
    fragment('guest page state', { page }, (h) => [
      h.step('set guest state', {
        doc: 'software bits of the guest’s leaf; what a guest shares is no secret any more',
        fn: 'kvm_pgtable_stage2_map (guest), with the new state',
        source,
        writes: (f) => ({ own: ownership(f.page), secret: secret(f.page) }),
        run: (s) => next({ own: s.own.set('guest', state), secret: state === 'SHARED_OWNED' ? 'none' : s.secret }),
      }),
    ]);

  /** A page may be at several addresses of an np-guest: it is the guest's as long as one of them is left. */
  const unmapAtGuest = fragment('kvm_pgtable_stage2_unmap', { page, ipa }, (h) => [
    h.step('unmap at guest', {
      doc: 'with TLBI: neither the vCPU nor a device behind this table gets there any more',
      fn: 'kvm_pgtable_stage2_unmap (guest)',
      source,
      reads: () => ({ table }),
      writes: (f) => ({ leaf: table(f.ipa), own: ownership(f.page) }),
      run: ({ own, table: leaves }, f) => {
        const elsewhere = ipa.values.some((x) => x !== f.ipa && leaves.at(x) === f.page);
        return next({ leaf: null, own: elsewhere ? own : own.set('guest', 'NOPAGE') });
      },
    }),
  ]);

  /** A host hypercall that names a page and an address of the VM whose vCPU is loaded on this CPU. */
  const onGuestPage = (me: number, fn: string, body: (h: Body<Locals>) => readonly Node[]): Handler =>
    handler(fn, { page, ipa }, (h) => [
      h.locked('host_mmu.lock', () => hostLock, [
        h.step('read pfn and gfn', {
          doc: 'both are the host’s to name',
          fn: 'pkvm_get_loaded_hyp_vcpu, host_lock_component',
          source,
          reads: () => ({ vm: vm.vm }),
          guards: [vm.loadedOn(me)],
          run: () => page.values.flatMap((p) => ipa.values.map((x) => next().local({ page: p, ipa: x }))),
        }),
        h.locked('guest pgtable_lock', () => lock, body(h)),
      ]),
    ], { fn, source }); // prettier-ignore

  const donateGuest = (me: number): Handler =>
    onGuestPage(me, '__pkvm_host_donate_guest', (h) => [
      h.step('check page state', {
        fn: '__pkvm_host_donate_guest: __host_check_page_state_range, __guest_check_page_state_range',
        source,
        reads: (f) => ({ own: ownership(f.page), ref: ref(f.page), leaf: table(f.ipa) }),
        guards: [...ramOnly, hostOwnsIt, noDma('EPERM'), isFree],
        run: (_, f) => next().emit('accepted', { call: '__pkvm_host_donate_guest', page: f.page }),
      }),
      h.call(setOwner('GUEST'), (f) => ({ page: f.page })),
      h.call(setHostState('NOPAGE'), (f) => ({ page: f.page })),
      h.call(mapAtGuest('OWNED'), (f) => ({ page: f.page, ipa: f.ipa })),
    ]);

  const shareGuest = (me: number): Handler =>
    onGuestPage(me, '__pkvm_host_share_guest', (h) => [
      h.step('check page state', {
        doc: 'ref is not looked at',
        fn: '__pkvm_host_share_guest: __host_check_page_state_range, __guest_check_page_state_range',
        source,
        reads: (f) => ({ own: ownership(f.page), gshare: gshare(f.page), leaf: table(f.ipa) }),
        guards: [
          ...ramOnly,
          isFree,
          check<Own & Shares>(
            'OWNED-or-shared-with-guests',
            'a page shared with somebody else is not shared with a guest',
            'EPERM',
            (s) => s.own.host === 'OWNED' || (s.own.host === 'SHARED_OWNED' && s.gshare > 0),
          ),
          check<Shares>('gshare-below-top', 'the count does not wrap', 'EBUSY', (s) => s.gshare <= ipa.values.length),
        ],
        run: (_, f) => next().emit('accepted', { call: '__pkvm_host_share_guest', page: f.page }),
      }),
      h.step('gshare++', {
        fn: '__pkvm_host_share_guest: host_share_guest_count++',
        source,
        writes: (f) => ({ gshare: gshare(f.page) }),
        run: (s) => next({ gshare: s.gshare + 1 }),
      }),
      h.call(setHostState('SHARED_OWNED'), (f) => ({ page: f.page })),
      h.call(mapAtGuest('SHARED_BORROWED'), (f) => ({ page: f.page, ipa: f.ipa })),
    ]);

  /** Under the host's and the guest's lock: some address of the VM, and the page there. */
  const atIpa = (
    h: Body<Locals>,
    lookUp: { readonly guards: Parameters<typeof isMapped>[0]; readonly vm: readonly PageCheck<VmSeen>[] },
    body: readonly Node[],
  ): Node =>
    h.locked('host_mmu.lock', () => hostLock, [
      h.step('read gfn', {
        doc: 'any address',
        fn: 'host_lock_component',
        source,
        reads: () => ({ vm: vm.vm }),
        guards: lookUp.vm,
        run: () => ipa.values.map((x) => next().local({ ipa: x })),
      }),
      h.locked('guest pgtable_lock', () => lock, [
        h.step('get leaf', {
          doc: 'an invalid leaf reads as physical address 0',
          fn: 'kvm_pgtable_get_leaf (guest)',
          source,
          reads: (f) => ({ leaf: table(f.ipa) }),
          guards: [isMapped(lookUp.guards)],
          run: ({ leaf }) => next().local({ page: leaf ?? page.of(0) }),
        }),
        ...body,
      ]),
    ]); // prettier-ignore

  const unshareGuest = handler('__pkvm_host_unshare_guest', { page, ipa }, (h) => [
    atIpa(h, { guards: 'ENOENT', vm: [] }, [
      h.step('check page state', {
        fn: '__pkvm_host_unshare_guest: __check_host_shared_guest',
        source,
        reads: (f) => ({ own: ownership(f.page), gshare: gshare(f.page) }),
        guards: [
          check<Own & Shares>(
            'shared-with-guests',
            'only what guests borrow is taken back',
            'EPERM',
            (s) => s.own.guest === 'SHARED_BORROWED' && s.gshare > 0,
          ),
        ],
        run: (_, f) => next().emit('accepted', { call: '__pkvm_host_unshare_guest', page: f.page }),
      }),
      h.call(unmapAtGuest, (f) => ({ page: f.page, ipa: f.ipa })),
      h.step('gshare--', {
        doc: 'the last one gives the page back to the host alone',
        fn: '__pkvm_host_unshare_guest: host_share_guest_count--, __host_set_page_state_range',
        source,
        writes: (f) => ({ gshare: gshare(f.page), own: ownership(f.page) }),
        run: ({ gshare: shares, own }) =>
          next({ gshare: Math.max(0, shares - 1), own: shares > 1 ? own : own.set('host', 'OWNED') }),
      }),
    ]),
  ], { fn: '__pkvm_host_unshare_guest', source }); // prettier-ignore

  const guestShareHost = (me: number): Handler =>
    handler('__pkvm_guest_share_host', { page, ipa }, (h) => [
      atIpa(h, { guards: 'EPERM', vm: [vm.loadedOn(me)] }, [
        h.step('check page state', {
          fn: '__pkvm_guest_share_host: __guest_check_page_state_range, __host_check_page_state_range',
          source,
          reads: (f) => ({ own: ownership(f.page) }),
          guards: [guestOwnsIt, hostHasItNot],
          run: (_, f) => next().emit('accepted', { call: '__pkvm_guest_share_host', page: f.page }),
        }),
        h.call(setGuestState('SHARED_OWNED'), (f) => ({ page: f.page })),
        h.call(setHostState('SHARED_BORROWED'), (f) => ({ page: f.page })),
        h.call(mapShared, (f) => ({ page: f.page })),
      ]),
    ], { fn: '__pkvm_guest_share_host', source }); // prettier-ignore

  const guestUnshareHost = (me: number): Handler =>
    handler('__pkvm_guest_unshare_host', { page, ipa }, (h) => [
      atIpa(h, { guards: 'EPERM', vm: [vm.loadedOn(me)] }, [
        h.step('check page state', {
          fn: '__pkvm_guest_unshare_host: __guest_check_page_state_range, __host_check_page_state_range',
          source,
          reads: (f) => ({ own: ownership(f.page) }),
          guards: [guestSharesIt, hostBorrowsIt],
          run: (_, f) => next().emit('accepted', { call: '__pkvm_guest_unshare_host', page: f.page }),
        }),
        h.call(setOwner('GUEST'), (f) => ({ page: f.page })),
        h.call(setHostState('NOPAGE'), (f) => ({ page: f.page })),
        h.call(setGuestState('OWNED'), (f) => ({ page: f.page })),
      ]),
    ], { fn: '__pkvm_guest_unshare_host', source }); // prettier-ignore

  /** Poison comes before the guest's table is closed (W-34): the guest, and its device, must have been stopped before. */
  const reclaim = handler('__pkvm_host_reclaim_page_guest', { page, ipa }, (h) => [
    atIpa(h, { guards: 'ENOENT', vm: [vm.isDying] }, [
      h.step('check page state', {
        doc: 'ref is not looked at',
        fn: '__pkvm_host_reclaim_page_guest: guest_get_page_state',
        source,
        reads: (f) => ({ own: ownership(f.page) }),
        guards: [
          check<Own>('owner-is-GUEST', 'what the guest only borrows is unshared', 'EPERM', ({ own }) => own.owner === 'GUEST'),
        ],
        run: (_, f) => next().emit('accepted', { call: '__pkvm_host_reclaim_page_guest', page: f.page }),
      }),
      h.step('poison page', {
        fn: '__pkvm_host_reclaim_page_guest: hyp_poison_page',
        source,
        writes: (f) => ({ secret: secret(f.page) }),
        run: () => next({ secret: 'none' }),
      }),
      h.call(unmapAtGuest, (f) => ({ page: f.page, ipa: f.ipa })),
      h.call(setOwner('HOST'), (f) => ({ page: f.page })),
      h.call(setHostState('OWNED'), (f) => ({ page: f.page })),
    ]),
  ], { fn: '__pkvm_host_reclaim_page_guest', source }); // prettier-ignore

  return { gshare, donateGuest, shareGuest, unshareGuest, guestShareHost, guestUnshareHost, reclaim };
}
