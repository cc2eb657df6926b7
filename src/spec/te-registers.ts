/**
 * TE design (B6): the SMMU's registers. EL2 has taken the real ones; the host's writes trap. What the host may not have
 * is forced to the safe value. The SMMU itself writes events into the event queue, and no stage-2 stops it (I-9).
 */
import { bool, fail, goto, handler, next, optional, record, type Builder } from '../language/index.js';
import type { PageOwnership } from './page-ownership.js';
import type { Parts } from './parts.js';

const source = 'EL2 SMMUv3 driver, v4 and later (B6)';

export type TeRegisters = ReturnType<typeof teRegisters>;

/** How the published code differs from the repaired one. */
export interface RegisterDesign {
  /** Whatever the host writes to EVTQ_BASE goes to the SMMU (v4). */
  readonly evtqUnchecked: boolean;
  /** EL2 takes the host's SMMUEN for the real one, and sends no TLBI while it is 0 (suspected in v4). */
  readonly believesHost: boolean;
}

/** Declares the registers, and the host's writes to them. */
export function teRegisters(
  m: Builder,
  { page }: Parts,
  { ownership, ref, maxRef, hostLock, panicked }: PageOwnership,
  { evtqUnchecked, believesHost }: RegisterDesign,
) {
  const Evtq = record('Evtq', { base: optional(page), enabled: bool });
  const smmuen = m.variable('CR0.SMMUEN', bool, true);
  const abort = m.variable('GBPA.ABORT', bool, true);
  const evtq = m.variable('EVTQ', Evtq, Evtq.make({ base: null, enabled: false }));
  /** Kept only where EL2 looks at it. */
  const hostSmmuen = believesHost ? m.variable('host CR0.SMMUEN', bool, false) : undefined;
  if (hostSmmuen) m.explain(hostSmmuen, 'what the host wrote to CR0.SMMUEN, and would read back');
  const registerLock = m.lock('register lock', { protects: [smmuen, abort, evtq] });
  m.explain(smmuen, 'the SMMU’s real CR0.SMMUEN, whatever the host believes');
  m.explain(abort, 'the SMMU’s real GBPA.ABORT: while SMMUEN is 0, nothing passes');
  m.explain(evtq, 'the event queue: the page at its base, null if none, and whether the SMMU writes events there');
  m.explain(registerLock, 'serialises the traps of the host’s writes to registers');

  const writeCr0 = handler('write CR0', { smmuen: bool, evtqen: bool }, (h) => [
    h.locked('register lock', () => registerLock, [
      h.step('read SMMUEN', {
        fn: 'trap: CR0.SMMUEN',
        source,
        run: () => [true, false].map((bit) => next().local({ smmuen: bit })),
      }),
      ...(hostSmmuen
        ? [
            h.step('note SMMUEN', {
              doc: 'the host sees what it wrote',
              fn: 'trap: CR0.SMMUEN',
              source,
              writes: () => ({ hostSmmuen }),
              run: (_, f) => next({ hostSmmuen: f.smmuen }),
            }),
          ]
        : []),
      h.step('force SMMUEN', {
        fn: 'trap: CR0.SMMUEN',
        source,
        guards: [
          {
            id: 'SMMUEN-stays-set',
            doc: 'the real SMMU never stops to translate',
            source,
            test: (_, f) => f.smmuen,
            else: next().local({ smmuen: true }),
          },
        ],
      }),
      h.step('read EVTQEN', {
        fn: 'trap: CR0.EVENTQEN',
        source,
        run: () => [true, false].map((bit) => next().local({ evtqen: bit })),
      }),
      h.step('check EVTQEN', {
        fn: 'trap: CR0.EVENTQEN',
        source,
        reads: () => ({ evtq }),
        guards: [
          {
            id: 'EVTQ-base-is-set',
            doc: 'no events go to a queue that has no memory of its own',
            source,
            test: (s, f) => !f.evtqen || s.evtq.base !== null,
            else: next().local({ evtqen: false }),
          },
        ],
      }),
      h.step('write CR0', {
        fn: 'writel(CR0)',
        source,
        writes: () => ({ smmuen, evtq }),
        run: (s, f) => next({ smmuen: f.smmuen, evtq: s.evtq.set('enabled', f.evtqen) }),
      }),
    ]),
  ], { fn: 'trap: CR0', source }); // prettier-ignore

  const writeGbpa = handler('write GBPA', { abort: bool }, (h) => [
    h.locked('register lock', () => registerLock, [
      h.step('read ABORT', {
        fn: 'trap: GBPA.ABORT',
        source,
        run: () => [true, false].map((bit) => next().local({ abort: bit })),
      }),
      h.step('force ABORT', {
        fn: 'trap: GBPA.ABORT',
        source,
        guards: [
          {
            id: 'ABORT-stays-set',
            doc: 'a stopped SMMU lets nothing pass',
            source,
            test: (_, f) => f.abort,
            else: next().local({ abort: true }),
          },
        ],
      }),
      h.step('write GBPA', {
        fn: 'writel(GBPA)',
        source,
        writes: () => ({ abort }),
        run: (_, f) => next({ abort: f.abort }),
      }),
    ]),
  ], { fn: 'trap: GBPA', source }); // prettier-ignore

  const writeEvtqBase = handler('write EVTQ_BASE', { page }, (h) => [
    h.locked('host_mmu.lock', () => hostLock, [
      h.step('read base', {
        doc: 'any page: it is the host’s to name',
        fn: 'trap: EVTQ_BASE',
        source,
        run: () => page.values.map((p) => next().local({ page: p })),
      }),
      h.locked('register lock', () => registerLock, [
        h.step('look at EVTQ', {
          fn: 'trap: EVTQ_BASE',
          source,
          reads: () => ({ evtq }),
          guards: [
            {
              id: 'EVTQ-is-not-set',
              doc: 'once: what is pinned stays pinned',
              source,
              test: (s) => s.evtq.base === null,
              else: fail('EBUSY'),
            },
          ],
        }),
        ...(evtqUnchecked ? [] : [
        h.step('check page state', {
          fn: '__pkvm_host_share_hyp',
          source,
          reads: (f) => ({ own: ownership(f.page) }),
          guards: [
            {
              id: 'host-owns-page',
              doc: 'the SMMU writes only into what the host could write itself',
              source,
              test: ({ own }) => own.host === 'OWNED',
              else: fail('EPERM'),
            },
          ],
        }),
        h.step('share page', {
          doc: 'from here on no donation takes it',
          fn: '__pkvm_host_share_hyp',
          source,
          writes: (f) => ({ own: ownership(f.page) }),
          run: ({ own }) => next({ own: own.merge({ host: 'SHARED_OWNED', hyp: 'SHARED_BORROWED' }) }),
        }),
        h.step('pin page', {
          doc: 'from here on the host can’t unshare it; BUG_ON at the top of the count',
          fn: 'hyp_pin_shared_mem: hyp_page_ref_inc',
          source,
          writes: (f) => ({ ref: ref(f.page), panicked }),
          run: (s) => (s.ref === maxRef ? goto('pin page', { panicked: true }) : next({ ref: s.ref + 1 })),
        }),
        ]),
        h.step('write EVTQ_BASE', {
          fn: 'writeq(EVTQ_BASE)',
          source,
          writes: () => ({ evtq }),
          run: (s, f) => next({ evtq: s.evtq.set('base', f.page) }),
        }),
      ]),
    ]),
  ], { fn: 'trap: EVTQ_BASE', source }); // prettier-ignore

  return { smmuen, abort, evtq, hostSmmuen, registerLock, writeCr0, writeGbpa, writeEvtqBase };
}
