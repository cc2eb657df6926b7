/**
 * IDMAP design (B5): the two hypercalls that the host has for its devices. Any StreamID is accepted: all devices get the
 * same map, of what is the host's anyway.
 */
import { fragment, handler, next, optional, type Body, type Builder, type Node } from '../language/index.js';
import type { Idmap } from './idmap.js';
import type { Parts } from './parts.js';
import type { El2Driver } from './smmuv3-el2-driver.js';
import type { StreamTable } from './stream-table.js';

const source = 'drivers/iommu/arm/arm-smmu-v3/pkvm/arm-smmu-v3.c, v3 (B5)';

/** How the published code differs from the repaired one. */
export interface DeviceDesign {
  /** The pointer to the STE is a static local of the function, one for all SMMUs (v3, W-29). */
  readonly staticPointer: boolean;
  /** The result of the CMD_SYNC between the two halves is not looked at (v3). */
  readonly ignoresSync: boolean;
}

/**
 * The hypercalls enable_dev and disable_dev.
 * @param timeouts whether the wait between the two halves of an STE may end before the SMMU is done
 */
export function idmapDevices(
  m: Builder,
  { smmu, sid, smmuOfSid }: Parts,
  { ste, cfg, fetched, zero }: StreamTable,
  { smmuLock, cfgiSte, cmdSync, cmdSyncOrGiveUp }: El2Driver,
  { id }: Idmap,
  timeouts: boolean,
  { staticPointer, ignoresSync }: DeviceDesign,
) {
  /** `at` is the STE that is written, which should be that of the stream. */
  const locals = { sid, at: sid };
  type H = Body<typeof locals>;

  /** CFGI and CMD_SYNC between the halves, where the wait may give up: what comes next depends on it. */
  const syncOrGiveUp = fragment('smmu_sync_ste', { smmu, sid }, (h) => [
    h.call(cfgiSte, (f) => ({ smmu: f.smmu, sid: f.sid })),
    h.call(cmdSyncOrGiveUp(!ignoresSync), (f) => ({ smmu: f.smmu })),
  ]);
  const sync = fragment('smmu_sync_ste', { smmu, sid }, (h) => [
    h.call(cfgiSte, (f) => ({ smmu: f.smmu, sid: f.sid })),
    h.call(cmdSync, (f) => ({ smmu: f.smmu })),
  ]);
  const syncWith = (h: H, how: typeof sync, as: string): Node =>
    h.call(how, (f) => ({ smmu: smmuOfSid(f.sid), sid: f.sid }), { as });

  /** Finds the STE once, under the lock; each half then writes through the pointer. */
  const halves = (name: string, first: (h: H) => Node, second: (h: H) => Node) => {
    const pointer = staticPointer ? m.variable(`static ste of ${name}`, optional(sid), null) : undefined;
    if (pointer)
      m.explain(pointer, 'a static variable of the function: the stream table entry that its last caller found');
    const store = (h: H): readonly Node[] =>
      pointer
        ? [
            h.step('set static ste', {
              doc: 'shared by all callers, and only the lock of one SMMU is held',
              fn: `${name}: smmu_get_alloc_ste_ptr`,
              source,
              writes: () => ({ pointer }),
              run: (_, f) => next({ pointer: f.sid }),
            }),
          ]
        : [];
    const reload = (h: H, which: string): readonly Node[] =>
      pointer
        ? [
            h.step(`read static ste, ${which}`, {
              fn: name,
              source,
              reads: () => ({ pointer }),
              run: (s) => next().local({ at: s.pointer! }),
            }),
          ]
        : [];
    return handler(name.replace('smmu_', ''), locals, (h) => [
      h.step('name stream', {
        doc: 'any stream: nobody checks that the host may have it',
        fn: name,
        source,
        run: () => sid.values.map((stream) => next().local({ sid: stream, at: stream })),
      }),
      h.locked('smmu_lock', (f) => smmuLock(smmuOfSid(f.sid)), [
        ...store(h),
        ...reload(h, 'first'),
        first(h),
        syncWith(h, timeouts ? syncOrGiveUp : sync, 'sync between'),
        ...reload(h, 'second'),
        second(h),
        syncWith(h, sync, 'sync at end'),
      ]),
    ], { fn: name, source }); // prettier-ignore
  };

  const enableDev = halves(
    'smmu_enable_dev',
    (h) =>
      h.step('write STE words 1..7', {
        doc: 'VMID 0 and the identity map; word 0 is invalid meanwhile',
        fn: 'smmu_enable_dev',
        source,
        writes: (f) => ({ ste: ste(f.at), cfg: cfg(f.at) }),
        run: (s) => {
          const words = s.ste.merge({ vmid: id, ttb: id });
          return next({ ste: words, cfg: fetched(s.cfg, words) });
        },
      }),
    (h) =>
      h.step('write STE word 0', {
        doc: 'the stream is live',
        fn: 'smmu_enable_dev',
        source,
        writes: (f) => ({ ste: ste(f.at), cfg: cfg(f.at) }),
        run: (s) => {
          const words = s.ste.set('w0', 'S2');
          return next({ ste: words, cfg: fetched(s.cfg, words) });
        },
      }),
  );
  const disableDev = halves(
    'smmu_disable_dev',
    (h) =>
      h.step('clear STE word 0', {
        doc: 'invalid in memory; caches may still hold it (W-04)',
        fn: 'smmu_disable_dev',
        source,
        writes: (f) => ({ ste: ste(f.at), cfg: cfg(f.at) }),
        run: (s) => {
          const words = s.ste.set('w0', 'INVALID');
          return next({ ste: words, cfg: fetched(s.cfg, words) });
        },
      }),
    (h) =>
      h.step('clear STE words 1..7', {
        fn: 'smmu_disable_dev',
        source,
        writes: (f) => ({ ste: ste(f.at), cfg: cfg(f.at) }),
        run: (s) => {
          const words = zero.set('w0', s.ste.w0);
          return next({ ste: words, cfg: fetched(s.cfg, words) });
        },
      }),
  );
  return { enableDev, disableDev };
}
