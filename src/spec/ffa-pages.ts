/**
 * Pages that go between the host and the secure world: EL2's FF-A proxy (B2).
 *
 * Unsharing looks at the host's state alone, and a page shared with EL2 or a guest has the same one. What tells them
 * apart is the secure world: the proxy gives back what the secure world releases, and it releases what it was given.
 * Of the secure world only that record is modelled; its calls are made under host_mmu.lock here, in the code under the
 * lock of the proxy's buffers.
 */
import { bool, next, type Builder, type Handler } from '../language/index.js';
import type { HostStage2 } from './host-stage2.js';
import { check, hostOwnsIt, hostSharesIt, noDma, type PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/ffa.c, mem_protect.c (B2)';

/** Which pages the secure world has a memory handle for. Under host_mmu.lock. */
export const memoryHandles = (m: Builder, { page }: Parts) => m.family('FF-A handle', [page], bool, false);

export type FfaPages = ReturnType<typeof ffaPages>;

/** The proxy's calls. */
export function ffaPages(
  { ownership, ref, ramOnly, onPage }: PageOwnership,
  { setOwner, setHostState }: HostStage2,
  handle: ReturnType<typeof memoryHandles>,
) {
  const shareFfa: Handler = onPage('__pkvm_host_share_ffa', (h) => [
    h.step('check page state', {
      doc: 'ref is not looked at',
      fn: '__pkvm_host_share_ffa: __host_check_page_state_range',
      source,
      reads: (f) => ({ own: ownership(f.page) }),
      guards: [...ramOnly, hostOwnsIt],
      run: (_, f) => next().emit('accepted', { call: '__pkvm_host_share_ffa', page: f.page }),
    }),
    h.call(setHostState('SHARED_OWNED'), (f) => ({ page: f.page })),
    h.step('secure world takes page', {
      fn: 'do_ffa_mem_xfer: ffa_mem_xfer',
      source,
      writes: (f) => ({ handle: handle(f.page) }),
      run: () => next({ handle: true }),
    }),
  ]);

  const unshareFfa: Handler = onPage('__pkvm_host_unshare_ffa', (h) => [
    h.step('secure world releases page', {
      fn: 'do_ffa_mem_reclaim: ffa_mem_reclaim',
      source,
      writes: (f) => ({ handle: handle(f.page) }),
      guards: [
        check<{ readonly handle: boolean }>(
          'handle-is-known',
          'only what the secure world was given comes back',
          'EINVAL',
          (s) => s.handle,
        ),
      ],
      run: () => next({ handle: false }),
    }),
    h.step('check page state', {
      fn: '__pkvm_host_unshare_ffa: __host_check_page_state_range',
      source,
      reads: (f) => ({ own: ownership(f.page) }),
      guards: [hostSharesIt],
      run: (_, f) => next().emit('accepted', { call: '__pkvm_host_unshare_ffa', page: f.page }),
    }),
    h.call(setHostState('OWNED'), (f) => ({ page: f.page })),
  ]);

  const donateFfa: Handler = onPage('__pkvm_host_donate_ffa', (h) => [
    h.step('check page state', {
      fn: '__pkvm_host_donate_ffa: __host_check_page_state_range',
      source,
      reads: (f) => ({ own: ownership(f.page), ref: ref(f.page) }),
      guards: [...ramOnly, hostOwnsIt, noDma('EPERM')],
      run: (_, f) => next().emit('accepted', { call: '__pkvm_host_donate_ffa', page: f.page }),
    }),
    h.call(setOwner('FFA'), (f) => ({ page: f.page })),
    h.call(setHostState('NOPAGE'), (f) => ({ page: f.page })),
  ]);

  return { handle, shareFfa, unshareFfa, donateFfa };
}
