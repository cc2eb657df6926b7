/**
 * Every step fires, every guard passes and refuses, and every error code of a guard comes back, in some built-in model;
 * no property is vacuous. What is never seen is listed here with the reason.
 */
import { describe as suite, expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { describe, idsFor, walk } from '../../src/index.js';
import { coverage } from '../coverage.js';

/** A scope of each model that shows all it has, and is searched in a few seconds. */
const scopes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'SC-01': { pages: 2, iovas: 1 },
  'SC-01/upstream': { pages: 1 },
  'bench-iommu': { devices: 1, pages: 2 },
};

const models = builtin.flatMap((file) => file.models);
const searched = models.filter(({ name }) => Object.hasOwn(scopes, name));

const room = 'smmu_lock is held until the queue is empty, so there is always room for what one holder writes';
const pair =
  'the other half of a pair of states that I-15 keeps in step: it refuses only where the first check is gone';
const unshared = 'share refuses a page in use, and use_dma a shared one: a shared page has no use';

/** Guards that refuse nowhere, and codes that nobody gets. */
const neverRefused: Readonly<Record<string, string>> = {
  'unmap_pages/iotlb_sync/list_lock/each-SMMU/smmu_lock/tlb_inv_range/write-TLBI/queue-has-room': room,
  'unmap_pages/iotlb_sync/list_lock/each-SMMU/smmu_lock/cmd_sync/write-CMD_SYNC/queue-has-room': room,
  '__pkvm_host_donate_hyp/host_mmu.lock/pkvm_pgd_lock/check-page-state/hyp-state-is-NOPAGE': pair,
  '__pkvm_hyp_donate_host/host_mmu.lock/pkvm_pgd_lock/check-page-state/host-state-is-NOPAGE': pair,
  '__pkvm_host_share_hyp/host_mmu.lock/pkvm_pgd_lock/check-page-state/hyp-state-is-NOPAGE': pair,
  '__pkvm_host_unshare_hyp/host_mmu.lock/pkvm_pgd_lock/check-page-state/hyp-state-is-SHARED_BORROWED': pair,
  '__pkvm_host_unshare_hyp/host_mmu.lock/pkvm_pgd_lock/check-page-state/ref-is-0': unshared,
};
const neverReturned: Readonly<Record<string, string>> = { '__pkvm_host_unshare_hyp -EBUSY': unshared };

it('every model has a small scope here', () => {
  expect(models.map(({ name }) => name).sort()).toEqual(Object.keys(scopes).sort());
});

suite('over all models', async () => {
  const all = await Promise.all(searched.map((model) => coverage(model, scopes[model.name])));
  const parts = searched.map((model) => describe(model, { scope: scopes[model.name] }).editable);
  const stepsOf = parts.map(({ programs }) =>
    programs.flatMap((program) => [...walk(program)].flatMap((tree) => (tree.kind === 'step' ? [tree.path] : []))),
  );
  const guardsOf = parts.map((editable) => idsFor('pass', editable));
  /** Missed by every model that has it. */
  const missed = (has: readonly (readonly string[])[], misses: readonly (readonly string[])[]): string[] =>
    [...new Set(misses.flat())]
      .filter((id) => has.every((ids, i) => !ids.includes(id) || misses[i].includes(id)))
      .sort();

  it('every step fires', () => {
    expect(missed(stepsOf, all.map(({ neverFired }) => neverFired))).toEqual([]); // prettier-ignore
  });
  it('every guard passes', () => {
    expect(missed(guardsOf, all.map((own) => own.neverPassed))).toEqual([]); // prettier-ignore
  });
  it('every guard refuses, but for those with a reason', () => {
    expect(missed(guardsOf, all.map((own) => own.neverRefused))).toEqual(Object.keys(neverRefused).sort()); // prettier-ignore
  });
  it('every error code of a guard comes back, but for those with a reason', () => {
    const codes = all.map((own) => [...own.returned, ...own.neverReturned]);
    expect(missed(codes, all.map((own) => own.neverReturned))).toEqual(Object.keys(neverReturned).sort()); // prettier-ignore
  });
  it.each(searched.map(({ name }, i) => [name, i] as const))('%s: no property is vacuous', (_, i) => {
    expect(all[i].neverTrue).toEqual([]);
  });
});

it('says what a dropped guard, an unused step and a condition that is never true are', async () => {
  const [sc01] = models.filter(({ name }) => name === 'SC-01');
  const cut = await coverage(sc01, { cpus: 1, pages: 1, iovas: 1 }, ['drop map_pages/install-PTE']);
  expect(cut.neverFired).toContain('unmap_pages/pgt_lock/invalidate-PTE');
  expect(cut.neverPassed).toContain('unmap_pages/pgt_lock/walk-to-the-leaf/leaf-is-not-zero');
  expect(cut.neverTrue).toContain('P-3');
  expect(cut.returned).toContain('unmap_pages -ENOENT');
});
