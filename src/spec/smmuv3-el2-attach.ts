/**
 * Attach and detach of a stream in the EL2 driver, PV design (B8): stage 2, and stage 1 where there is memory for CDs. Both follow the architecture's recipe: a live
 * STE's other words are never changed, and what the SMMU may have fetched is forgotten (CFGI, CMD_SYNC) before the next
 * word counts on it.
 */
import { done, fail, fragment, goto, next, type Body, type Builder, type Node } from '../language/index.js';
import type { Domain, Parts } from './parts.js';
import type { IoPageTable } from './io-page-table.js';
import type { PageOwnership } from './page-ownership.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { El2Stage1 } from './smmuv3-el2-attach-s1.js';
import type { StreamTable } from './stream-table.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c (B8)';

export type El2Attach = ReturnType<typeof el2Attach>;

/** The driver's halves of attach_dev and detach_dev. Without `stage1`, all domains are S2 domains. */
export function el2Attach(
  _m: Builder,
  all: Parts,
  streams: StreamTable,
  driver: El2Driver,
  stage1?: El2Stage1,
  /** Waits for a CMD_SYNC behind an STE may give up; a WARN_ON sets this. */
  panicked?: PageOwnership['panicked'],
  /** The domain's table is made under its lock, inside smmu_lock. Taken at each attach, where the code needs it at the first. */
  pgtLock?: IoPageTable['pgtLock'],
) {
  const { domain, sid, pasid, cdTable, smmu, smmuOfSid, vmidOf } = all;
  const { ste, cd, cfg, steWritten, zero } = streams;
  const { modes } = streams.switches;
  const { nodes, nodeRef, listLock, smmuLock, lookAtPower, tlbInvVmid, cmdSync, cmdSyncOrGiveUp, syncSteAnd } = driver;

  const isS1 = (d: Domain): boolean => stage1?.kindOf(d) === 'S1';

  const syncSte = panicked ? syncSteAnd(cmdSyncOrGiveUp(true)) : driver.syncSte;
  const tlbInvContext = fragment('smmu_tlb_inv_context', { smmu, domain }, (h) => [
    ...lookAtPower(h, (f) => f.smmu, 'smmu_tlb_inv_context'),
    h.call(tlbInvVmid, (f) => ({ smmu: f.smmu, domain: f.domain })),
    h.call(cmdSync, (f) => ({ smmu: f.smmu })),
  ]);

  /** Behind word 0 there is no way back: an error is a WARN_ON, which panics at EL2 (rule 7). */
  const liveSynced = (h: Body<{ sid: Parts['sid'] }>): readonly Node[] => {
    const sync = h.call(syncSte, (f) => ({ smmu: smmuOfSid(f.sid), sid: f.sid }), { as: 'sync word 0' });
    if (!panicked) return [sync];
    const warn = h.step('WARN_ON', {
      fn: 'smmu_attach_dev: WARN_ON(smmu_sync_ste)',
      source,
      writes: () => ({ panicked }),
      run: () => goto('WARN_ON', { panicked: true }),
    });
    return [h.onFail('WARN_ON(ret)', [sync], [warn])];
  };

  const attachDev = fragment('smmu_attach_dev', { domain, sid, pasid, cdTable }, (h) => [
    h.locked('list_lock', (f) => listLock(f.domain), [
      h.locked('smmu_lock', (f) => smmuLock(smmuOfSid(f.sid)), [
        ...(stage1 ? [stage1.fixUpType(h)] : []),
        h.step('get list node', {
          doc: 'before the STE is looked at: what fails from here on puts it back',
          fn: 'smmu_attach_dev: a new node, or node->ref++',
          source,
          writes: (f) => ({ nodes: nodes(f.domain) }),
          run: (s, f) => next({ nodes: nodeRef(s.nodes, smmuOfSid(f.sid), +1) }),
        }),
        h.onFail('with list node', [
          h.step('look at STE', {
            fn: 'smmu_attach_dev: smmu_get_alloc_ste_ptr',
            source,
            reads: (f) => ({ ste: ste(f.sid) }),
            guards: [
              {
                id: 'STE-is-not-live',
                doc: 'a stream is attached to one domain at a time',
                source,
                test: ({ ste: { w0 } }, f) => w0 === 'INVALID' || (isS1(f.domain) && w0.startsWith('S1')),
                else: fail('EBUSY'),
              },
              ...(stage1?.attachChecks ?? []),
            ],
            run: (_, f) => (stage1 && !isS1(f.domain) ? goto('look at PASID') : next()),
          }),
          ...(stage1
            ? [
                h.call(stage1.configS1, (f) => ({ domain: f.domain, sid: f.sid, pasid: f.pasid }), {
                  into: (made) => made,
                }),
                h.step('look at PASID', {
                  doc: 'a further PASID of an S1 domain needs its CD only: the STE is live',
                  fn: 'smmu_attach_dev',
                  source,
                  run: (_, f) => (isS1(f.domain) && f.pasid > 0 ? goto('list_add') : next()),
                }),
              ]
            : []),
          ...(pgtLock
            ? [
                h.locked('pgt_lock', (f) => pgtLock(f.domain), [
                  h.step('finalise table', {
                    doc: 'for the order of locks alone: here the table is there from the start',
                    fn: 'smmu_domain_finalise: kvm_arm_io_pgtable_alloc',
                    source,
                    run: () => next(),
                  }),
                ]),
              ]
            : []),
          h.step('write STE words 1..7', {
            doc: 'word 0 is invalid meanwhile, so that no mixture of words counts',
            fn: 'smmu_write_ste',
            source,
            reads: () => ({ cd, modes }),
            writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
            run: (s, f) => {
              const words = isS1(f.domain) ? s.ste : s.ste.merge({ vmid: vmidOf(f.domain), ttb: f.domain });
              return next({ ste: words, cfg: steWritten(s.modes, f.sid, s.cfg, words, s.cd) }).emit('STE written', { sid: f.sid });
            },
          }),
          h.call(syncSte, (f) => ({ smmu: smmuOfSid(f.sid), sid: f.sid }), { as: 'sync words 1..7' }),
          h.step('write STE word 0', {
            doc: 'the stream is live',
            fn: 'smmu_write_ste',
            source,
            reads: (f) => ({ nodes: nodes(f.domain), cd, modes }),
            writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
            run: (s, f) => {
              const words = s.ste.set('w0', stage1?.word0(f) ?? 'S2');
              const first = s.nodes.get(smmuOfSid(f.sid)) === 0;
              return next({ ste: words, cfg: steWritten(s.modes, f.sid, s.cfg, words, s.cd) }).emit('STE live', {
                sid: f.sid,
                smmu: smmuOfSid(f.sid),
                domain: f.domain,
                first,
              });
            },
          }),
          ...liveSynced(h),
          h.step('list_add', {
            doc: 'from here on an unmap of the domain invalidates on this SMMU too; list_lock hides the time between (W-16)',
            fn: 'smmu_attach_dev: list_add_tail',
            source,
            writes: (f) => ({ nodes: nodes(f.domain) }),
            run: (s, f) => next({ nodes: s.nodes.update(smmuOfSid(f.sid), (refs) => (refs === 0 ? 1 : refs!)) }),
          }),
        ], [
          h.step('put list node', {
            fn: 'smmu_attach_dev: smmu_put_ref_domain',
            source,
            writes: (f) => ({ nodes: nodes(f.domain) }),
            run: (s, f) => next({ nodes: nodeRef(s.nodes, smmuOfSid(f.sid), -1) }),
          }),
        ]),
      ]),
    ]),
  ]); // prettier-ignore

  const detachDev = fragment('smmu_detach_dev', { domain, sid, pasid, cdTable }, (h) => [
    h.locked('list_lock', (f) => listLock(f.domain), [
      h.locked('smmu_lock', (f) => smmuLock(smmuOfSid(f.sid)), [
        h.step('look at STE', {
          fn: 'smmu_detach_dev: smmu_get_ste_ptr',
          source,
          reads: (f) => ({ ste: ste(f.sid) }),
          guards: [
            {
              id: 'STE-is-S2',
              doc: 'there is something to detach',
              source,
              test: ({ ste: { w0 } }, f) => isS1(f.domain) || w0 === 'S2',
              else: fail('EACCES'),
            },
            {
              id: 'VMID-matches',
              doc: 'the stream is attached to this domain',
              source,
              test: ({ ste: { vmid } }, f) => isS1(f.domain) || vmid === vmidOf(f.domain),
              else: fail('EACCES'),
            },
          ],
        }),
        ...(stage1
          ? [
              stage1.lookAtCds(h),
              ...(stage1.freesFirst ? [stage1.freeCdTable(h)] : []),
            ]
          : []),
        h.step('clear STE word 0', {
          doc: 'invalid in memory; caches may still hold it (W-04)',
          fn: 'smmu_detach_dev',
          source,
          reads: () => ({ cd, modes }),
          writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
          run: (s, f) => {
            const words = s.ste.set('w0', 'INVALID');
            return next({ ste: words, cfg: steWritten(s.modes, f.sid, s.cfg, words, s.cd) }).emit('STE dead', { sid: f.sid, domain: f.domain });
          },
        }),
        h.call(syncSte, (f) => ({ smmu: smmuOfSid(f.sid), sid: f.sid }), { as: 'sync word 0' }),
        h.step('clear STE words 1..7', {
          fn: 'smmu_detach_dev',
          source,
          reads: () => ({ cd, modes }),
          writes: (f) => ({ ste: ste(f.sid), cfg: cfg(f.sid) }),
          run: (s, f) => {
            const words = zero.set('w0', s.ste.w0);
            return next({ ste: words, cfg: steWritten(s.modes, f.sid, s.cfg, words, s.cd) }).emit('STE written', { sid: f.sid });
          },
        }),
        h.call(syncSte, (f) => ({ smmu: smmuOfSid(f.sid), sid: f.sid }), { as: 'sync words 1..7' }),
        ...(stage1
          ? [
              ...(stage1.freesFirst ? [] : [stage1.freeCdTable(h)]),
              h.step('the stream is detached', {
                fn: 'smmu_detach_dev',
                source,
                run: () => goto('put list node'),
              }),
              ...stage1.clearCd(h),
            ]
          : []),
        h.step('put list node', {
          doc: 'the domain leaves this SMMU with its last stream there',
          fn: 'smmu_put_ref_domain',
          source,
          writes: (f) => ({ nodes: nodes(f.domain) }),
          guards: [
            {
              id: 'SMMU-is-in-list',
              doc: 'the domain is on this SMMU; a failure leaves its reference',
              source,
              test: (s, f) => s.nodes.get(smmuOfSid(f.sid))! > 0,
              else: fail('ENOENT'),
            },
          ],
          run: (s, f) => {
            const left = nodeRef(s.nodes, smmuOfSid(f.sid), -1);
            return left.get(smmuOfSid(f.sid)) === 0 ? next({ nodes: left }) : done('', { nodes: left });
          },
        }),
        h.call(tlbInvContext, (f) => ({ smmu: smmuOfSid(f.sid), domain: f.domain })),
      ]),
    ]),
  ]); // prettier-ignore

  return { attachDev, detachDev };
}
