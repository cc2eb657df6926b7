/**
 * Crash recovery in the remoteproc core (B12): a worker of the kernel stops the crashed processor and boots it again. The
 * lock is free between the two halves (W-62), and the firmware is read from the file system between stop and start (W-63).
 */
import {
  block,
  done,
  fragment,
  handler,
  next,
  type Body,
  type Family,
  type Handler,
  type Node,
} from '../language/index.js';
import { Signed, type Rproc } from './remote-processor.js';
import type { OpenFile, RprocCore } from './rproc-core.js';

const core = 'drivers/remoteproc/remoteproc_core.c (B12)';

/** What happens when a processor crashes. */
export interface RecoveryDesign {
  /** The crash handler recovers at once; else root has to ask for it. */
  readonly enabled: boolean;
  /** A recovery that fails behind the stop gives back what the boot took: not upstream (W-63). */
  readonly undoes: boolean;
}

type Flags = Family<readonly [Rproc] & readonly number[], boolean>;

/**
 * `worker`: the core's functions for a task without signals. `root`: those for one that may get one. `running` says to others
 * that the work runs, and `open` is around what root does, where the processor may go away.
 */
export function rprocRecovery(
  worker: RprocCore,
  root: RprocCore,
  { pending, running }: { readonly pending: Flags; readonly running?: Flags },
  { enabled, undoes }: RecoveryDesign,
  open: OpenFile = (_, store) => store,
) {
  const { rproc, state, power, lock } = worker.variables;
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });

  const triggerRecovery = ({ start, stop, requestFirmware, releaseFw, interruptible }: RprocCore) =>
    fragment('rproc_trigger_recovery', { rproc, image: Signed }, (h) => [
      h.locked('rproc->lock', (f) => lock(f.rproc), [
        h.step('is it still CRASHED', {
          fn: 'rproc_trigger_recovery',
          source: core,
          reads: (f) => ({ state: state(f.rproc) }),
          guards: [
            {
              id: 'is-CRASHED',
              doc: 'somebody else may have recovered it, or shut it down, before the lock was taken',
              source: core,
              test: (s) => s.state === 'CRASHED',
              else: done('0'),
            },
          ],
        }),
        h.call(stop, same),
        h.onFail('recovery failed', [
          h.call(requestFirmware, same, { into: (image) => ({ image }) }),
          h.onFail('start failed', [
            h.call(start, (f) => ({ rproc: f.rproc, image: f.image })),
          ], [h.call(releaseFw, same, { as: 'rproc_release_fw' })]),
        ], undoes ? [
          h.step('power := 0', {
            doc: 'who boots it next finds it as a shutdown would have left it',
            source: 'not upstream: W-63',
            writes: (f) => ({ power: power(f.rproc) }),
            run: () => next({ power: 0 }),
          }),
        ] : []),
      ], interruptible),
    ]); // prettier-ignore

  const work = (h: Body<{ rproc: typeof rproc }>): Node[] => [
    h.locked('rproc->lock', (f) => lock(f.rproc), [
      h.step('state := CRASHED', {
        fn: 'rproc_crash_handler_work',
        source: core,
        writes: (f) => ({ state: state(f.rproc) }),
        guards: [
          {
            id: 'is-not-CRASHED',
            doc: 'a crash of a crashed processor is none',
            source: core,
            test: (s) => s.state !== 'CRASHED',
            else: done('0'),
          },
          {
            id: 'is-not-OFFLINE',
            doc: 'it was stopped meanwhile',
            source: core,
            test: (s) => s.state !== 'OFFLINE',
            else: done('0'),
          },
        ],
        run: () => next({ state: 'CRASHED' as const }),
      }),
    ]),
    ...(enabled ? [h.call(triggerRecovery(worker), same)] : []),
  ];

  const crashHandler: Handler = handler('rproc_crash_handler_work', { rproc }, (h) => [
    h.step('interrupt', {
      fair: 'weak',
      waits: true,
      atomic: 'there is one work item for each processor',
      fn: 'rproc_report_crash',
      source: core,
      writes: () => ({ pending, ...(running && { running }) }),
      run: (s) => {
        const crashed = rproc.values.filter((r) => s.pending.at(r));
        const take = (r: Rproc) =>
          next({ pending: s.pending.set(r, false), ...(running && { running: s.running!.set(r, true) }) });
        return crashed.length === 0 ? block : crashed.map((r) => take(r).local({ rproc: r }));
      },
    }),
    ...(running
      ? [
          h.finally('the work is done', work(h), [
            h.step('runs no more', {
              fn: 'process_one_work',
              source: 'kernel/workqueue.c',
              writes: (f) => ({ running: running(f.rproc) }),
              run: () => next({ running: false }),
            }),
          ]),
        ]
      : work(h)),
  ], { fn: 'rproc_crash_handler_work', source: core }); // prettier-ignore

  const recover: Handler = handler('recover', { rproc }, (h) => [
    h.step('rproc_recovery_write: recover', {
      doc: 'root asks for a recovery, in debugfs',
      fn: 'rproc_recovery_write',
      source: 'drivers/remoteproc/remoteproc_debugfs.c (B12)',
      run: () => rproc.values.map((r) => next().local({ rproc: r })),
    }),
    ...open(h, [h.call(triggerRecovery(root), same)]),
  ]);

  return { crashHandler, recover };
}
