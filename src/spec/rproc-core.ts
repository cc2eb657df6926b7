/**
 * The remoteproc core (B12): how Linux boots a remote processor and shuts it down. What the platform's driver does for it
 * are its `ops`: here those of the TEE client (B13). The hook release_fw is the series' own.
 */
import {
  done,
  enumOf,
  fail,
  fragment,
  handler,
  next,
  range,
  rule,
  type Body,
  type Builder,
  type Handler,
  type IndexSort,
  type Node,
  type Result,
  type Var,
} from '../language/index.js';
import { Signed, type Rproc } from './remote-processor.js';
import type { ClientOps } from './remoteproc-tee.js';

const core = 'drivers/remoteproc/remoteproc_core.c (B12)';
const sysfs = 'drivers/remoteproc/remoteproc_sysfs.c (B12)';

export const RprocState = enumOf('OFFLINE', 'RUNNING', 'CRASHED', 'DELETED');
export const Subdevices = enumOf('down', 'prepared', 'up');

/** What may go wrong, and who is at work. */
export interface RprocDesign {
  /** Steps that may fail for reasons of their own do so: memory, file system, subdevices. */
  readonly faults: boolean;
  /** Where ops->stop fails, the subdevices are started again: not upstream (W-64). */
  readonly restartsSubdevices: boolean;
}

export type RprocVariables = ReturnType<typeof rprocVariables>;

/** Declares `struct rproc`, one for each processor, and the firmware files. */
export function rprocVariables(m: Builder, { rproc }: { rproc: IndexSort<'rproc'> }) {
  const state = m.family('rproc->state', [rproc], RprocState, 'OFFLINE');
  /** Two boots and more are alike. */
  const power = m.family('rproc->power', [rproc], range(0, 2), 0);
  const subdevices = m.family('subdevices', [rproc], Subdevices, 'down');
  const firmware = m.family('firmware file', [rproc], Signed, 'A');
  const lock = m.locks('rproc->lock', rproc, (r) => ({
    kind: 'interruptible',
    protects: [power(r), subdevices(r), firmware(r)],
  }));
  m.explain(state, 'what Linux believes of the processor (rproc->state)');
  m.explain(power, 'rproc->power: how many boots are in force; 2 stands for more');
  m.explain(subdevices, 'how far the subdevices of the processor (virtio, say) have come up');
  m.explain(firmware, 'the signed image that the name of the firmware leads to now');
  m.explain(
    lock,
    'rproc->lock: serialises boot, shutdown and recovery of this processor; a signal interrupts who waits for it',
  );
  m.event('running', { rproc, image: Signed });
  m.event('booted already', { rproc });
  return { rproc, state, power, subdevices, firmware, lock };
}

export type RprocCore = ReturnType<typeof rprocCore>;

/** The core's functions, for a task to which a signal may come at any time. Without `signal`: for one that gets none. */
export function rprocCore(
  variables: RprocVariables,
  ops: ClientOps,
  { faults, restartsSubdevices }: RprocDesign,
  signal?: Var<boolean>,
) {
  const { state, power, subdevices, firmware, lock } = variables;
  const { rproc } = variables;
  const interruptible = signal ? { pending: () => signal } : {};
  const orFails = <R extends Result>(passes: R, errno: string): (R | Result<object, object>)[] =>
    faults ? [passes, fail<object>(errno)] : [passes];
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });
  const image = (f: { rproc: Rproc; image: 'A' | 'B' }) => ({ rproc: f.rproc, image: f.image });

  const requestFirmware = fragment('request_firmware', { rproc, image: Signed }, (h) => [
    h.step('request_firmware', {
      doc: 'reads the file that is there now; sleeps, and may fail',
      fn: 'request_firmware',
      source: core,
      sleeps: true,
      reads: (f) => ({ firmware: firmware(f.rproc) }),
      run: (s) => orFails(next().local({ image: s.firmware }), 'ENOENT'),
    }),
  ], (f) => f.image); // prettier-ignore

  const subdevicesAre = (to: 'down' | 'prepared' | 'up', fn: string, mayFail = false) =>
    fragment(fn, { rproc }, (h) => [
      h.step(fn, {
        fn,
        source: core,
        writes: (f) => ({ subdevices: subdevices(f.rproc) }),
        run: () => orFails(next({ subdevices: to }), 'EIO').slice(0, mayFail ? 2 : 1),
      }),
    ]);
  const prepare = subdevicesAre('prepared', 'rproc_prepare_subdevices', true);
  const up = subdevicesAre('up', 'rproc_start_subdevices', true);
  const upAgain = subdevicesAre('up', 'rproc_start_subdevices');
  const stopped = subdevicesAre('prepared', 'rproc_stop_subdevices');
  const unprepare = subdevicesAre('down', 'rproc_unprepare_subdevices');

  const start = fragment('rproc_start', { rproc, image: Signed }, (h) => [
    h.call(ops.load, image, { as: 'rproc_load_segments' }),
    h.call(ops.findLoadedRscTable, same, { as: 'rproc_find_loaded_rsc_table' }),
    h.call(prepare, same),
    h.onFail('unprepare_subdevices', [
      h.call(ops.start, same, { as: 'ops->start' }),
      h.onFail('stop_rproc', [
        h.call(up, same),
      ], [
        h.attempt('ignored', [h.call(ops.stop, same, { as: 'ops->stop' })]),
      ]),
    ], [h.call(unprepare, same)]),
    h.step('state := RUNNING', {
      fn: 'rproc_start',
      source: core,
      writes: (f) => ({ state: state(f.rproc) }),
      run: (_, f) => next({ state: 'RUNNING' as const }).emit('running', { rproc: f.rproc, image: f.image }),
    }),
  ]); // prettier-ignore

  const fwBoot = fragment('rproc_fw_boot', { rproc, image: Signed }, (h) => [
    h.call(ops.parseFw, image, { as: 'rproc_parse_fw' }),
    h.step('rproc_handle_resources', {
      doc: 'carveouts, virtio devices, mailboxes',
      fn: 'rproc_handle_resources',
      source: core,
      run: () => orFails(next(), 'ENOMEM'),
    }),
    h.call(start, image),
  ]);

  const boot = fragment('rproc_boot', { rproc, image: Signed }, (h) => [
    h.locked('rproc->lock', (f) => lock(f.rproc), [
      h.step('power++', {
        fn: 'rproc_boot',
        source: core,
        reads: (f) => ({ state: state(f.rproc) }),
        writes: (f) => ({ power: power(f.rproc) }),
        guards: [
          {
            id: 'is-not-DELETED',
            doc: 'a processor that is going away is not booted',
            source: core,
            test: (s) => s.state !== 'DELETED',
            else: fail('ENODEV'),
          },
        ],
        run: (s, f) =>
          s.power > 0 ? done('0', { power: 2 }).emit('booted already', { rproc: f.rproc }) : next({ power: 1 }),
      }),
      h.onFail('downref_rproc', [
        h.call(requestFirmware, same, { into: (image) => ({ image }) }),
        h.onFail('fw_boot failed', [
          h.call(fwBoot, image),
        ], [h.call(ops.releaseFw, same, { as: 'rproc_release_fw' })]),
      ], [
        h.step('power--', {
          fn: 'rproc_boot',
          source: core,
          writes: (f) => ({ power: power(f.rproc) }),
          run: (s) => next({ power: Math.max(0, s.power - 1) }),
        }),
      ]),
    ], interruptible),
  ]); // prettier-ignore

  /** With the lock held. The subdevices of a processor that has crashed stay down, whatever the design. */
  const stopOf = (restarts: boolean) =>
    fragment('rproc_stop', { rproc }, (h) => {
      const opsStop = h.call(ops.stop, same, { as: 'ops->stop' });
      return [
        h.call(stopped, same),
        restarts ? h.onFail('stop failed', [opsStop], [h.call(upAgain, same)]) : opsStop,
        h.call(unprepare, same),
        h.step('state := OFFLINE', {
          fn: 'rproc_stop',
          source: core,
          writes: (f) => ({ state: state(f.rproc) }),
          run: () => next({ state: 'OFFLINE' as const }),
        }),
      ];
    });

  const shutdown = fragment('rproc_shutdown', { rproc }, (h) => [
    h.locked('rproc->lock', (f) => lock(f.rproc), [
      h.step('power--', {
        fn: 'rproc_shutdown',
        source: core,
        reads: (f) => ({ state: state(f.rproc) }),
        writes: (f) => ({ power: power(f.rproc) }),
        guards: [
          {
            id: 'is-RUNNING',
            doc: 'only what runs is shut down: not what has crashed',
            source: core,
            test: (s) => s.state === 'RUNNING',
            else: fail('EINVAL'),
          },
        ],
        run: (s) => (s.power > 1 ? done('0', { power: s.power - 1 }) : next({ power: 0 })),
      }),
      h.onFail('stop failed', [
        h.call(stopOf(restartsSubdevices), same),
      ], [
        h.step('power++', {
          fn: 'rproc_shutdown',
          source: core,
          writes: (f) => ({ power: power(f.rproc) }),
          run: (s) => next({ power: Math.min(2, s.power + 1) }),
        }),
      ]),
      h.call(ops.releaseFw, same, { as: 'rproc_release_fw' }),
    ], interruptible),
  ]); // prettier-ignore

  return {
    boot,
    start,
    stop: stopOf(false),
    shutdown,
    requestFirmware,
    releaseFw: ops.releaseFw,
    interruptible,
    variables,
  };
}

/** Puts what a store does between what opens and closes the file. */
export type OpenFile = (h: Body<{ rproc: IndexSort<'rproc'> }>, store: Node[]) => Node[];

/** What root does with /sys/class/remoteproc/remoteprocN. */
export function rprocSysfs(
  { boot, shutdown, interruptible, variables }: RprocCore,
  open: OpenFile = (_, store) => store,
) {
  const { rproc, state, firmware, lock } = variables;
  const whichever = () => rproc.values.map((r) => next().local({ rproc: r }));

  const start: Handler = handler('start', { rproc }, (h) => [
    h.step('state_store: start', { fn: 'state_store', source: sysfs, run: whichever }),
    ...open(h, [
      h.step('is it running', {
        doc: 'without the lock',
        fn: 'state_store',
        source: sysfs,
        reads: (f) => ({ state: state(f.rproc) }),
        guards: [
          {
            id: 'is-not-RUNNING',
            doc: 'what runs is not booted again',
            source: sysfs,
            test: (s) => s.state !== 'RUNNING',
            else: fail('EBUSY'),
          },
        ],
      }),
      h.call(boot, (f) => ({ rproc: f.rproc })),
    ]),
  ]);

  const stop: Handler = handler('stop', { rproc }, (h) => [
    h.step('state_store: stop', { fn: 'state_store', source: sysfs, run: whichever }),
    ...open(h, [h.call(shutdown, (f) => ({ rproc: f.rproc }))]),
  ]);

  const setFirmware: Handler = handler('firmware', { rproc }, (h) => [
    h.step('firmware_store', { fn: 'firmware_store', source: sysfs, run: whichever }),
    ...open(h, [h.locked('rproc->lock', (f) => lock(f.rproc), [
      h.step('rproc_set_firmware', {
        fn: 'rproc_set_firmware',
        source: core,
        reads: (f) => ({ state: state(f.rproc) }),
        writes: (f) => ({ firmware: firmware(f.rproc) }),
        guards: [
          {
            id: 'is-OFFLINE',
            doc: 'not while an image is in use',
            source: core,
            test: (s) => s.state === 'OFFLINE',
            else: fail('EBUSY'),
          },
        ],
        run: () => Signed.values.map((to) => next({ firmware: to })),
      }),
    ], interruptible)]),
  ]); // prettier-ignore

  return { start, stop, setFirmware };
}

/** The firmware file is replaced at any time, by an update of the system. */
export function replacedFiles(m: Builder, { rproc, firmware }: RprocVariables): void {
  const replace = (r: Rproc) =>
    rule(`replace firmware of ${rproc.print(r)}`, {
      fair: 'none',
      writes: () => ({ firmware: firmware(r) }),
      run: (s) => next({ firmware: s.firmware === 'A' ? ('B' as const) : ('A' as const) }),
    });
  m.hardware('disk', rproc.values.map(replace));
}
