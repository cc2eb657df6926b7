/**
 * dev_block_dma of the EL2 driver, PV design (B8): EL2 takes the stream of a device away by itself. The caller holds the
 * SMMU's lock. No reference and no list changes.
 */
import { done, fragment, next, optional } from '../language/index.js';
import type { Domain, Parts } from './parts.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { StreamTable } from './stream-table.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';
const fn = 'smmu_dev_block_dma(guest_to_host)';

export function el2BlockDma({ domain, sid, smmu }: Parts, streams: StreamTable, driver: El2Driver) {
  const { ste, cd, cfg, steWritten, zero } = streams;
  const { modes } = streams.switches;
  const { lookAtPower, syncSte, cfgiSte, tlbInvVmid, cmdSync } = driver;
  const locals = { sid, smmu, vmid: optional(domain) };

  const forget = fragment('forget', locals, (h) => [
    ...lookAtPower(h, (f) => f.smmu, 'smmu_dev_block_dma'),
    h.call(cfgiSte, (f) => ({ smmu: f.smmu, sid: f.sid })),
    h.call(tlbInvVmid, (f) => ({ smmu: f.smmu, domain: f.vmid as Domain })),
    h.call(cmdSync, (f) => ({ smmu: f.smmu })),
  ]);

  /** Forgets the STE, then what was cached through it, before its words may mean something else. */
  const byRecipe = fragment('block_dma', locals, (h) => [
    h.step('clear STE word 0', {
      doc: 'invalid in memory; caches may still hold it',
      fn,
      source,
      reads: () => ({ cd, modes }),
      writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
      run: (s, f) => {
        if (s.ste.w0 !== 'S2') return done();
        const words = s.ste.set('w0', 'INVALID');
        return next({ ste: words, cfg: steWritten(s.modes, f.sid, s.cfg, words, s.cd) })
          .local({ vmid: s.ste.vmid })
          .emit('STE dead', { sid: f.sid, domain: s.ste.ttb });
      },
    }),
    h.call(syncSte, (f) => ({ smmu: f.smmu, sid: f.sid }), { as: 'sync word 0' }),
    h.step('clear STE words 1..7', {
      fn,
      source,
      reads: () => ({ cd, modes }),
      writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
      run: (s, f) =>
        next({ ste: zero, cfg: steWritten(s.modes, f.sid, s.cfg, zero, s.cd) }).emit('STE written', { sid: f.sid }),
    }),
    h.call(forget, (f) => ({ smmu: f.smmu, sid: f.sid, vmid: f.vmid })),
  ]);

  /** As published: all words, then one CFGI and CMD_SYNC. The VMID's translations stay. */
  const asPublished = fragment('block_dma', locals, (h) => [
    h.step('zero STE', {
      doc: 'all words at once, word 0 among them: the SMMU may fetch some before and some after',
      fn,
      source,
      reads: () => ({ cd, modes }),
      writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
      run: (s, f) =>
        next({ ste: zero, cfg: steWritten(s.modes, f.sid, s.cfg, zero, s.cd) }).emit('STE written', { sid: f.sid }),
    }),
    h.call(syncSte, (f) => ({ smmu: f.smmu, sid: f.sid })),
  ]);

  return { byRecipe, asPublished };
}
