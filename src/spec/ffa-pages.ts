/**
 * Pages that go between the host and the secure world: EL2's FF-A proxy (B2).
 *
 * Unsharing looks at the host's state alone, and a page shared with EL2 or a guest has the same one. What tells them
 * apart is the secure world: the proxy gives back what the secure world releases, and it releases what it was given.
 * Of the secure world only that record is modelled, and what a scenario adds; its calls are made under host_mmu.lock
 * here, in the code under the lock of the proxy's buffers.
 *
 * FFA_MEM_LEND is a share upstream: the host keeps its mapping. Android donates the page instead, if a kernel parameter
 * says so, and the reclaim gives it back.
 */
import { bool, next, type Body, type Builder, type Fragment, type Handler, type Node } from '../language/index.js';
import type { HostStage2 } from './host-stage2.js';
import type { IdmapUpdate } from './mirrored-stage2.js';
import { check, hostHasItNot, hostOwnsIt, hostSharesIt, noDma, type PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/ffa.c, mem_protect.c (B2)';

/** Which pages the secure world has a memory handle for. Under host_mmu.lock. */
export function memoryHandles(m: Builder, { page }: Parts) {
  const handle = m.family('FF-A handle', [page], bool, false);
  m.explain(
    handle,
    'the secure world has a memory handle for the page: the host has shared or lent it, and not reclaimed it',
  );
  return handle;
}

export type FfaPages = ReturnType<typeof ffaPages>;

export const handleIsKnown = check<{ readonly handle: boolean }>(
  'handle-is-known',
  'only what the secure world was given comes back',
  'EINVAL',
  (s) => s.handle,
);

type PageFragment = Fragment<{ page: Parts['page'] }>;

/** What a scenario adds to the calls. */
export interface FfaDesign {
  /** How the secure world takes a page into use, before it notes it down. */
  readonly takes?: PageFragment | undefined;
  /** How it lets go of a page, and strikes it off. */
  readonly releases?: PageFragment;
  /** The devices of an identity-map design lose what is donated. Android leaves it out (HOST_SET_NO_IOMMU_UPDATE). */
  readonly idmap?: IdmapUpdate | undefined;
  /** Whether a share is refused while the page is in use for DMA: in Android it is, upstream it is not. */
  readonly shareLooksAtRef?: boolean;
}

/** The proxy's calls. */
export function ffaPages(
  { ownership, ref, ramOnly, onPage }: PageOwnership,
  { setOwner, setHostState }: Pick<HostStage2, 'setOwner' | 'setHostState'>,
  handle: ReturnType<typeof memoryHandles>,
  { takes, releases, idmap, shareLooksAtRef = false }: FfaDesign = {},
) {
  type H = Body<{ page: Parts['page'] }>;

  const take = (h: H): readonly Node[] => [
    ...(takes ? [h.call(takes, (f) => ({ page: f.page }))] : []),
    h.step('secure world takes page', {
      fn: 'do_ffa_mem_xfer: ffa_mem_xfer',
      source,
      writes: (f) => ({ handle: handle(f.page) }),
      run: () => next({ handle: true }),
    }),
  ];
  const release = (h: H): Node =>
    releases
      ? h.call(releases, (f) => ({ page: f.page }))
      : h.step('secure world releases page', {
          fn: 'do_ffa_mem_reclaim: ffa_mem_reclaim',
          source,
          writes: (f) => ({ handle: handle(f.page) }),
          guards: [handleIsKnown],
          run: () => next({ handle: false }),
        });
  const updateIdmap = (h: H, maps: boolean): readonly Node[] =>
    idmap ? [h.call(idmap, (f) => ({ page: f.page, maps }))] : [];

  const shareFfa: Handler = onPage('__pkvm_host_share_ffa', (h) => [
    h.step('check page state', {
      doc: shareLooksAtRef ? 'as in Android' : 'ref is not looked at',
      fn: '__pkvm_host_share_ffa: __host_check_page_state_range',
      source,
      reads: (f) => ({ own: ownership(f.page), ref: ref(f.page) }),
      guards: [...ramOnly, hostOwnsIt, ...(shareLooksAtRef ? [noDma('EPERM')] : [])],
      run: (_, f) => next().emit('accepted', { call: '__pkvm_host_share_ffa', page: f.page }),
    }),
    h.call(setHostState('SHARED_OWNED'), (f) => ({ page: f.page })),
    ...take(h),
  ]);

  const unshareFfa: Handler = onPage('__pkvm_host_unshare_ffa', (h) => [
    release(h),
    h.step('check page state', {
      fn: '__pkvm_host_unshare_ffa: __host_check_page_state_range',
      source,
      reads: (f) => ({ own: ownership(f.page) }),
      guards: [hostSharesIt],
      run: (_, f) => next().emit('accepted', { call: '__pkvm_host_unshare_ffa', page: f.page }),
    }),
    h.call(setHostState('OWNED'), (f) => ({ page: f.page })),
  ]);

  const donate = (h: H): readonly Node[] => [
    h.step('check page state', {
      fn: '__pkvm_host_donate_ffa: __host_check_page_state_range',
      source,
      reads: (f) => ({ own: ownership(f.page), ref: ref(f.page) }),
      guards: [...ramOnly, hostOwnsIt, noDma('EPERM')],
      run: (_, f) => next().emit('accepted', { call: '__pkvm_host_donate_ffa', page: f.page }),
    }),
    h.call(setOwner('FFA'), (f) => ({ page: f.page })),
    ...updateIdmap(h, false),
    h.call(setHostState('NOPAGE'), (f) => ({ page: f.page })),
  ];
  /** For ever: nobody asks for it back. */
  const donateFfa = onPage('__pkvm_host_donate_ffa', donate);

  const lend = onPage('FFA_MEM_LEND', (h) => [...donate(h), ...take(h)]);

  const reclaim = onPage('FFA_MEM_RECLAIM', (h) => [
    release(h),
    h.step('check page state', {
      fn: '__pkvm_host_reclaim_ffa: __host_check_page_state_range',
      source: `${source}; Android`,
      reads: (f) => ({ own: ownership(f.page) }),
      guards: [hostHasItNot],
    }),
    h.call(setOwner('HOST'), (f) => ({ page: f.page })),
    h.call(setHostState('OWNED'), (f) => ({ page: f.page })),
    ...updateIdmap(h, true),
  ]);

  return { handle, shareFfa, unshareFfa, donateFfa, lend, reclaim };
}
