/** The EL2 driver of the SMMUv3, PV design (B8): commands, and the invalidation loop over a domain's SMMUs. */
import {
  block,
  done,
  fail,
  fragment,
  goto,
  next,
  range,
  set,
  vector,
  type Body,
  type Builder,
  type LocalSorts,
  type Locals,
  type Node,
  type ValueOf,
} from '../language/index.js';
import type { Parts, Smmu } from './parts.js';
import type { PageOwnership } from './page-ownership.js';
import type { PowerIsOff } from './power-domain.js';
import type { CommandQueue } from './command-ring.js';
import type { Smmuv3 } from './smmuv3.js';
import type { StreamTable } from './stream-table.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

export type El2Driver = ReturnType<typeof el2Driver>;

/** What an unmap does whose wait for its CMD_SYNC gives up: it returns the error, or a WARN_ON sets `panicked`. */
export type UnmapGivesUp = 'returns' | Pick<PageOwnership, 'panicked'>;

/**
 * Declares the driver's locks and lists, and the fragments that the IOMMU core calls.
 * @param powerIsOff an SMMU that is off is passed over
 * @param givesUp the wait of an unmap may give up
 */
export function el2Driver(
  m: Builder,
  all: Parts,
  streams: StreamTable,
  hw: Smmuv3,
  powerIsOff?: PowerIsOff,
  givesUp?: UnmapGivesUp,
) {
  const { smmu, domain, iova, sid, pasid, smmuOfSid } = all;
  const { Command, capacity, cmdq } = hw;
  const Smmus = set(smmu);

  const top = 1 + sid.size * pasid.size + all.cpus + all.cdTable.size;
  /**
   * A domain's list of SMMUs: a node for each, with the number of streams attached there; no node is 0. The bound is that
   * of the domain's refcount, since each attach takes a reference first.
   */
  const Nodes = vector(smmu, range(0, top));
  const nodes = m.family('nodes', [domain], Nodes, (d) =>
    sid.values
      .filter((stream) => streams.ste(stream).initial.ttb === d)
      .map(smmuOfSid)
      .reduce((all, s) => all.set(s, (all.get(s) ?? 0) + 1), Nodes.fill(0)),
  );
  /** One more or one less, for a node in the list. One that attach has just allocated is not there yet. A count that would leave its bounds is wrong already. */
  const nodeRef = (list: ValueOf<typeof Nodes>, k: Smmu, by: 1 | -1) =>
    list.update(k, (refs = 0) => (refs === 0 ? 0 : Math.min(top, refs + by)));
  const attachedSmmus = (list: ValueOf<typeof Nodes>) => Smmus.make(smmu.values.filter((s) => list.get(s) !== 0));
  const listLock = m.locks('list_lock', domain, (d) => ({ kind: 'rw', protects: [nodes(d)] }));
  /** Serialises producers, and protects the stream table and the CDs (there are CDs only where there is one SMMU). The consumer takes no lock, so the queue is not among what it protects. */
  const smmuLock = m.locks('smmu_lock', smmu, (k) => ({
    protects: [
      ...sid.values.filter((stream) => smmuOfSid(stream) === k).map((stream) => streams.ste(stream)),
      ...streams.cd.all,
      ...(powerIsOff ? [powerIsOff(k)] : []),
    ],
  }));

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

  /** Puts one command into the queue: the entry, then PROD. */
  const push = <L extends LocalSorts & { readonly smmu: typeof smmu }>(
    name: string,
    what: string,
    locals: L,
    command: (f: Locals<L>) => ValueOf<typeof Command>,
  ) =>
    fragment(name, locals, (h) => [
      h.step(`write ${what}`, {
        fn: 'smmu_add_cmd',
        source,
        waits: true,
        writes: (f) => ({ cmdq: cmdq(f.smmu) }),
        guards: [{ ...room, test: ({ cmdq: { ahead } }) => ahead < capacity }],
        run: ({ cmdq: q }, f) => next({ cmdq: q.set('ring', q.ring.take(q.ahead).push(command(f))) }),
      }),
      h.step(`ring for ${what}`, {
        doc: 'behind a barrier: the SMMU sees the entry before it sees PROD',
        fn: 'smmu_add_cmd: writel(CMDQ_PROD)',
        source,
        writes: (f) => ({ cmdq: cmdq(f.smmu) }),
        run: ({ cmdq: q }) => next({ cmdq: rung(q) }),
      }),
    ]);

  const tlbInvRange = push('tlb_inv_range', 'TLBI', { smmu, domain, iova }, (f) =>
    Command.make.TLBI_S2_IPA(all.mapping.make({ domain: all.vmidOf(f.domain), iova: f.iova })),
  );
  const tlbInvVmid = push('tlb_inv_vmid', 'TLBI', { smmu, domain }, (f) =>
    Command.make.TLBI_S12_VMALL(all.vmidOf(f.domain)),
  );
  const cfgiSte = push('cfgi_ste', 'CFGI', { smmu, sid }, (f) => Command.make.CFGI_STE(f.sid));
  const cfgiCd = push('cfgi_cd', 'CFGI', { smmu, sid, pasid }, (f) =>
    Command.make.CFGI_CD(all.substream.make({ sid: f.sid, pasid: f.pasid })),
  );
  const cfgiAll = push('cfgi_all', 'CFGI_ALL', { smmu }, () => Command.make.CFGI_ALL());
  const tlbInvAll = push('tlb_inv_all', 'TLBI', { smmu }, () => Command.make.TLBI_NSNH_ALL());
  const syncCommand = push('sync', 'CMD_SYNC', { smmu }, () => Command.make.CMD_SYNC());

  /** SC-05 says what errors do to the queue, and that a wait that times out must not be taken for success. */
  const syncCompletes = m.assumed(
    'SYNC',
    'a CMD_SYNC that is waited for completes: no command error stops the queue, and no wait times out',
  );
  const cmdSync = fragment('cmd_sync', { smmu }, (h) => [
    h.call(syncCommand, (f) => ({ smmu: f.smmu })),
    h.step('wait for CMD_SYNC', {
      doc: 'the only sign that the hardware is done (rule 5): CONS has reached PROD',
      fn: 'smmu_sync_cmd: smmu_wait_event(smmu_cmdq_empty)',
      source,
      waits: true,
      reads: (f) => ({ cmdq: cmdq(f.smmu) }),
      run: ({ cmdq: q }) => (q.ahead === 0 ? next() : syncCompletes ? block : next().say('timed out: nobody looks')),
    }),
  ]);

  /** The same, where the wait may give up. @param looks its result is looked at */
  const cmdSyncOrGiveUp = (looks: boolean) =>
    fragment('cmd_sync', { smmu }, (h) => [
      h.call(syncCommand, (f) => ({ smmu: f.smmu })),
      h.step('wait for CMD_SYNC, or give up', {
        fn: 'smmu_sync_cmd: smmu_wait_event(smmu_cmdq_empty)',
        source,
        reads: (f) => ({ cmdq: cmdq(f.smmu) }),
        guards: looks
          ? [
              {
                id: 'CMD_SYNC-is-complete',
                doc: 'what comes next is done only when the SMMU has forgotten what it held',
                source,
                test: (s) => s.cmdq.ahead === 0,
                else: fail('ETIMEDOUT'),
              },
            ]
          : [],
      }),
    ]);

  /** Leaves the fragment if the SMMU is off. */
  const lookAtPower = <L extends LocalSorts>(h: Body<L>, of: (f: Locals<L>) => Smmu, fn: string): readonly Node[] =>
    powerIsOff
      ? [
          h.step('look at power_is_off', {
            doc: 'nothing to do: resume will invalidate all',
            fn: `${fn}: if (smmu->iommu.power_is_off)`,
            source,
            reads: (f) => ({ off: powerIsOff(of(f)) }),
            run: (s) => (s.off ? done() : next()),
          }),
        ]
      : [];

  /** The SMMU forgets an STE. @param wait for the CMD_SYNC behind it */
  const syncSteAnd = (wait: typeof cmdSync) =>
    fragment('smmu_sync_ste', { smmu, sid }, (h) => [
      ...lookAtPower(h, (f) => f.smmu, 'smmu_sync_ste'),
      h.call(cfgiSte, (f) => ({ smmu: f.smmu, sid: f.sid })),
      h.call(wait, (f) => ({ smmu: f.smmu })),
    ]);
  const syncSte = syncSteAnd(cmdSync);

  /** Nobody could tell the core that an invalidation has failed, so a WARN_ON looks: a panic at EL2 (rule 7). */
  const warnIfFailed = (h: Body<LocalSorts>, call: Node): Node => {
    if (givesUp === undefined || givesUp === 'returns') return call;
    const { panicked } = givesUp;
    return h.onFail('WARN_ON(ret)', [call], [
      h.step('WARN_ON', {
        fn: 'smmu_tlb_inv_range: WARN_ON(smmu_tlb_inv_range_smmu)',
        source,
        writes: () => ({ panicked }),
        run: () => goto('WARN_ON', { panicked: true }),
      }),
    ]); // prettier-ignore
  };

  /** For a gathered range of up to `longest` pages: on every SMMU of the domain a TLBI a page, and one CMD_SYNC behind them. */
  const iotlbSyncUpTo = (longest: number) => {
    const Pages = range(0, longest);
    const offsets = Array.from({ length: longest }, (_, i) => i);
    const gathered = { domain, iova, count: Pages, smmu };

    const invalidate = fragment('tlb_inv', { ...gathered, offset: Pages }, (h) => [
      ...lookAtPower(h, (f) => f.smmu, 'smmu_tlb_inv_range_smmu'),
      longest === 1
        ? h.call(tlbInvRange, (f) => ({ smmu: f.smmu, domain: f.domain, iova: f.iova }))
        : h.each('each page', 'offset', (f) => offsets.slice(0, f.count), [
            h.call(tlbInvRange, (f) => ({ smmu: f.smmu, domain: f.domain, iova: iova.of(f.iova + f.offset) })),
          ]),
      h.call(givesUp ? cmdSyncOrGiveUp(true) : cmdSync, (f) => ({ smmu: f.smmu })),
    ]);

    return fragment('iotlb_sync', { ...gathered, smmus: Smmus }, (h) => [
      h.locked('list_lock', (f) => listLock(f.domain), [
        h.step('read the SMMU list', {
          fn: 'smmu_inv_domain: list_for_each_entry',
          source,
          reads: (f) => ({ nodes: nodes(f.domain) }),
          run: (s) => next().local({ smmus: attachedSmmus(s.nodes) }),
        }),
        h.each('each SMMU', 'smmu', (f) => f.smmus, [
          h.locked('smmu_lock', (f) => smmuLock(f.smmu), [
            warnIfFailed(
              h,
              h.call(invalidate, (f) => ({ smmu: f.smmu, domain: f.domain, iova: f.iova, count: f.count }), {
                as: 'tlb_inv',
              }),
            ),
          ]),
        ]),
      ], { shared: true }), // prettier-ignore
    ]);
  };

  m.explain(nodes, 'the domain’s list of SMMUs: how many streams are attached behind each');
  m.explain(listLock, 'protects the domain’s list of SMMUs');
  m.explain(smmuLock, 'serialises who writes commands to this SMMU, and protects its stream table');
  return {
    nodes,
    nodeRef,
    attachedSmmus,
    listLock,
    smmuLock,
    lookAtPower,
    tlbInvRange,
    tlbInvVmid,
    cfgiSte,
    cfgiCd,
    cfgiAll,
    tlbInvAll,
    cmdSync,
    cmdSyncOrGiveUp,
    syncSteAnd,
    syncSte,
    iotlbSyncUpTo,
  };
}
