/**
 * The host's CPU stage-2 (B2), as the identity-map designs see it: IOMMU tables follow it, so that whoever changes a
 * page's owner changes both, under host_mmu.lock. The order of the micro-steps is what protects (W-13): a page is closed
 * to the host's CPUs, then to its devices, and only then goes to the new owner; the way back is the other way round.
 */
import {
  bool,
  enumOf,
  fail,
  handler,
  next,
  type Body,
  type Builder,
  type Fragment,
  type Handler,
  type Node,
  type ValueOf,
} from '../language/index.js';
import { check, hostHasItNot, hostOwnsIt, hypHasItNot, hypOwnsIt, noDma } from './page-ownership.js';
import type { OwnershipValue, PageCheck, PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)';

/** `EMPTY`: nobody's annotation, so the host's; its next fault maps it. `ANNOTATED`: somebody else's, the host gets a fault. */
export const HostPte = enumOf('MAPPED', 'EMPTY', 'ANNOTATED');

/** Is the page the host's, as its CPU stage-2 has it? */
export const isHosts = (pte: ValueOf<typeof HostPte>): boolean => pte !== 'ANNOTATED';

export type MirroredStage2 = ReturnType<typeof mirroredStage2>;

/** Declares the leaves of the host's CPU stage-2, and the fault that fills it. */
export function mirroredStage2(m: Builder, { page }: Parts, { hostLock }: PageOwnership) {
  const hostPte = m.family('host_pte', [page], HostPte, 'MAPPED');
  m.explain(
    hostPte,
    'the leaf of this page in the host CPUs’ stage-2: mapped, EMPTY (the next fault maps it), or ANNOTATED with another owner (the host gets a fault)',
  );

  const hostMemAbort = handler('host_mem_abort', { page }, (h) => [
    h.locked('host_mmu.lock', () => hostLock, [
      h.step('read fault address', {
        doc: 'any page that a host CPU touches',
        fn: 'handle_host_mem_abort',
        source,
        run: () => page.values.map((p) => next().local({ page: p })),
      }),
      h.step('map page', {
        fn: 'host_stage2_idmap: host_stage2_adjust_range, __host_stage2_idmap',
        source,
        writes: (f) => ({ pte: hostPte(f.page) }),
        guards: [
          {
            id: 'pte-is-not-annotated',
            doc: 'only a page that is nobody else’s is mapped lazily',
            source,
            test: ({ pte }) => isHosts(pte),
            else: fail('EPERM'),
          },
        ],
        run: () => next({ pte: 'MAPPED' }),
      }),
    ]),
  ], { fn: 'handle_host_mem_abort', source }); // prettier-ignore

  return { hostPte, hostMemAbort };
}

/** Maps a page in the IOMMU's identity map, or unmaps it and waits until no device can use it. */
export type IdmapUpdate = Fragment<{ page: Parts['page']; maps: typeof bool }>;

type OwnSeen = { readonly own: OwnershipValue };
type OwnershipFields = ReturnType<OwnershipValue['toObject']>;

const guestOwnsIt = check<OwnSeen>(
  'guest-state-is-OWNED',
  'only a guest’s own page is reclaimed from it',
  'EPERM',
  ({ own }) => own.guest === 'OWNED',
);
const guestHasItNot = check<OwnSeen>(
  'guest-state-is-NOPAGE',
  'the guest has nothing there yet',
  'EPERM',
  ({ own }) => own.guest === 'NOPAGE',
);

export type IdmapOwnership = ReturnType<typeof idmapOwnership>;

/**
 * The ownership changes of the designs with an identity map.
 * @param counts PV design: pages that domains map have a DMA refcount; else what counts is the identity map alone
 */
export function idmapOwnership(
  m: Builder,
  { ownership, ref, hypLock, onPage }: PageOwnership,
  { hostPte }: MirroredStage2,
  update: IdmapUpdate,
  counts = false,
) {
  const guestLock = m.lock('guest pgtable_lock');
  m.explain(guestLock, 'protects the guest’s stage-2 table');
  type H = Body<{ page: Parts['page'] }>;

  /** Both locks, the page, the checks; then the micro-steps of the change. */
  const change = (
    fn: string,
    inner: 'pkvm_pgd_lock' | 'guest pgtable_lock',
    checks: readonly PageCheck[],
    body: (h: H) => readonly Node[],
  ): Handler =>
    onPage(fn, (h) => [
      h.locked(inner, () => (inner === 'pkvm_pgd_lock' ? hypLock : guestLock), [
        h.step('check page state', {
          fn,
          source,
          reads: (f) => ({ own: ownership(f.page), ref: ref(f.page) }),
          guards: checks,
        }),
        ...body(h),
      ]),
    ]);

  const annotate = (h: H): Node =>
    h.step('annotate host stage-2', {
      doc: 'the host’s CPUs lose the page: PTE invalid, with the new owner’s id in it, and a CPU TLBI',
      fn: '__host_stage2_set_owner_locked: kvm_pgtable_stage2_set_owner',
      source,
      writes: (f) => ({ pte: hostPte(f.page) }),
      run: () => next({ pte: 'ANNOTATED' }),
    });
  const unannotate = (h: H): Node =>
    h.step('remove annotation', {
      doc: 'the host’s next fault maps the page',
      fn: '__host_stage2_set_owner_locked: kvm_pgtable_stage2_set_owner',
      source,
      writes: (f) => ({ pte: hostPte(f.page) }),
      run: () => next({ pte: 'EMPTY' }),
    });
  const setState = (h: H, becomes: Partial<OwnershipFields>, doc: string): Node =>
    h.step('set page state', {
      doc,
      fn: '__host_set_page_state_range, __hyp_set_page_state_range',
      source,
      writes: (f) => ({ own: ownership(f.page) }),
      run: ({ own }) => next({ own: own.merge(becomes) }),
    });
  const idmap = (h: H, maps: boolean): Node => h.call(update, (f) => ({ page: f.page, maps }));

  const free = counts ? [noDma('EPERM')] : [];
  const donateHyp = change('__pkvm_host_donate_hyp', 'pkvm_pgd_lock', [hostOwnsIt, ...free, hypHasItNot], (h) => [
    annotate(h),
    idmap(h, false),
    setState(h, { owner: 'HYP', host: 'NOPAGE', hyp: 'OWNED' }, 'last: EL2 uses the page once the hypercall returns'),
  ]);
  const hypDonateHost = change('__pkvm_hyp_donate_host', 'pkvm_pgd_lock', [hypOwnsIt, hostHasItNot], (h) => [
    unannotate(h),
    setState(h, { owner: 'HOST', host: 'OWNED', hyp: 'NOPAGE' }, 'before the devices get at the page'),
    idmap(h, true),
  ]);
  const donateGuest = change('__pkvm_host_donate_guest', 'guest pgtable_lock', [hostOwnsIt, guestHasItNot], (h) => [
    annotate(h),
    idmap(h, false),
    setState(h, { owner: 'GUEST', host: 'NOPAGE' }, 'the host has lost the page, the guest can’t reach it yet'),
    h.step('map in guest stage-2', {
      doc: 'last: from here on a vCPU may use the page, and takes no lock for it',
      fn: '__pkvm_host_donate_guest: kvm_pgtable_stage2_map',
      source,
      writes: (f) => ({ own: ownership(f.page) }),
      run: ({ own }) => next({ own: own.set('guest', 'OWNED') }),
    }),
  ]);
  const reclaimPageGuest = change('__pkvm_host_reclaim_page_guest', 'guest pgtable_lock', [guestOwnsIt], (h) => [
    h.step('unmap in guest stage-2', {
      doc: 'the guest is dying; the page is zeroed before',
      fn: '__pkvm_host_reclaim_page_guest: kvm_pgtable_stage2_unmap',
      source,
      writes: (f) => ({ own: ownership(f.page) }),
      run: ({ own }) => next({ own: own.set('guest', 'NOPAGE') }),
    }),
    unannotate(h),
    setState(h, { owner: 'HOST', host: 'OWNED' }, 'before the devices get at the page'),
    idmap(h, true),
  ]);

  return { donateHyp, hypDonateHost, donateGuest, reclaimPageGuest };
}
