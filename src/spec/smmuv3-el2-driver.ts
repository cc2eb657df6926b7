/** The EL2 driver of the SMMUv3, PV design (B8): commands, and the invalidation loop over a domain's SMMUs. */
import { block, fragment, next, set, type Builder } from '../language/index.js';
import type { Parts } from './parts.js';
import type { CommandQueue, Smmuv3 } from './smmuv3.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

export type El2Driver = ReturnType<typeof el2Driver>;

/** Declares the driver's locks and lists, and the fragments that the IOMMU core calls. */
export function el2Driver(m: Builder, all: Parts, hw: Smmuv3) {
  const { smmu, domain, iova, device, smmuOf } = all;
  const { Command, capacity, cmdq } = hw;
  const Smmus = set(smmu);

  /** The SMMUs that a domain is attached to; attach and detach write it. */
  const smmus = m.family('smmus', [domain], Smmus, (d) =>
    Smmus.make(device.values.filter((e) => hw.mayConfig(e).initial.has(d)).map(smmuOf)),
  );
  const listLock = m.locks('list_lock', domain, (d) => ({ kind: 'rw', protects: [smmus(d)] }));
  /** Serialises producers. The consumer takes no lock, so the queue is not among what it protects. */
  const smmuLock = m.locks('smmu_lock', smmu);

  /** PROD moves over the entry that was written behind it, or over whatever else is there. */
  const rung = (queue: CommandQueue): CommandQueue => {
    const ring = queue.ring.size > queue.ahead ? queue.ring : queue.ring.push(Command.make.GARBAGE());
    return queue.merge({ ring, ahead: queue.ahead + 1 });
  };

  const room = {
    id: 'queue-has-room',
    doc: 'the entry at PROD is not one that the SMMU has yet to read',
    source: `${source}: smmu_cmdq_full`,
    else: block,
  };

  const tlbInvRange = fragment('tlb_inv_range', { smmu, domain, iova }, (h) => [
    h.step('write TLBI', {
      fn: 'smmu_add_cmd',
      source,
      waits: true,
      writes: (f) => ({ cmdq: cmdq(f.smmu) }),
      guards: [{ ...room, test: ({ cmdq: { ahead } }) => ahead < capacity }],
      run: ({ cmdq: q }, f) => {
        const tlbi = Command.make.TLBI_S2_IPA(all.mapping.make({ domain: f.domain, iova: f.iova }));
        return next({ cmdq: q.set('ring', q.ring.take(q.ahead).push(tlbi)) });
      },
    }),
    h.step('ring for TLBI', {
      doc: 'behind a barrier: the SMMU sees the entry before it sees PROD',
      fn: 'smmu_add_cmd: writel(CMDQ_PROD)',
      source,
      writes: (f) => ({ cmdq: cmdq(f.smmu) }),
      run: ({ cmdq: q }) => next({ cmdq: rung(q) }),
    }),
  ]);

  const cmdSync = fragment('cmd_sync', { smmu }, (h) => [
    h.step('write CMD_SYNC', {
      fn: 'smmu_sync_cmd: smmu_add_cmd',
      source,
      waits: true,
      writes: (f) => ({ cmdq: cmdq(f.smmu) }),
      guards: [{ ...room, test: ({ cmdq: { ahead } }) => ahead < capacity }],
      run: ({ cmdq: q }) => next({ cmdq: q.set('ring', q.ring.take(q.ahead).push(Command.make.CMD_SYNC())) }),
    }),
    h.step('ring for CMD_SYNC', {
      fn: 'smmu_sync_cmd: writel(CMDQ_PROD)',
      source,
      writes: (f) => ({ cmdq: cmdq(f.smmu) }),
      run: ({ cmdq: q }) => next({ cmdq: rung(q) }),
    }),
    h.step('wait for CMD_SYNC', {
      doc: 'the only sign that the hardware is done (rule 5): CONS has reached PROD',
      fn: 'smmu_sync_cmd: smmu_wait_event(smmu_cmdq_empty)',
      source,
      waits: true,
      reads: (f) => ({ cmdq: cmdq(f.smmu) }),
      run: ({ cmdq: q }) => (q.ahead === 0 ? next() : block),
    }),
  ]);

  const iotlbSync = fragment('iotlb_sync', { domain, iova, smmus: Smmus, smmu }, (h) => [
    h.locked('list_lock', (f) => listLock(f.domain), [
      h.step('read the SMMU list', {
        fn: 'smmu_inv_domain: list_for_each_entry',
        source,
        reads: (f) => ({ smmus: smmus(f.domain) }),
        run: (s) => next().local({ smmus: s.smmus }),
      }),
      h.each('each SMMU', 'smmu', (f) => f.smmus, [
        h.locked('smmu_lock', (f) => smmuLock(f.smmu), [
          h.call(tlbInvRange, (f) => ({ smmu: f.smmu, domain: f.domain, iova: f.iova })),
          h.call(cmdSync, (f) => ({ smmu: f.smmu })),
        ]),
      ]),
    ], { shared: true }), // prettier-ignore
  ]);

  return { smmus, listLock, smmuLock, iotlbSync };
}
