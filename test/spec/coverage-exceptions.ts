/** What no built-in model ever shows, with the reason; and, where the reason can be taken away, how to see it after all. */
import type { Scope } from './observe.js';
import { remoteprocExceptions } from './coverage-exceptions-remoteproc.js';

export interface Exception {
  readonly why: string;
  /** `fires STEP`, `refuses GUARD`, `returns HANDLER -ERRNO`: of an id enough to name it, and all that it names and no exception before it does. */
  readonly never: readonly string[];
  /** Models with edits that take the reason away: together they show all of these. */
  readonly unless?: readonly (readonly [model: string, scope: Scope, ...edits: string[]])[];
}

const waits = 'drop */wait-for-CMD_SYNC';
const onePage = { cpus: 1, pages: 1, iovas: 1 };
const oneLeaf = { cpus: 1, pages: 2, iovas: 1, range: 1 };
const guest = { cpus: 1, pages: 1, mmio: 0, device: false };
const npGuest = { cpus: 1, pages: 1, ipas: 1 };
const oneSmmu = { cpus: 1, smmus: 1 };

export const exceptions: readonly Exception[] = [
  {
    why: 'smmu_lock is held until the queue is empty, so there is room for what one holder writes, unless it gives up; SC-05 is about the rest',
    never: ['refuses */queue-has-room'],
    unless: [
      ['SC-01', onePage, waits],
      ['SC-03', { cpus: 1 }, waits],
      ['SC-03/teardown', {}, waits],
      ['SC-03/teardown-detach', {}, waits],
      ['SC-04', { domains: 2, cdTables: 1 }, waits],
      ['SC-04/identity', { cpus: 1 }, waits],
      ['SC-03/timeouts', {}, waits, 'drop */wait-for-CMD_SYNC,-or-give-up'],
      ['SC-03/unmap-timeouts', {}, waits, 'drop */wait-for-CMD_SYNC,-or-give-up'],
      ['SC-06', { pages: 1, cpus: 1 }, waits],
      ['SC-06/attach', {}, waits],
      ['SC-12', { pages: 1, cpus: 1 }, waits],
      ['SC-12/v3', { cpus: 1 }, waits],
      ['SC-07/ranges', { addresses: 2 }, waits],
      ['SC-07/ranges', { addresses: 2, lifecycle: true }, waits],
      ['SC-08', {}, waits],
      ['SC-15', { cpus: 1 }, waits],
      ['SC-21/idmap', { pages: 1 }, waits],
      ['SC-15/published', {}, waits],
      ['SC-15/reclaim-first', {}, waits],
      ['SC-15/android-older-teardown', {}, waits],
      ['SC-15/domains-first', {}, waits],
    ],
  },
  {
    why: 'nobody frees domains in SC-08; SC-15/frees shows these guards refuse',
    never: [
      'refuses guest-attach_dev/domain_get/refs++/domain-is-allocated',
      'refuses guest-map_pages/domain_get/refs++/domain-is-allocated',
      'refuses guest-unmap_pages/domain_get/refs++/domain-is-allocated',
    ],
  },
  {
    why: 'the variants of SC-15 that tear down at this point are looked at on one CPU: nobody else is at work',
    never: ['refuses __pkvm_finalize_teardown_vm/no-hypercall-at-work'],
  },
  {
    why: 'the guest makes one call at a time, so no unmap of its own is at work when it maps or unmaps',
    never: ['refuses guest-map_pages/leaf-is-not-INV', 'refuses guest-unmap_pages/leaf-is-not-INV'],
  },
  {
    why: 'who is attached has put the SMMU into the list: only an edit gets there (W-16, drop attach_dev/list_add in SC-03)',
    never: [
      'refuses */put-list-node/SMMU-is-in-list',
      'returns detach_dev -ENOENT',
      'returns guest-detach_dev -ENOENT',
      'returns teardown_vm -ENOENT',
    ],
  },
  {
    why: 'whose stream and whose domain it is was asked before the STE is looked at, and an owner has one domain',
    never: ['refuses guest-detach_dev/VMID-matches'],
  },
  {
    why: 'SC-07/ranges is looked at on one CPU: no other unmap is at work',
    never: ['refuses unmap_pages/smmu_unmap_pages/leaf-is-not-INV'],
    unless: [
      ['SC-07/ranges', { addresses: 2 }, 'drop unmap_pages/clear-PTE'],
      ['SC-07/ranges', { addresses: 2, lifecycle: true }, 'drop unmap_pages/clear-PTE'],
    ],
  },
  {
    why: 'the host of SC-07/retry keeps to the protocol: it maps its own pages where nothing is, and donates others',
    never: [
      'refuses dma_map/leaf-is-ZERO',
      'refuses dma_map/host-owns-page',
      'refuses dma_map/host-state-is-OWNED',
      'refuses dma_map/ref-is-0',
      'refuses dma_map/hyp-state-is-NOPAGE',
      'returns dma_map -EPERM',
    ],
  },
  {
    why: 'the other half of a pair of states that I-15 keeps in step: it refuses only where the first check is gone',
    never: [
      'refuses __pkvm_host_donate_hyp/hyp-state-is-NOPAGE',
      'refuses __pkvm_host_donate_hyp-(accept_mmio)/hyp-state-is-NOPAGE',
      'refuses __pkvm_hyp_donate_host/host-state-is-NOPAGE',
      'refuses __pkvm_host_share_hyp/hyp-state-is-NOPAGE',
      'refuses __pkvm_host_unshare_ffa/host-state-is-SHARED_OWNED',
      'refuses __pkvm_host_donate_guest/guest-state-is-NOPAGE',
      'refuses __pkvm_guest_share_host/host-state-is-NOPAGE',
      'refuses __pkvm_guest_unshare_host/host-state-is-SHARED_BORROWED',
      'refuses __pkvm_host_unshare_guest/shared-with-guests',
      'returns __pkvm_host_unshare_ffa -EPERM',
      'returns __pkvm_host_unshare_guest -EPERM',
    ],
    unless: [
      ['SC-01', onePage, 'pass */host-state-is-OWNED', 'pass */hyp-state-is-OWNED'],
      ['SC-07', oneLeaf, 'pass refill/host-state-is-OWNED'],
      ['SC-07', oneLeaf, 'drop reclaim/take-page', 'pass reclaim/hyp-state-is-OWNED'],
      ['SC-11', { ...guest, mmio: 1 }, 'pass __pkvm_host_donate_hyp-(accept_mmio)/host-state-is-OWNED'],
      ['SC-11', guest, 'pass __pkvm_host_unshare_ffa/handle-is-known'],
      ['SC-11', guest, 'pass __pkvm_guest_share_host/guest-state-is-OWNED'],
      ['SC-11', guest, 'pass __pkvm_guest_unshare_host/guest-state-is-SHARED_OWNED'],
      ['SC-11/np', npGuest, 'pass __pkvm_host_unshare_guest/ipa-is-mapped'],
      ['SC-12', { cpus: 1, pages: 1 }, 'pass __pkvm_host_donate_guest/host-state-is-OWNED'],
    ],
  },
  {
    why: 'the secure world gives back only what it was lent, and that is NOPAGE',
    never: ['refuses FFA_MEM_RECLAIM/host-state-is-NOPAGE', 'returns FFA_MEM_RECLAIM -EPERM'],
    unless: [['SC-21', { cpus: 1, pages: 1 }, 'pass FFA_MEM_RECLAIM/handle-is-known']],
  },
  {
    why: 'in SC-21 the session is open from the start, and the one processor’s PTA state goes with the TA’s',
    never: [
      'refuses LOAD_FW/load/session-is-open',
      'refuses LOAD_FW/load/PTA-is-OFF',
      'refuses RELEASE_FW/release/session-is-open',
      'refuses RELEASE_FW/release/PTA-is-OFF',
    ],
  },
  {
    why: 'reclaim takes a page out of the pool first, and pages of the pool are EL2’s (I-3/pages)',
    never: ['refuses reclaim/hyp-state-is-OWNED', 'returns reclaim -EPERM'],
    unless: [['SC-07', oneLeaf, 'drop reclaim/take-page']],
  },
  {
    why: 'MMIO has no count of uses: it is tainted instead',
    never: ['refuses __pkvm_host_donate_hyp-(accept_mmio)/ref-is-0'],
  },
  {
    why: 'the top of the count stands for its type’s: each address of the guest takes one, and there are fewer addresses',
    never: ['refuses __pkvm_host_share_guest/gshare-below-top', 'returns __pkvm_host_share_guest -EBUSY'],
    unless: [['SC-11/np', npGuest, 'pass __pkvm_host_share_guest/ipa-is-free']],
  },
  {
    why: 'teardown detaches only what it found attached to the domain, and nobody else is at work on it',
    never: ['refuses teardown_vm/STE-is-S2', 'refuses teardown_vm/VMID-matches', 'returns teardown_vm -EACCES'],
    unless: [
      ['SC-03/teardown-detach', {}, 'drop teardown_vm/is-it-the-VM’s'],
      ['SC-03/teardown-detach', {}, 'drop teardown_vm/is-it-the-VM’s', 'pass teardown_vm/STE-is-S2'],
    ],
  },
  {
    why: 'an SMMU’s page is taken once: a second registration is refused before',
    never: ['refuses register_smmu/host-owns-MMIO'],
    unless: [['SC-09', oneSmmu, 'pass register_smmu/SMMU-is-new']],
  },
  {
    why: 'only freeze takes pages where it validates first, and it does so once',
    never: ['refuses freeze/lock-SMMUs/host-owns-MMIO', 'refuses freeze/take-MC-MMIO/host-owns-MMIO'],
    unless: [
      ['SC-09/validate-then-lock', oneSmmu, 'pass freeze/phase-is-OPEN'],
      ['SC-09/validate-then-lock', oneSmmu, 'pass freeze/phase-is-OPEN', 'pass freeze/lock-SMMUs/host-owns-MMIO'],
    ],
  },
  {
    why: 'a second SMMU is in SC-02 and SC-12/static only: there are no CDs, nobody detaches, and nobody resets it',
    never: [
      'fires smmu1/consume-CFGI-of-a-CD',
      'fires smmu1/consume-CFGI_ALL',
      'fires smmu1/consume-TLBI-of-a-VMID',
      'fires smmu1/consume-TLBI_NSNH_ALL',
    ],
  },
  {
    why: 'resume writes what it reads back: a register refuses only where firmware has locked it (MC-firmware)',
    never: ['refuses system_suspend/client-presents-its-SIDs', 'returns system_suspend -EPERM'],
    unless: [['SC-10', {}, 'drop system_suspend/program-client']],
  },
  {
    why: 'EL1’s own resume stores one fixed value to each register: each guard has something to say of one of them, and with the pass-through SID in its register OVERRIDE is never switched on (docs/scenarios/sc-10.md)',
    never: [
      'fires system_suspend/tegra186_mc_resume/set-OVERRIDE/mc_lock/forward',
      'passes system_suspend/tegra186_mc_resume/set-OVERRIDE/mc_lock/check/engine-is-confined',
      'refuses system_suspend/tegra186_mc_resume/set-OVERRIDE/mc_lock/check/SID-0-is-checked',
      'refuses system_suspend/tegra186_mc_resume/set-OVERRIDE/mc_lock/check/SID-belongs-to-device',
      'refuses system_suspend/tegra186_mc_resume/write-SID/mc_lock/check/SID-0-is-checked',
      'refuses system_suspend/tegra186_mc_resume/write-SID/mc_lock/check/engine-is-confined',
      'refuses system_suspend/tegra186_mc_resume/set-OVERRIDE/check/SID-is-mapped-to-client',
      'refuses system_suspend/tegra186_mc_resume/write-SID/check/SID-is-mapped-to-client',
    ],
  },
  {
    why: 'a pinned page stays mapped at EL2: using it without a mapping is the panic that the pin prevents',
    never: ['fires el2/use-pinned-page0', 'fires el2/use-pinned-page1'],
    unless: [['SC-11', { ...guest, pages: 2 }, 'pass __pkvm_host_unshare_hyp/ref-is-0']],
  },
  {
    why: 'a CPU that panics stays where it is',
    never: ['fires host_cmdq/panic', 'fires smmu_inv/panic'],
  },
  {
    why: 'a CPU that takes a spinlock twice stays where it is: that is what SC-07/locked-twice shows',
    never: ['fires free_domain/lock-again'],
    unless: [['SC-07/locked-twice', { cpus: 1 }, 'unlock free_domain/hyp_pool.lock']],
  },
  ...remoteprocExceptions,
];

/** Model -> property -> why its condition is never true there. */
export const nothingToSay: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'SC-16/v18': { 'P-13-boot': 'with one shell no boot comes upon another' },
  'SC-12/v3': { mirror: 'v3’s flag is inverted: after a success it says that there is no identity map yet (D-24)' },
};
