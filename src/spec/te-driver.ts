/** TE design (B6): EL2's own commands to the SMMU, and its stage-2, which follows every change of ownership. */
import {
  block,
  bool,
  done,
  fragment,
  goto,
  next,
  type Builder,
  type LocalSorts,
  type Locals,
  type ValueOf,
} from '../language/index.js';
import type { IoPageTable } from './io-page-table.js';
import type { NestedSmmu } from './nested-caches.js';
import type { PageOwnership } from './page-ownership.js';
import type { Domain, Parts } from './parts.js';
import type { StreamTable } from './stream-table.js';
import type { TeRegisters } from './te-registers.js';

const source = 'EL2 SMMUv3 driver, v4 and later (B6)';

export type TeDriver = ReturnType<typeof teDriver>;

/** Declares the SMMU's lock, and the fragments that traps and ownership changes call. */
export function teDriver(
  m: Builder,
  { page, iova, sid }: Parts,
  { panicked }: PageOwnership,
  { Pte, table }: IoPageTable,
  { ste, cfg, cfgOld }: StreamTable,
  { Command, capacity, cmdq, stale, leafCleared }: NestedSmmu,
  { hostSmmuen }: TeRegisters,
  id: Domain,
) {
  const smmuLock = m.lock('smmu_lock', { protects: ste.all });
  m.explain(smmuLock, 'serialises who writes commands, and protects EL2’s own stream table');

  const push = <L extends LocalSorts>(name: string, locals: L, command: (f: Locals<L>) => ValueOf<typeof Command>) =>
    fragment(name, locals, (h) => [
      h.step(`write ${name}`, {
        doc: 'the entry, then PROD; a queue that stays full is a WARN_ON, which is a panic',
        fn: 'smmu_add_cmd',
        source,
        waits: true,
        writes: () => ({ cmdq, panicked }),
        run: ({ cmdq: q }, f) => {
          if (q.ring.size < capacity) return next({ cmdq: q.set('ring', q.ring.push(command(f))) });
          return q.error ? goto(`write ${name}`, { panicked: true }) : block;
        },
      }),
    ]);
  const wait = fragment('wait', {}, (h) => [
    h.step('wait for the queue', {
      doc: 'CONS has reached PROD; a queue that has stopped never does: WARN_ON, which is a panic',
      fn: 'smmu_wait_event(smmu_cmdq_empty)',
      source,
      waits: true,
      reads: () => ({ cmdq }),
      writes: () => ({ panicked }),
      run: ({ cmdq: q }) =>
        q.error ? goto('wait for the queue', { panicked: true }) : q.ring.isEmpty() ? next() : block,
    }),
  ]);
  const tlbiIpa = push('TLBI_S2_IPA', { page }, (f) => Command.make.TLBI_S2_IPA(f.page));
  const tlbiNhAll = push('TLBI_NH_ALL', {}, () => Command.make.TLBI_NH_ALL());
  const cmdSync = push('CMD_SYNC', {}, () => Command.make.CMD_SYNC());
  const cfgiSte = push('CFGI_STE', { sid }, (f) => Command.make.CFGI_STE(f.sid));

  const syncSte = fragment('smmu_sync_ste', { sid }, (h) => [
    h.call(cfgiSte, (f) => ({ sid: f.sid })),
    h.call(cmdSync),
    h.call(wait),
  ]);

  const update = fragment('kvm_iommu_host_stage2_idmap', { page, maps: bool }, (h) => [
    h.step('map or unmap', {
      doc: 'the walker follows at once, caches do not',
      fn: 'smmu_host_stage2_idmap',
      source,
      reads: () => ({ cfg, cfgOld }),
      writes: () => ({ table: table(id), stale }),
      run: (s, f) => {
        const x = iova.of(f.page);
        if (f.maps) return next({ table: s.table.set(x, Pte.make.V(f.page)) });
        const left = s.table.get(x)?.tag === 'V' ? leafCleared(s, f.page) : s.stale;
        return next({ table: s.table.set(x, Pte.make.ZERO()), stale: left });
      },
    }),
    ...(hostSmmuen
      ? [
          h.step('look at the host’s CR0', {
            doc: 'the host’s SMMUEN is not the real one',
            fn: 'smmu_host_stage2_idmap',
            source,
            reads: () => ({ hostSmmuen }),
            run: (s) => (s.hostSmmuen ? next() : done()),
          }),
        ]
      : []),
    h.locked('smmu_lock', () => smmuLock, [
      h.call(tlbiIpa, (f) => ({ page: f.page })),
      h.call(tlbiNhAll),
      h.call(cmdSync),
      h.call(wait),
    ]),
  ]); // prettier-ignore

  return { smmuLock, syncSte, wait, update };
}
