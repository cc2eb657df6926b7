/**
 * One virtual machine as EL2 keeps it (B2, T6): its vCPU is loaded on a host CPU or not, and it lives or is dying.
 * A loaded vCPU runs whenever it likes, and a protected guest writes secrets into every page that is its own.
 */
import {
  block,
  bool,
  handler,
  index,
  next,
  optional,
  record,
  rule,
  type Builder,
  type Handler,
} from '../language/index.js';
import { check as pageCheck, type PageOwnership } from './page-ownership.js';
import type { GuestTable } from './guest-pages.js';
import type { Secrets } from './hyp-pages.js';

const source = 'arch/arm64/kvm/hyp/nvhe/pkvm.c (B2)';

export interface VmSeen {
  readonly vm: { readonly dying: boolean; readonly loaded: number | null };
}

const check = (id: string, doc: string, errno: string, test: (seen: VmSeen) => boolean) =>
  pageCheck<VmSeen>(id, doc, errno, test, source);

export type GuestVm = ReturnType<typeof guestVm>;

/** Declares the VM, and the hypercalls of its life. */
export function guestVm(m: Builder, cpus: number, { device }: { device: boolean }) {
  const cpu = index('cpu', cpus);
  const Vm = record('Vm', { dying: bool, loaded: optional(cpu) });
  const vm = m.variable('vm', Vm, Vm.make({ dying: false, loaded: null }));
  const tableLock = m.lock('vm_table_lock', { protects: [vm] });
  /** Can the guest's device access memory? Its DMA goes through the guest's stage-2 table. */
  const deviceOn = m.variable('guest device on', bool, device);
  m.explain(
    vm,
    'the virtual machine in EL2’s table: whether it is being torn down, and on which host CPU its vCPU is loaded, if any',
  );
  m.explain(tableLock, 'protects EL2’s table of virtual machines');
  m.explain(deviceOn, 'the guest’s device may access memory, through the guest’s stage-2 table');

  const isDying = check('VM-is-dying', 'a living VM keeps its pages', 'EINVAL', (s) => s.vm.dying);
  const loadedOn = (me: number) =>
    check('vCPU-is-loaded-here', 'the VM is the one this CPU is about to run', 'EINVAL', (s) => s.vm.loaded === me);

  /** Loading and putting the vCPU on one host CPU. */
  const vcpu = (me: number): { readonly load: Handler; readonly put: Handler } => ({
    load: handler('__pkvm_vcpu_load', {}, (h) => [
      h.locked('vm_table_lock', () => tableLock, [
        h.step('load vCPU', {
          fn: 'pkvm_load_hyp_vcpu',
          source,
          writes: () => ({ vm }),
          guards: [
            check('VM-is-not-dying', 'a dying VM does not run any more', 'ENOENT', (s) => !s.vm.dying),
            check('vCPU-is-not-loaded', 'a vCPU is on one CPU at a time', 'EBUSY', (s) => s.vm.loaded === null),
          ],
          run: (s) => next({ vm: s.vm.set('loaded', cpu.of(me)) }),
        }),
      ]),
    ], { fn: '__pkvm_vcpu_load', source }), // prettier-ignore
    put: handler('__pkvm_vcpu_put', {}, (h) => [
      h.locked('vm_table_lock', () => tableLock, [
        h.step('put vCPU', {
          fn: 'pkvm_put_hyp_vcpu',
          source,
          writes: () => ({ vm }),
          guards: [loadedOn(me)],
          run: (s) => next({ vm: s.vm.set('loaded', null) }),
        }),
      ]),
    ], { fn: '__pkvm_vcpu_put', source }), // prettier-ignore
  });

  const teardown = handler('__pkvm_start_teardown_vm', {}, (h) => [
    h.locked('vm_table_lock', () => tableLock, [
      h.step('check VM', {
        fn: '__pkvm_start_teardown_vm',
        source,
        reads: () => ({ vm }),
        guards: [
          check('no-vCPU-is-loaded', 'from here on the guest is stopped', 'EBUSY', (s) => s.vm.loaded === null),
          check('VM-is-not-dying', 'a VM dies once', 'EINVAL', (s) => !s.vm.dying),
        ],
      }),
      ...(device
        ? [
            h.step('block device', {
              doc: 'the guest’s device is stopped before the first page can be reclaimed',
              fn: 'pkvm_devices_teardown: kvm_iommu_dev_block_dma',
              source: 'arch/arm64/kvm/hyp/nvhe/device (B10)',
              writes: () => ({ deviceOn }),
              run: () => next({ deviceOn: false }),
            }),
          ]
        : []),
      h.step('mark VM dying', {
        fn: '__pkvm_start_teardown_vm',
        source,
        writes: () => ({ vm }),
        run: (s) => next({ vm: s.vm.set('dying', true) }),
      }),
    ]),
  ], { fn: '__pkvm_start_teardown_vm', source }); // prettier-ignore

  /** The guest at work: its vCPU, and its device, write secrets wherever its table leads. */
  const atWork = ({ ownership }: PageOwnership, { ipa, table }: GuestTable, secret: Secrets): void => {
    const writes = (who: string, may: (s: VmSeen & { readonly deviceOn: boolean }) => boolean) =>
      ipa.values.map((x) =>
        rule(`${who} writes at ${ipa.print(x)}`, {
          doc: 'what a guest writes into a page of its own is a secret',
          source: 'T6',
          reads: () => ({ vm, deviceOn, leaf: table(x), ownership }),
          writes: () => ({ secret }),
          run: (s) => {
            const p = s.leaf;
            if (p === null || !may(s) || s.ownership.at(p).guest !== 'OWNED' || s.secret.at(p) === 'GUEST')
              return block;
            return next({ secret: s.secret.set(p, 'GUEST') });
          },
        }),
      );
    m.hardware(
      'vcpu',
      writes('guest', (s) => s.vm.loaded !== null),
    );
    if (device)
      m.hardware(
        'guest device',
        writes('device', (s) => s.deviceOn),
      );
  };

  return { vm, tableLock, deviceOn, isDying, loadedOn, vcpu, teardown, atWork };
}
