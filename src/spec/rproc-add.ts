/**
 * A remote processor comes and goes (B12): rproc_alloc, rproc_add, rproc_del, rproc_free. rproc_add makes its sysfs files;
 * rproc_del removes them, and waits until no store is in flight, as kernfs does. With `autoBoot` a worker boots it.
 */
import {
  block,
  bool,
  done,
  enumOf,
  fail,
  fragment,
  goto,
  handler,
  next,
  type Builder,
  type Handler,
} from '../language/index.js';
import type { CrashWork } from './crash-work.js';
import type { Rproc } from './remote-processor.js';
import type { OpenFile, RprocCore, RprocVariables } from './rproc-core.js';

const source = 'drivers/remoteproc/remoteproc_core.c (B12)';

export const AutoBoot = enumOf('NONE', 'QUEUED', 'RUNNING');

export interface RprocAddDesign {
  /** The device tree asks for it: rproc_add has a worker boot the processor. */
  readonly autoBoot: boolean;
  readonly faults: boolean;
  /** rproc_del stops the processor and marks it DELETED under one lock. Not upstream. */
  readonly delIsAtomic: boolean;
}

export type RprocLife = ReturnType<typeof rprocLife>;
export type RprocAdd = ReturnType<typeof rprocAdd>;

/** Declares what is there of a processor besides its state. `crash`: it may crash. */
export function rprocLife(
  m: Builder,
  { rproc }: Pick<RprocVariables, 'rproc'>,
  design: RprocAddDesign,
  crash?: CrashWork,
) {
  const alive = m.family('struct rproc', [rproc], bool, false);
  const files = m.family('sysfs files', [rproc], bool, false);
  const active = m.locks('kn->active', rproc, () => ({ kind: 'rwsem' }));
  const work = m.family('auto boot', [rproc], AutoBoot, 'NONE');
  m.explain(alive, 'struct rproc is allocated, and not yet freed');
  m.explain(files, 'the processor’s files in sysfs are there');
  m.explain(active, 'held shared by each access to these files that is under way; removing them waits for all');
  m.explain(work, 'the kernel worker that boots the processor after it was added: none, queued, or at it');
  m.event('rproc freed', { rproc });
  return { rproc, alive, files, active, work, crash, design };
}

/** A store to a sysfs file, while the file is there. */
export const whileFileIsThere =
  ({ files, active }: RprocLife): OpenFile =>
  (h, store) => [
    h.locked('kn->active', (f) => active(f.rproc), [
      h.step('open', {
        fn: 'kernfs_get_active',
        source: 'fs/kernfs/file.c',
        reads: (f) => ({ files: files(f.rproc) }),
        guards: [
          { id: 'file-is-there', doc: 'removed files are not written', source, test: (s) => s.files, else: fail('ENODEV') },
        ],
      }),
      ...store,
    ], { shared: true }),
  ]; // prettier-ignore

/** The functions, for a task whose calls of the core are those of `core`. */
export function rprocAdd(life: RprocLife, core: RprocCore) {
  const { rproc, alive, files, active, work, crash, design } = life;
  const { autoBoot, faults, delIsAtomic } = design;
  const { state, power, subdevices, lock } = core.variables;
  const same = (f: { rproc: Rproc }) => ({ rproc: f.rproc });

  const alloc = fragment('rproc_alloc', { rproc }, (h) => [
    h.step('rproc_alloc', {
      doc: 'here there is one struct rproc for each processor: a worker that still has the old one is waited for',
      fn: 'rproc_alloc',
      source,
      waits: true,
      atomic: 'nobody else knows it yet',
      reads: (f) => ({
        work: work(f.rproc),
        ...(crash && { pending: crash.pending(f.rproc), running: crash.running(f.rproc) }),
      }),
      writes: (f) => ({ alive: alive(f.rproc), state: state(f.rproc), power: power(f.rproc), subdevices: subdevices(f.rproc) }),
      run: (s) => {
        if (s.work !== 'NONE' || (crash && (s.pending || s.running))) return block;
        const fresh = next({ alive: true, state: 'OFFLINE' as const, power: 0, subdevices: 'down' as const });
        return faults ? [fresh, fail('ENOMEM')] : fresh;
      },
    }),
  ]); // prettier-ignore

  const add = fragment('rproc_add', { rproc }, (h) => [
    h.step('device_add', {
      doc: 'the sysfs files are there',
      fn: 'rproc_add: device_add',
      source,
      sleeps: true,
      writes: (f) => ({ files: files(f.rproc) }),
      run: () => (faults ? [next({ files: true }), fail('ENOMEM')] : next({ files: true })),
    }),
    ...(autoBoot
      ? [
          h.step('rproc_trigger_auto_boot', {
            doc: 'a worker will boot it',
            fn: 'request_firmware_nowait',
            source,
            writes: (f) => ({ work: work(f.rproc) }),
            run: () => next({ work: 'QUEUED' as const }),
          }),
        ]
      : []),
  ]);

  const deleted = { fn: 'rproc_del', source };
  const del = fragment('rproc_del', { rproc }, (h) => {
    const mark = h.step('state := DELETED', {
      ...deleted,
      writes: (f) => ({ state: state(f.rproc) }),
      run: () => next({ state: 'DELETED' as const }),
    });
    const stop = [
      h.step('does it run', {
        fn: 'rproc_del',
        source: 'not upstream: a boot between rproc_shutdown and rproc_del',
        reads: (f) => ({ state: state(f.rproc) }),
        run: (s) => (s.state === 'RUNNING' || s.state === 'CRASHED' ? next() : goto('state := DELETED')),
      }),
      h.attempt('stop', [h.call(core.stop, same)]),
      h.step('power := 0', {
        fn: 'rproc_del',
        source: 'not upstream',
        writes: (f) => ({ power: power(f.rproc) }),
        run: () => next({ power: 0 }),
      }),
      h.call(core.releaseFw, same, { as: 'rproc_release_fw' }),
    ];
    return [
      ...(autoBoot && !delIsAtomic ? [h.attempt('ret is ignored', [h.call(core.shutdown, same)])] : []),
      h.locked('rproc->lock', (f) => lock(f.rproc), [...(delIsAtomic ? stop : []), mark]),
      h.locked('kn->active', (f) => active(f.rproc), [
        h.step('device_del', {
          doc: 'the files go, when no store is in flight',
          fn: 'kernfs_drain',
          source: 'fs/kernfs/dir.c',
          writes: (f) => ({ files: files(f.rproc) }),
          run: () => next({ files: false }),
        }),
      ]),
    ];
  });

  const free = fragment('rproc_free', { rproc }, (h) => [
    h.step('rproc_free', {
      doc: 'gives up the driver’s reference',
      fn: 'rproc_free',
      source,
      writes: (f) => ({ alive: alive(f.rproc) }),
      run: (_, f) => next({ alive: false }).emit('rproc freed', { rproc: f.rproc }),
    }),
  ]);

  return { alloc, add, del, free, core };
}

/** The worker that rproc_add starts. */
export function autoBootWorker({ rproc, work }: RprocLife, { boot }: RprocCore): Handler {
  return handler('rproc_auto_boot_callback', { rproc }, (h) => [
    h.step('which', {
      fair: 'weak',
      fn: 'request_firmware_work_func',
      source: 'drivers/base/firmware_loader/main.c',
      waits: true,
      atomic: 'there is one work item for each processor',
      writes: () => ({ work }),
      run: (s) =>
        rproc.values
          .filter((r) => s.work.at(r) === 'QUEUED')
          .map((r) => next({ work: s.work.set(r, 'RUNNING') }).local({ rproc: r })),
    }),
    h.attempt('ret is ignored', [h.call(boot, (f) => ({ rproc: f.rproc }))]),
    h.step('put_device', {
      fn: 'request_firmware_work_func',
      source: 'drivers/base/firmware_loader/main.c',
      writes: (f) => ({ work: work(f.rproc) }),
      run: () => done('', { work: 'NONE' as const }),
    }),
  ]);
}
