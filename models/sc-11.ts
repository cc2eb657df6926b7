/**
 * SC-11, ownership machine: every transition of B2's table by two CPUs that name any page, so that no device's domain
 * ever "maps memory the host doesn't own (e.g. guest/hyp pages)" (S3:55).
 *
 * RAM and MMIO pages go between the host, EL2, one guest and the secure world; a host CPU faults pages in, a device of
 * the host uses them for DMA, EL2 pins what is shared with it, and the guest and its device write secrets.
 * B2 complete; of B4 only use_dma and unuse_dma and one leaf a page. HOSTILE; T1, T5 and T6 as the host's and the
 * guest's powers. Windows: W-32 (check … annotate), W-33 (guest share/unshare … its device), W-34 (poison … guest
 * stage-2 unmap). Defects: D-40, SB-15, and the edits of docs/scenarios/sc-11.md.
 *
 * - SC-11: a protected guest with a device. Default: 2 CPUs, 1 RAM and 1 MMIO page. Nightly: `pages=2,mmio=0`.
 * - SC-11/np: a guest that borrows pages, at two addresses each.
 *
 * Expected: all hold, at every scope.
 */
import { choice, flag, index, int, model, type ScopeOf } from '../src/index.js';
import {
  allSidesAgree,
  el2NeverPanics,
  everyHypercallCanReturn,
  everyHypercallReturns,
  hostMapsOnlyItsPages,
  hostReadsNoSecrets,
  leavesNameHostPages,
  locksAreOrdered,
  newOwnersPagesHaveNoLeaf,
  pagesCanBeDonatedAgain,
  pagesChangeOwnerWithoutSecrets,
  quietRefsMatchUses,
  returnCodesTellTheState,
  usedPagesAreCounted,
  type OwnershipSystem,
} from '../src/invariants/index.js';
import {
  dmaPages,
  ffaPages,
  guestPages,
  guestShares,
  guestTable,
  guestVm,
  hostLeaves,
  hostStage2,
  hypPages,
  memoryHandles,
  pageOwnership,
  parts,
  pins,
  secrets,
  type Page,
} from '../src/spec/index.js';
import type { Builder } from '../src/index.js';
import type { Defect } from './defect.js';

const kinds = ['protected', 'np'] as const;

const scope = (guest: (typeof kinds)[number], mmio: number, ipas: number) => ({
  cpus: int(2, 1, 2, 'host CPUs issuing hypercalls'),
  pages: int(1, 1, 3, 'RAM pages'),
  mmio: int(mmio, 0, 1, 'MMIO pages'),
  ipas: int(ipas, 1, 2, 'addresses of the guest, a page each'),
  guest: { ...choice(kinds, 'a protected guest, or one that borrows the host’s pages'), default: guest },
  device: flag(true, 'a device is assigned to the guest'),
});

export type Scope = ScopeOf<ReturnType<typeof scope>>;

/** Declares the whole scenario. Returns the components, for tests. */
export function declare(m: Builder, sizes: Scope): OwnershipSystem {
  const { cpus } = sizes;
  const all = parts({ cpus, pages: sizes.pages + sizes.mmio, iovas: 1, domains: 1, smmus: 1, devices: 1 });
  const isRam = (p: Page): boolean => p < sizes.pages;
  const ipa = index('ipa', sizes.ipas);

  const leaves = hostLeaves(m, all);
  const gshare = guestShares(m, all, ipa);
  const pinned = pins(m, all);
  const handles = memoryHandles(m, all);
  const secret = secrets(m, all);
  // One leaf and one pin, and every CPU may hold one more use.
  const pages = pageOwnership(m, all, 2 + cpus, {
    isRam,
    alsoUnderHostLock: [...leaves.all, ...gshare.all, ...pinned.all, ...handles.all],
  });
  const stage2 = hostStage2(all, pages, leaves);
  const hyp = hypPages(m, all, pages, stage2, { secret, pinned, isRam });
  const ffa = ffaPages(pages, stage2, handles);
  const dma = dmaPages(m, all, pages, stage2, { isRam });
  const table = guestTable(m, all, ipa);
  const vm = guestVm(m, cpus, sizes);
  const guest = guestPages(all, pages, stage2, vm, table, gshare, secret);
  if (sizes.guest === 'protected') vm.atWork(pages, table, secret);

  for (let cpu = 0; cpu < cpus; cpu++) {
    const { load, put } = vm.vcpu(cpu);
    const forGuest =
      sizes.guest === 'protected'
        ? [guest.donateGuest(cpu), guest.guestShareHost(cpu), guest.guestUnshareHost(cpu), guest.reclaim]
        : [guest.shareGuest(cpu), guest.unshareGuest, guest.reclaim];
    m.process(`cpu${cpu}`, [
      stage2.memAbort,
      pages.shareHyp,
      pages.unshareHyp,
      hyp.donateHyp,
      ...(sizes.mmio > 0 ? [hyp.donateHypMmio, dma.mapMmio] : []),
      hyp.hypDonateHost,
      hyp.pin,
      hyp.unpin,
      ffa.shareFfa,
      ffa.unshareFfa,
      ffa.donateFfa,
      dma.mapPages,
      dma.unmapPages,
      load,
      put,
      vm.teardown,
      ...forGuest,
    ]);
  }

  m.assume('nVHE', 'an EL2 handler runs to completion on its CPU: one hypercall at a time per CPU (rule 2)');
  m.assume('CPU-TLBI', 'a CPU stage-2 leaf that is cleared is in no TLB any more when the step ends');
  m.assume('SC-01', 'a DMA leaf that is cleared is out of the device’s reach when unuse_dma begins: SC-01 shows it');
  m.assume('FF-A', 'the secure world releases a page only if it was given that page, and once');

  const system = { parts: all, isRam, pages, stage2, hyp, guestTable: table, guest, dma };
  leavesNameHostPages(m, system); // I-1
  hostMapsOnlyItsPages(m, system); // I-6
  newOwnersPagesHaveNoLeaf(m, system); // I-7
  pagesChangeOwnerWithoutSecrets(m, system); // I-12
  usedPagesAreCounted(m, system); // I-14
  allSidesAgree(m, system); // I-15
  hostReadsNoSecrets(m, system); // T6
  quietRefsMatchUses(m, system); // L-5
  returnCodesTellTheState(m, system); // P-13
  el2NeverPanics(m, system); // P-14
  pagesCanBeDonatedAgain(m, system); // V-7
  locksAreOrdered(m); // P-6
  everyHypercallReturns(m, system); // V-1
  everyHypercallCanReturn(m, system); // wedge
  return system;
}

const sc11 = model({
  name: 'SC-11',
  title: 'ownership machine: every page transition of B2, with a protected guest',
  scope: scope('protected', 1, 1),
  build: (m, sizes) => void declare(m, sizes),
});

const sc11Np = model({
  name: 'SC-11/np',
  title: 'the same with a guest that borrows the host’s pages',
  scope: scope('np', 0, 2),
  build: (m, sizes) => void declare(m, sizes),
});

export default [sc11, sc11Np];

const onePage = { cpus: 1, pages: 1, mmio: 0 };
const blindDonation = (fn: string, i7: number): Defect => ({
  id: 'SB-15',
  what: `${fn} does not look at ref`,
  model: 'SC-11',
  scope: { ...onePage, device: false },
  edits: [`pass ${fn}/ref-is-0`],
  violates: { 'I-7': i7, 'I-1': i7 + 1 },
  brief: ['I-7', 'I-14'],
  note: 'I-14 stays true, as for D-06: a donation changes neither the count nor a leaf.',
});
const stoppedGuest = (what: string, edit: string, i12: number): Defect => ({
  id: 'W-34',
  what,
  model: 'SC-11',
  scope: { ...onePage, device: false },
  edits: [edit],
  violates: { 'I-12': i12, T6: i12 + 4 },
  brief: ['I-12'],
});

/** What the brief names, and what it takes; docs/scenarios/sc-11.md has the whole audit. */
export const defects: readonly Defect[] = [
  {
    id: 'D-40',
    what: 'reclaim poisons before it unmaps, and the guest’s device was not blocked',
    model: 'SC-11',
    scope: onePage,
    edits: ['drop __pkvm_start_teardown_vm/block-device'],
    violates: { 'I-12': 16, T6: 20 },
    brief: ['I-12'],
    note: 'The brief gives no length. Here I-12 takes 6 macro steps: load, donate_guest, put, teardown, reclaim, DMA.',
  },
  {
    id: 'D-40',
    what: 'the same, but reclaim unmaps before it poisons',
    model: 'SC-11',
    scope: onePage,
    edits: [
      'drop __pkvm_start_teardown_vm/block-device',
      'swap __pkvm_host_reclaim_page_guest/poison-page __pkvm_host_reclaim_page_guest/kvm_pgtable_stage2_unmap',
    ],
    violates: {},
    brief: ['I-12'],
    note: 'Either is enough: the device is blocked before, or the order is turned round (the unmap includes the TLBI).',
  },
  blindDonation('__pkvm_host_donate_hyp', 8),
  blindDonation('__pkvm_host_donate_guest', 8),
  blindDonation('__pkvm_host_donate_ffa', 7),
  {
    id: 'SB-15',
    what: '__pkvm_host_share_hyp does not look at ref',
    model: 'SC-11',
    scope: onePage,
    edits: ['pass __pkvm_host_share_hyp/ref-is-0'],
    violates: {},
    brief: ['I-7', 'I-14'],
    note: 'The host keeps the page: its device may reach it, shared or not. Shares with guests and FF-A never look at ref.',
  },
  {
    id: 'SB-15',
    what: '__pkvm_host_unshare_hyp does not look at ref',
    model: 'SC-11',
    scope: onePage,
    edits: ['pass __pkvm_host_unshare_hyp/ref-is-0'],
    violates: { 'P-14': 10 },
    brief: ['I-7', 'I-14'],
    note: 'EL2 loses the mapping of a page that it has pinned, and faults. Availability, not isolation.',
  },
  {
    id: 'W-32',
    what: 'two CPUs in donate_hyp, and everything else between check and annotation',
    model: 'SC-11',
    scope: { cpus: 2, pages: 1, mmio: 0, device: false },
    edits: ['unlock __pkvm_host_donate_hyp/host_mmu.lock'],
    violates: { 'I-6': 8, 'I-7': 8, 'I-1': 9, 'I-12': 9, T6: 9, 'I-15': 10, 'P-13': 10, 'V-7': 19 },
    brief: [],
  },
  stoppedGuest('a VM whose vCPU is loaded is torn down', 'pass __pkvm_start_teardown_vm/no-vCPU-is-loaded', 15),
  stoppedGuest('a vCPU of a dying VM is loaded', 'pass __pkvm_vcpu_load/VM-is-not-dying', 15),
  stoppedGuest('pages of a living VM are reclaimed', 'pass __pkvm_host_reclaim_page_guest/VM-is-dying', 13),
];
