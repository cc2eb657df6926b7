/**
 * One protected guest as device assignment needs it (B2, T6): it runs, is dying, or is gone; its pages; and the secrets
 * that its vCPU and its device write. SC-11 has the ownership of pages in full (guest-vm.ts, guest-pages.ts).
 *
 * Where the guest's hypercalls are at work, its vCPU is loaded: vm_table_lock stands for the reference that keeps a
 * teardown out (-EBUSY) meanwhile.
 */
import {
  block,
  Body,
  bool,
  enumOf,
  fail,
  next,
  rule,
  type Builder,
  type Handler,
  type Node,
} from '../language/index.js';
import { guestOwned } from './guest-dma.js';
import { check, hostOwnsIt, noDma, type OwnershipValue, type PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';
import type { Smmuv3 } from './smmuv3.js';

const source = 'arch/arm64/kvm/hyp/nvhe/pkvm.c, mem_protect.c (B2)';

export type VmState = 'RUNNING' | 'DYING' | 'GONE';

export type AssignedGuest = ReturnType<typeof assignedGuest>;

/** Declares the guest, and what the host does with its pages. */
export function assignedGuest(m: Builder, { page, device }: Parts, pages: PageOwnership, hw: Smmuv3) {
  const { ownership } = pages;
  const vm = m.variable('vm', enumOf('RUNNING', 'DYING', 'GONE'), 'RUNNING');
  const vmLock = m.lock('vm_table_lock', { kind: 'rw', protects: [vm] });
  const secret = m.family('secret', [page], bool, false, 'ghost');
  const deviceSecret = m.family('device secret', [device], bool, false, 'ghost');
  m.explain(vm, 'the protected guest: it runs, is being torn down (DYING), or is gone for good');
  m.explain(
    vmLock,
    'stands for the reference that a loaded vCPU holds: taken shared by the guest, exclusively by a teardown',
  );
  m.explain(secret, 'no variable of the kernel: the page holds what the guest wrote and nobody else may read');
  m.explain(
    deviceSecret,
    'no variable of the kernel: the device still has data of the guest in its registers and buffers',
  );

  const vmIs = (state: VmState, id: string, doc: string) => ({
    id,
    doc,
    source,
    test: (s: { readonly vm: VmState }) => s.vm === state,
    else: fail('EINVAL'),
  });
  const isRunning = vmIs('RUNNING', 'VM-is-running', 'there is a guest to work for');
  const isDying = vmIs('DYING', 'VM-is-dying', 'a living guest keeps its pages');

  /** A hypercall that needs the VM in some state, and keeps it there. */
  const during = (guard: typeof isRunning, { body, ...rest }: Handler): Handler => {
    const h = new Body(rest.locals);
    const look: Node = h.step('look up VM', {
      fn: 'get_vm_by_handle, pkvm_load_hyp_vcpu',
      source,
      reads: () => ({ vm }),
      guards: [guard],
    });
    return { ...rest, body: [h.locked('vm_table_lock', () => vmLock, [look, ...body], { shared: true })] };
  };
  const whileRunning = (handler: Handler): Handler => during(isRunning, handler);

  const donateGuest = whileRunning(
    pages.onPage('__pkvm_host_donate_guest', (h) => [
      h.step('check page state', {
        fn: '__pkvm_host_donate_guest: __host_check_page_state_range',
        source,
        reads: (f) => ({ own: ownership(f.page), ref: pages.ref(f.page) }),
        guards: [hostOwnsIt, noDma('EPERM')],
      }),
      h.step('set page state', {
        doc: 'the host’s stage-2 first, the guest’s last',
        fn: '__pkvm_host_donate_guest: host_stage2_set_owner_locked, kvm_pgtable_stage2_map',
        source,
        writes: (f) => ({ own: ownership(f.page) }),
        run: () => next({ own: guestOwned }),
      }),
    ]),
  );

  /** Poison comes first: whoever can still write to the page then, writes to a page that will be the host's (W-34). */
  const reclaim = during(
    isDying,
    pages.onPage('__pkvm_host_reclaim_page_guest', (h) => [
      h.step('check page state', {
        doc: 'ref is not looked at',
        fn: '__pkvm_host_reclaim_page_guest: guest_get_page_state',
        source,
        reads: (f) => ({ own: ownership(f.page) }),
        guards: [
          check<{ readonly own: OwnershipValue }>(
            'owner-is-GUEST',
            'the host gets back what it gave',
            'EPERM',
            ({ own }) => own.owner === 'GUEST',
          ),
        ],
      }),
      h.step('poison page', {
        fn: '__pkvm_host_reclaim_page_guest: hyp_poison_page',
        source,
        writes: (f) => ({ secret: secret(f.page) }),
        run: () => next({ secret: false }),
      }),
      h.step('set page state', {
        doc: 'the guest’s stage-2 first, the host’s last',
        fn: '__pkvm_host_reclaim_page_guest: kvm_pgtable_stage2_unmap, host_stage2_set_owner_locked',
        source,
        writes: (f) => ({ own: ownership(f.page) }),
        run: ({ own }) => next({ own: own.merge({ owner: 'HOST', host: 'OWNED', guest: 'NOPAGE' }) }),
      }),
    ]),
  );

  m.hardware('vcpu', [
    rule('store a secret', {
      doc: 'the guest runs whenever it likes, and writes into every page of its own',
      source: 'T6',
      reads: () => ({ vm, ownership }),
      writes: () => ({ secret }),
      run: (s) => {
        if (s.vm !== 'RUNNING') return block;
        const own = page.values.filter((p) => s.ownership.at(p).guest === 'OWNED' && !s.secret.at(p));
        return own.map((p) => next({ secret: s.secret.set(p, true) }));
      },
    }),
  ]);
  for (const d of device.values) {
    m.hardware(device.print(d), [
      rule('read a secret', {
        doc: 'a device may read whatever it reaches, and keep it',
        source: 'T6, S3:198',
        reads: () => ({ reach: hw.reach(d), secret }),
        writes: () => ({ deviceSecret: deviceSecret(d) }),
        run: (s) =>
          !s.deviceSecret && [...s.reach].some((p) => s.secret.at(p)) ? next({ deviceSecret: true }) : block,
      }),
      rule('write a secret', {
        doc: 'and write it wherever it reaches',
        source: 'T6, S3:198',
        reads: () => ({ reach: hw.reach(d), deviceSecret: deviceSecret(d) }),
        writes: () => ({ secret }),
        run: (s) => {
          if (!s.deviceSecret) return block;
          const clean = [...s.reach].filter((p) => !s.secret.at(p));
          return clean.map((p) => next({ secret: s.secret.set(p, true) }));
        },
      }),
    ]);
  }

  return { vm, vmLock, isRunning, isDying, secret, deviceSecret, whileRunning, donateGuest, reclaim };
}
