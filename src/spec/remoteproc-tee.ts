/**
 * The client remoteproc_tee (B13): the operations that the remoteproc core calls. Each looks for itself whether the TEE
 * device is still there: the check is per call, and nothing is held between two calls of one boot (SB-7, W-52).
 *
 * The versions differ. v18 has no lock and no check in these calls, and its start takes a call that failed for a success.
 */
import {
  bool,
  done,
  fail,
  fragment,
  next,
  optional,
  type Body,
  type Builder,
  type IndexSort,
  type Node,
  type Var,
} from '../language/index.js';
import { Signed, type Rproc } from './remote-processor.js';
import { TeeResult, type TeeAnswer } from './remoteproc-pta.js';
import type { RprocVariables } from './rproc-core.js';
import type { TeeBus } from './tee-bus.js';

const source = 'drivers/remoteproc/remoteproc_tee.c (B13)';

/** Versions of the series that differ, and one with its findings repaired. */
export type ClientVersion = 'v18' | 'v19' | 'v20' | 'v22' | 'repaired';

export type ClientVariables = ReturnType<typeof clientVariables>;

/** Declares `rproc_tee_ctx`, the one static context of the driver, with the list of what is registered. `of`: one of several. */
export function clientVariables(
  m: Builder,
  rproc: IndexSort<'rproc'>,
  { device, Context }: TeeBus,
  version: ClientVersion,
  of = '',
) {
  const dev = m.variable(`rproc_tee_ctx${of}.dev`, optional(device), null);
  const teeCtx = m.variable(`rproc_tee_ctx${of}.tee_ctx`, Context, null);
  const listed = m.family(`registered${of}`, [rproc], bool, false);
  const trproc = m.family(`trproc${of}`, [rproc], bool, false);
  const dirty = m.family(`needs RELEASE_FW${of}`, [rproc], bool, false);
  const lock = m.lock(`ctx_lock${of}`, {
    kind: version === 'v18' ? 'spin' : 'interruptible',
    protects: [dev, teeCtx, ...listed.all, ...dirty.all],
  });
  m.explain(dev, 'the TEE device that the client driver is bound to; null while there is none, and calls fail');
  m.explain(teeCtx, 'the TEE context of the client driver; null while it has none');
  m.explain(listed, 'the processor has an entry in the client’s list of sessions');
  m.explain(trproc, 'that entry (struct tee_rproc) is allocated, and not yet freed');
  m.explain(dirty, 'the repaired client’s note: LOAD_FW was sent, and no RELEASE_FW has succeeded since');
  m.explain(lock, 'protects the client’s context and its list; a signal interrupts who waits for it, but in v18');
  m.event('LOAD_FW', { rproc, image: Signed });
  return { rproc, device, dev, teeCtx, listed, trproc, dirty, lock, version };
}

export type ClientOps = ReturnType<typeof clientOps>;

/** The operations, for a task to which a signal may come at any time. Without `signal`: for one that gets none. */
export function clientOps(
  { rproc, dev, teeCtx, listed, dirty, lock, version }: ClientVariables,
  { state }: RprocVariables,
  bus: TeeBus,
  signal?: Var<boolean>,
) {
  const { ta, invoke, Context } = bus;
  const locks = version !== 'v18';
  const repaired = version === 'repaired';
  const locals = { rproc, image: Signed, context: Context, answer: TeeResult };
  type H = Body<typeof locals>;
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });
  const into = (answer: TeeAnswer) => ({ answer });

  const devIsSet = {
    id: 'dev-is-set',
    doc: 'the TEE device is bound, at this moment',
    source: `${source} (S1:74)`,
    test: (s: { dev: unknown }) => s.dev !== null,
    else: fail('ENODEV'),
  };
  const isRegistered = {
    id: 'is-registered',
    doc: 'there is a session for this processor',
    source,
    test: (s: { listed: boolean }) => s.listed,
    else: fail('EINVAL'),
  };

  const locked = (h: H, body: Node[], interruptible = true): Node[] =>
    locks ? [h.locked('ctx_lock', () => lock, body, interruptible && signal ? { pending: () => signal } : {})] : body;
  const lookUp = (h: H, fn: string): Node =>
    h.step('look up', {
      fn: `${fn}: rproc_to_trproc`,
      source,
      reads: (f) => ({ dev, teeCtx, listed: listed(f.rproc) }),
      ...(locks ? {} : { atomic: 'v18 looks without a lock' }),
      guards: locks ? [devIsSet, isRegistered] : [isRegistered],
      run: (s) => next().local({ context: s.teeCtx }),
    });
  const result = (h: H, fn: string): Node =>
    h.step('arg.ret', {
      fn,
      source,
      guards: [
        { id: 'is-SUCCESS', doc: 'the TA did it', source, test: (_, f) => f.answer === 'SUCCESS', else: fail('EIO') },
      ],
      run: () => (bus.answersComeBack ? next() : [next(), fail('EIO')]),
    });
  const tee = (h: H): Node => h.call(invoke, (f) => ({ context: f.context }));
  const call = (fn: string, command: (h: H) => Node) =>
    fragment(fn, locals, (h) => locked(h, [lookUp(h, fn), tee(h), command(h), result(h, fn)]));

  const isDirty = (h: H, to: boolean): Node[] =>
    repaired
      ? [
          h.step(`needs RELEASE_FW := ${to}`, {
            source: 'not upstream: SB-5, SB-6',
            writes: (f) => ({ dirty: dirty(f.rproc) }),
            run: () => next({ dirty: to }),
          }),
        ]
      : [];
  const load = fragment('rproc_tee_load_fw', locals, (h) =>
    locked(h, [
      lookUp(h, 'rproc_tee_load_fw'),
      h.step('tee_shm_register_kernel_buf', {
        doc: 'the firmware becomes memory shared with the TEE',
        fn: 'rproc_tee_load_fw: tee_shm_register_kernel_buf',
        source,
        run: (_, f) => {
          const load = next().emit('LOAD_FW', { rproc: f.rproc, image: f.image });
          return bus.faults ? [load, fail('ENOMEM')] : load;
        },
      }),
      ...isDirty(h, true),
      tee(h),
      h.call(ta.load, (f) => ({ rproc: f.rproc, image: f.image }), { into }),
      result(h, 'rproc_tee_load_fw'),
    ]),
  );
  const getLoadedRscTable = call('rproc_tee_get_loaded_rsc_table', (h) => h.call(ta.getRscTable, same, { into }));
  const stop = call('rproc_tee_stop', (h) => h.call(ta.stop, same, { into }));
  const startCommand = (h: H): Node => h.call(ta.start, same, { into });
  const start = locks
    ? call('rproc_tee_start', startCommand)
    : fragment('rproc_tee_start', locals, (h) => [
        lookUp(h, 'rproc_tee_start'),
        h.attempt('ret < 0 is ignored', [tee(h), startCommand(h), result(h, 'rproc_tee_start')]),
      ]);

  const release = fragment('rproc_tee_release_fw', locals, (h) => [
    h.attempt('void', locked(h, [
      lookUp(h, 'rproc_tee_release_fw'),
      h.step('is it OFFLINE', {
        fn: 'rproc_tee_release_fw',
        source,
        reads: (f) => ({ state: state(f.rproc) }),
        guards: [
          {
            id: 'is-OFFLINE',
            doc: 'the memory of a running processor is left alone: else a line in the log, and no more',
            source,
            test: (s) => s.state === 'OFFLINE' || s.state === 'DELETED',
            else: fail('ignored'),
          },
        ],
      }),
      tee(h),
      h.call(ta.release, same, { into }),
      result(h, 'rproc_tee_release_fw'),
      ...isDirty(h, false),
    ], !repaired)),
  ]); // prettier-ignore

  /** Nothing of an earlier image may be left, whatever failed then: LOAD_FW would be ignored. */
  const startClean = fragment('start clean', locals, (h) => [
    ...locked(h, [
      h.step('is it clean', {
        source: 'not upstream: SB-5, SB-6',
        reads: (f) => ({ dirty: dirty(f.rproc) }),
        run: (s) => (s.dirty ? next() : done()),
      }),
    ]),
    h.attempt('STOP', [h.call(stop, same)]),
    ...locked(h, [
      lookUp(h, 'rproc_tee_release_fw'),
      tee(h),
      h.call(ta.release, same, { into }),
      result(h, 'rproc_tee_release_fw'),
      ...isDirty(h, false),
    ]),
  ]); // prettier-ignore

  const parseFw = fragment('rproc_tee_parse_fw', locals, (h) => [
    ...(repaired ? [h.call(startClean, same)] : []),
    h.call(load, (f) => ({ rproc: f.rproc, image: f.image })),
    h.onFail('release_fw', [
      h.call(getLoadedRscTable, same),
    ], [h.call(release, same)]),
  ]); // prettier-ignore

  const findLoadedRscTable = fragment('rproc_tee_find_loaded_rsc_table', locals, (h) => [
    h.attempt('NULL where it fails', [h.call(getLoadedRscTable, same)]),
  ]);

  return { parseFw, load, findLoadedRscTable, start, stop, releaseFw: release };
}
