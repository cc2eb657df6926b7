/**
 * The host CPUs' stage-2 table (B2), as far as it says something of its own: is there a valid leaf for this page?
 *
 * Leaves are made on fault. So "not mapped" does not mean "not owned": who owns a page is in the annotation of an
 * invalid leaf (`owner` of the page's ownership), and only that decides whether a fault may map the page.
 * A leaf and the TLBI behind it are one step here: the CPUs' TLBs are not modelled.
 */
import { bool, fragment, next, type Builder } from '../language/index.js';
import { check, type OwnershipValue, type PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';

const source = 'arch/arm64/kvm/hyp/nvhe/mem_protect.c (B2)';

/** Declares the leaves. Apart from the rest, since `host_mmu.lock` protects them. */
export function hostLeaves(m: Builder, { page }: Parts) {
  const mapped = m.family('host stage-2 maps', [page], bool, false);
  m.explain(
    mapped,
    'the host CPUs’ stage-2 table has a valid leaf for the page; without one, a fault maps it if the page is the host’s',
  );
  return mapped;
}

export type HostStage2 = ReturnType<typeof hostStage2>;

/** What EL2 does to the table. */
export function hostStage2({ page }: Parts, pages: PageOwnership, mapped: ReturnType<typeof hostLeaves>) {
  const { ownership, onPage } = pages;

  /** The owner's id goes into an invalid leaf; for the host itself the leaf is empty, and the next fault maps it. */
  const setOwner = (owner: OwnershipValue['owner']) =>
    fragment('host_stage2_set_owner_locked', { page }, (h) => [
      h.step('write owner annotation', {
        doc: 'the leaf becomes invalid; CPU TLBI',
        fn: 'host_stage2_set_owner_locked: kvm_pgtable_stage2_set_owner',
        source,
        writes: (f) => ({ mapped: mapped(f.page), own: ownership(f.page) }),
        run: ({ own }) => next({ mapped: false, own: own.set('owner', owner) }),
      }),
    ]);

  /** A page that is shared with the host is mapped at once. */
  const mapShared = fragment('host_stage2_idmap_locked', { page }, (h) => [
    h.step('map shared page', {
      fn: 'host_stage2_idmap_locked',
      source,
      writes: (f) => ({ mapped: mapped(f.page) }),
      run: () => next({ mapped: true }),
    }),
  ]);

  const setHostState = (host: OwnershipValue['host']) =>
    fragment('__host_set_page_state_range', { page }, (h) => [
      h.step('set host state', {
        doc: 'in hyp_vmemmap, after the stage-2 table',
        fn: '__host_set_page_state_range',
        source,
        writes: (f) => ({ own: ownership(f.page) }),
        run: ({ own }) => next({ own: own.set('host', host) }),
      }),
    ]);

  /** A host CPU touches any page: one that it owns is mapped, any other is refused. */
  const memAbort = onPage('handle_host_mem_abort', (h) => [
    h.step('check annotation', {
      fn: 'host_stage2_adjust_range',
      source,
      reads: (f) => ({ own: ownership(f.page), mapped: mapped(f.page) }),
      guards: [
        check<{ readonly mapped: boolean }>(
          'leaf-is-not-valid',
          'another CPU has mapped it meanwhile',
          'EAGAIN',
          (s) => !s.mapped,
        ),
        check<{ readonly own: OwnershipValue }>(
          'owner-is-HOST',
          'a leaf that names another owner stays invalid',
          'EPERM',
          ({ own }) => own.owner === 'HOST',
        ),
      ],
    }),
    h.step('map page', {
      fn: 'host_stage2_idmap',
      source,
      writes: (f) => ({ mapped: mapped(f.page) }),
      run: () => next({ mapped: true }),
    }),
  ]); // prettier-ignore

  return { mapped, setOwner, mapShared, setHostState, memAbort };
}
