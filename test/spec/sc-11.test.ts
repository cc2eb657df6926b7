/** SC-11: the ownership machine holds, and what it takes to break it. docs/scenarios/sc-11.md explains the tables. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-11.js';
import { check, vacuous, violated } from './observe.js';

const [sc11, np] = models;
const one = { cpus: 1, pages: 1, mmio: 0, device: false };
const two = { ...one, cpus: 2 };

describe('holds', () => {
  it.each([
    ['on two CPUs, the guest with a device', sc11, { cpus: 2, pages: 1, mmio: 0 }, [11058, 38481, 24]],
    ['with MMIO', sc11, { cpus: 1, pages: 1, mmio: 1 }, [12832, 24888, 31]],
    ['with two pages', sc11, { cpus: 1, pages: 2, mmio: 0 }, [29790, 58348, 33]],
    ['with a guest that borrows', np, { cpus: 2, pages: 1, ipas: 1 }, [13732, 44308, 28]],
    ['with a guest that borrows a page twice', np, { cpus: 1, pages: 1 }, [1747, 3209, 26]],
  ] as const)('%s', async (_, model, scope, [states, transitions, depth]) => {
    const result = await check(model, scope);
    expect(violated(result)).toEqual({});
    expect(vacuous(result)).toEqual([]);
    expect(result).toMatchObject({ states, transitions, depth, deadlocks: 0 });
  });
});

describe('audit', () => {
  it.each<[string[], Record<string, number>]>([
    [
      ['swap __pkvm_host_donate_hyp/host_stage2_set_owner_locked __pkvm_host_donate_hyp/__host_set_page_state_range'],
      { 'I-6': 7 },
    ],
    [
      [
        'move __pkvm_host_donate_guest/kvm_pgtable_stage2_map before __pkvm_host_donate_guest/host_stage2_set_owner_locked',
      ],
      { T6: 8 },
    ],
    [
      [
        'swap __pkvm_host_donate_guest/host_stage2_set_owner_locked __pkvm_host_donate_guest/__host_set_page_state_range',
      ],
      { 'I-6': 7 },
    ],
    [['swap __pkvm_host_donate_guest/kvm_pgtable_stage2_map __pkvm_host_donate_guest/__host_set_page_state_range'], {}],
    [
      [
        'move __pkvm_host_reclaim_page_guest/host_stage2_set_owner_locked before __pkvm_host_reclaim_page_guest/poison-page',
      ],
      { 'I-12': 14 },
    ],
    [
      [
        'swap __pkvm_host_reclaim_page_guest/host_stage2_set_owner_locked __pkvm_host_reclaim_page_guest/__host_set_page_state_range',
      ],
      {},
    ],
    [
      ['move __pkvm_hyp_donate_host/host_stage2_set_owner_locked before __pkvm_hyp_donate_host/zero-page'],
      { 'I-12': 9 },
    ],
    [
      ['swap __pkvm_hyp_donate_host/host_stage2_set_owner_locked __pkvm_hyp_donate_host/__host_set_page_state_range'],
      {},
    ],
    [['move __pkvm_hyp_donate_host/__host_set_page_state_range before __pkvm_hyp_donate_host/unmap-at-EL2'], {}],
    [
      [
        'swap __pkvm_guest_unshare_host/host_stage2_set_owner_locked __pkvm_guest_unshare_host/__host_set_page_state_range',
      ],
      { 'I-6': 16 },
    ],
    [
      ['move __pkvm_guest_unshare_host/guest-page-state before __pkvm_guest_unshare_host/host_stage2_set_owner_locked'],
      { T6: 17 },
    ],
    [
      ['swap __pkvm_guest_share_host/__host_set_page_state_range __pkvm_guest_share_host/host_stage2_idmap_locked'],
      { 'I-6': 11 },
    ],
    [
      ['move __pkvm_guest_share_host/host_stage2_idmap_locked before __pkvm_guest_share_host/guest-page-state'],
      { 'I-6': 10, T6: 11 },
    ],
    [
      ['move unmap_pages/unuse_dma before unmap_pages/clear-leaf'],
      { 'I-1': 23, 'I-7': 22, 'I-14': 6, 'L-5': 9, 'P-14': 2, 'V-7': 4 },
    ],
    [
      ['swap __pkvm_host_donate_ffa/host_stage2_set_owner_locked __pkvm_host_donate_ffa/__host_set_page_state_range'],
      { 'I-6': 6 },
    ],
    [
      ['move __pkvm_host_donate_hyp/host_stage2_set_owner_locked before __pkvm_host_donate_hyp/map-at-EL2'],
      { 'I-15': 5, 'P-13': 5 },
    ],
    [
      ['pass __pkvm_host_share_hyp/hyp-state-is-NOPAGE', 'pass __pkvm_host_share_hyp/host-state-is-OWNED'],
      { 'I-12': 9, 'I-15': 9, T6: 12, 'P-13': 11 },
    ],
    [
      [
        'pass __pkvm_host_unshare_hyp/host-state-is-SHARED_OWNED',
        'pass __pkvm_host_unshare_hyp/hyp-state-is-SHARED_BORROWED',
      ],
      { 'I-12': 9, 'I-15': 9, T6: 12, 'P-13': 14 },
    ],
    [
      ['pass __pkvm_host_donate_hyp/hyp-state-is-NOPAGE', 'pass __pkvm_host_donate_hyp/host-state-is-OWNED'],
      { 'I-12': 11, 'I-15': 10, T6: 22, 'P-13': 7 },
    ],
    [
      ['pass __pkvm_hyp_donate_host/hyp-state-is-OWNED', 'pass __pkvm_hyp_donate_host/host-state-is-NOPAGE'],
      { 'I-12': 12, 'I-15': 12, T6: 16, 'P-13': 12, 'P-14': 11 },
    ],
    [
      ['pass hyp_pin_shared_mem/host-state-is-SHARED_OWNED', 'pass hyp_pin_shared_mem/hyp-state-is-SHARED_BORROWED'],
      { 'P-14': 4 },
    ],
    [['pass __pkvm_guest_share_host/guest-state-is-OWNED', 'pass __pkvm_guest_share_host/host-state-is-NOPAGE'], {}],
    [
      [
        'pass __pkvm_guest_unshare_host/guest-state-is-SHARED_OWNED',
        'pass __pkvm_guest_unshare_host/host-state-is-SHARED_BORROWED',
      ],
      {},
    ],
    [['pass __pkvm_host_unshare_ffa/handle-is-known'], { 'I-15': 7, 'P-13': 7 }],
    [
      ['pass __pkvm_host_unshare_ffa/handle-is-known', 'pass __pkvm_host_unshare_ffa/host-state-is-SHARED_OWNED'],
      { 'I-12': 13, 'I-15': 7, T6: 17, 'P-13': 7 },
    ],
    [['pass __pkvm_host_share_hyp/ref-is-0'], {}],
    [['pass __pkvm_host_share_hyp/ref-is-0', 'pass __pkvm_host_unshare_hyp/ref-is-0'], { 'P-14': 10 }],
    [['pass map_pages/host-owns-page'], { 'I-1': 8 }],
    [['drop map_pages/ref++'], { 'I-1': 7, 'I-7': 6, 'I-14': 3, 'L-5': 3, 'P-13': 3, 'P-14': 6, 'V-7': 7 }],
    [['drop __pkvm_guest_share_host/host_stage2_idmap_locked'], { 'P-13': 11 }],
    [['drop __pkvm_host_reclaim_page_guest/poison-page'], { 'I-12': 15, T6: 19 }],
    [['drop __pkvm_hyp_donate_host/zero-page'], { 'I-12': 10, T6: 14 }],
    [['drop handle_host_mem_abort/check-annotation'], { 'I-6': 6, T6: 8 }],
    [['drop __pkvm_host_donate_hyp/undo-EL2-mapping'], { 'I-12': 15, 'I-15': 3, T6: 19, 'P-13': 3, 'V-7': 29 }],
  ])('one CPU: %s', async (edits, expected) => {
    expect(violated(await check(sc11, one, edits))).toEqual(expected);
  });

  it.each<[string[], Record<string, number>]>([
    [['swap __pkvm_host_reclaim_page_guest/poison-page __pkvm_host_reclaim_page_guest/kvm_pgtable_stage2_unmap'], {}],
    [['unlock __pkvm_hyp_donate_host/host_mmu.lock'], { 'I-6': 14 }],
    [['unlock __pkvm_host_reclaim_page_guest/host_mmu.lock'], { 'I-6': 18 }],
    [['unlock __pkvm_guest_share_host/host_mmu.lock'], {}],
    [['unlock __pkvm_guest_unshare_host/host_mmu.lock'], {}],
    [['unlock handle_host_mem_abort/host_mmu.lock'], { 'I-6': 7, T6: 9 }],
    [['unlock __pkvm_host_unshare_hyp/host_mmu.lock'], {}],
    [['unlock hyp_pin_shared_mem/host_mmu.lock'], {}],
    [['unlock hyp_unpin_shared_mem/host_mmu.lock'], {}],
    [['unlock __pkvm_host_unshare_ffa/host_mmu.lock'], {}],
    [
      ['unlock __pkvm_host_donate_ffa/host_mmu.lock'],
      { 'I-1': 8, 'I-6': 7, 'I-7': 7, 'I-12': 9, 'I-15': 7, 'P-13': 7, 'V-7': 7 },
    ],
    [['unlock map_pages/use_dma/host_mmu.lock'], { 'I-1': 8, 'I-7': 7 }],
    [
      ['unlock hyp_pin_shared_mem/host_mmu.lock', 'unlock hyp_pin_shared_mem/pkvm_pgd_lock'],
      { 'L-5': 9, 'P-13': 39, 'P-14': 10, 'V-7': 9 },
    ],
  ])('two CPUs: %s', async (edits, expected) => {
    expect(violated(await check(sc11, two, edits))).toEqual(expected);
  });

  it('other scopes', async () => {
    const at = async (model: typeof sc11, scope: Record<string, unknown>, edit: string): Promise<unknown> =>
      violated(await check(model, scope, [edit]));
    const free = 'ipa-is-free';
    expect(await at(sc11, { ...one, pages: 2 }, `pass __pkvm_host_donate_guest/${free}`)).toEqual({
      'I-15': 11,
      'V-7': 7,
    });
    expect(await at(np, { ...one, ipas: 1 }, `pass __pkvm_host_share_guest/${free}`)).toEqual({ 'P-13': 16, 'V-7': 7 });
    expect(await at(sc11, { ...one, mmio: 1 }, 'drop map_pages-(MMIO)/taint')).toEqual({
      'I-1': 8,
      'I-7': 7,
      'P-13': 3,
    });
    // Until 09cce60bddd6 MMIO that the host had not touched yet could be donated.
    expect(await at(sc11, { ...one, mmio: 1 }, 'pass __pkvm_host_donate_guest/page-is-RAM')).toEqual({ 'I-15': 6 });
    const order = 'swap __pkvm_start_teardown_vm/block-device __pkvm_start_teardown_vm/mark-VM-dying';
    expect(await at(sc11, { ...two, device: true }, order)).toEqual({ 'I-12': 16, T6: 20 });
  });
});
