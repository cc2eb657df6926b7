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
  hostMapsOnlyItsPages,
  hostReadsNoSecrets,
  leavesNameHostPages,
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
