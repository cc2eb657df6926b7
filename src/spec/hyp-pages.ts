/**
 * Pages that go between the host and EL2 (B2), with the CPU's stage-2 table and the contents of pages in the picture:
 * donation and its reverse, and pins of pages that the host shares. Sharing itself is in page-ownership.ts.
 */
import { block, bool, enumOf, fail, goto, next, rule, type Builder, type Handler } from '../language/index.js';
import type { HostStage2 } from './host-stage2.js';
import {
  check,
  hostHasItNot,
  hostOwnsIt,
  hostSharesIt,
  hypBorrowsIt,
  hypHasItNot,
  hypOwnsIt,
  noDma,
  type PageOptions,
  type PageOwnership,
} from './page-ownership.js';
import type { Page, Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)';

export const Secret = enumOf('none', 'HYP', 'GUEST');
/** Nobody decides by it: properties look at it. */
export function secrets(m: Builder, { page }: Parts) {
  const secret = m.family('secret', [page], Secret, 'none', 'ghost');
  m.explain(secret, 'no variable of the kernel: whose data the page holds that nobody else may read');
  return secret;
}
export type Secrets = ReturnType<typeof secrets>;

/** Which pages EL2 has pinned: one pin a page at most, as the hyp_vm of one VM takes it. Under host_mmu.lock. */
export function pins(m: Builder, { page }: Parts) {
  const pinned = m.family('pinned', [page], bool, false);
  m.explain(
    pinned,
    'EL2 has pinned the page, which the host shares with it: until it is unpinned, sharing does not end',
  );
  return pinned;
}

export type HypPages = ReturnType<typeof hypPages>;

/** Declares EL2's use of pinned pages, and the hypercalls. */
export function hypPages(
  m: Builder,
  all: Parts,
  pages: PageOwnership,
  stage2: HostStage2,
  {
    secret,
    pinned,
    isRam,
  }: { secret: Secrets; pinned: ReturnType<typeof pins> } & Required<Pick<PageOptions, 'isRam'>>,
) {
  const { page } = all;
  const { ownership, ref, maxRef, panicked, hypLock, onPage, ramOnly } = pages;
  const { setOwner, setHostState } = stage2;

  const donateHypFor = (name: string, kind: typeof ramOnly, among: readonly Page[]): Handler =>
    onPage(
      name,
      (h) => [
        h.locked('pkvm_pgd_lock', () => hypLock, [
          h.step('check page state', {
            fn: '__pkvm_host_donate_hyp: __host_check_page_state_range, __hyp_check_page_state_range',
            source,
            reads: (f) => ({ own: ownership(f.page), ref: ref(f.page) }),
            guards: [...kind, hostOwnsIt, noDma('EPERM'), hypHasItNot],
          }),
          h.onFail('EL2 mapping', [
            h.step('map at EL2', {
              doc: 'early, and harmless: EL2 does not use the page before this hypercall returns',
              fn: '__pkvm_host_donate_hyp: __hyp_set_page_state_range, pkvm_create_mappings_locked',
              source,
              writes: (f) => ({ own: ownership(f.page) }),
              run: ({ own }, f) => {
                const mapped = { own: own.set('hyp', 'OWNED') };
                return [
                  next(mapped).emit('accepted', { call: '__pkvm_host_donate_hyp', page: f.page }),
                  fail('ENOMEM', mapped),
                ];
              },
            }),
          ], [
            h.step('undo EL2 mapping', {
              fn: '__pkvm_host_donate_hyp: pkvm_remove_mappings_locked, __hyp_set_page_state_range',
              source,
              writes: (f) => ({ own: ownership(f.page) }),
              run: ({ own }) => next({ own: own.set('hyp', 'NOPAGE') }),
            }),
          ]),
          h.call(setOwner('HYP'), (f) => ({ page: f.page })),
          h.call(setHostState('NOPAGE'), (f) => ({ page: f.page })),
          h.step('EL2 uses page', {
            doc: 'EL2’s data is in it from the end of this hypercall on',
            fn: 'the caller, with the page its own',
            source,
            writes: (f) => ({ secret: secret(f.page) }),
            run: (_, f) => next({ secret: isRam(f.page) ? 'HYP' : 'none' }),
          }),
        ]),
      ],
      among,
    ); // prettier-ignore

  const donateHyp = donateHypFor('__pkvm_host_donate_hyp', ramOnly, page.values);
  /** EL2 itself says that it takes MMIO: the registers of its own devices. */
  const mmio = page.values.filter((p) => !isRam(p));
  const donateHypMmio = donateHypFor('__pkvm_host_donate_hyp (accept_mmio)', [], mmio);

  const hypDonateHost = onPage('__pkvm_hyp_donate_host', (h) => [
    h.locked('pkvm_pgd_lock', () => hypLock, [
      h.step('check page state', {
        fn: '__pkvm_hyp_donate_host: __hyp_check_page_state_range, __host_check_page_state_range',
        source,
        reads: (f) => ({ own: ownership(f.page) }),
        guards: [hypOwnsIt, hostHasItNot],
        run: (_, f) => next().emit('accepted', { call: '__pkvm_hyp_donate_host', page: f.page }),
      }),
      h.step('zero page', {
        doc: 'the code does this in the callers, before the call, while the page is theirs alone',
        fn: 'callers: memset, before __pkvm_hyp_donate_host',
        source: `${source}, B3`,
        writes: (f) => ({ secret: secret(f.page) }),
        run: () => next({ secret: 'none' }),
      }),
      h.step('unmap at EL2', {
        fn: '__pkvm_hyp_donate_host: __hyp_set_page_state_range, pkvm_remove_mappings_locked',
        source,
        writes: (f) => ({ own: ownership(f.page) }),
        run: ({ own }) => next({ own: own.set('hyp', 'NOPAGE') }),
      }),
      h.call(setOwner('HOST'), (f) => ({ page: f.page })),
      h.call(setHostState('OWNED'), (f) => ({ page: f.page })),
    ]),
  ]); // prettier-ignore

  const pin = onPage('hyp_pin_shared_mem', (h) => [
    h.locked('pkvm_pgd_lock', () => hypLock, [
      h.step('check page state', {
        fn: 'hyp_pin_shared_mem: __host_check_page_state_range, __hyp_check_page_state_range',
        source,
        reads: (f) => ({ own: ownership(f.page), pinned: pinned(f.page) }),
        guards: [
          hostSharesIt,
          hypBorrowsIt,
          check<{ readonly pinned: boolean }>('slot-is-free', 'one pin a page', 'EEXIST', (s) => !s.pinned),
        ],
        run: (_, f) => next().emit('accepted', { call: 'hyp_pin_shared_mem', page: f.page }),
      }),
      h.step('pin', {
        doc: 'from here on unshare refuses the page; BUG_ON at the top of the count',
        fn: 'hyp_pin_shared_mem: hyp_page_ref_inc',
        source,
        writes: (f) => ({ ref: ref(f.page), pinned: pinned(f.page), panicked }),
        run: (s) => (s.ref === maxRef ? goto('pin', { panicked: true }) : next({ ref: s.ref + 1, pinned: true })),
      }),
    ]),
  ]); // prettier-ignore

  const unpin = onPage('hyp_unpin_shared_mem', (h) => [
    h.locked('pkvm_pgd_lock', () => hypLock, [
      h.step('look for pin', {
        doc: 'EL2 unpins only what it has pinned',
        fn: 'callers of hyp_unpin_shared_mem',
        source,
        reads: (f) => ({ pinned: pinned(f.page) }),
        guards: [check<{ readonly pinned: boolean }>('is-pinned', 'there is a pin', 'ENOENT', (s) => s.pinned)],
        run: (_, f) => next().emit('accepted', { call: 'hyp_unpin_shared_mem', page: f.page }),
      }),
      h.step('unpin', {
        doc: 'BUG_ON at zero',
        fn: 'hyp_unpin_shared_mem: hyp_page_ref_dec',
        source,
        writes: (f) => ({ ref: ref(f.page), pinned: pinned(f.page), panicked }),
        run: (s) => (s.ref === 0 ? goto('unpin', { panicked: true }) : next({ ref: s.ref - 1, pinned: false })),
      }),
    ]),
  ]); // prettier-ignore

  m.hardware(
    'el2',
    page.values.filter(isRam).map((p) =>
      rule(`use pinned ${page.print(p)}`, {
        doc: 'EL2 reads a pinned page whenever it likes; without a mapping that is a fault at EL2, a panic (rule 7)',
        fn: 'any user of a pinned page',
        source,
        reads: () => ({ pinned: pinned(p), own: ownership(p) }),
        writes: () => ({ panicked }),
        run: (s) => (s.pinned && s.own.hyp === 'NOPAGE' && !s.panicked ? next({ panicked: true }) : block),
      }),
    ),
  );

  return { secret, pinned, donateHyp, donateHypMmio, hypDonateHost, pin, unpin };
}
