/**
 * SC-19, crash recovery while the driver is unbound: "crash while booting/stopping/unbinding" (the brief's SC-19).
 *
 * SC-17's system, with a processor that crashes at any time. Root starts and stops it and asks for recoveries, the crash work
 * recovers it, and another task unbinds and binds its platform device. COMPLIANT mode, B12 to B16. Windows: W-62 and W-63 with
 * rproc_del in between (docs/scenarios/sc-19.md). Nightly: `faults=true`; `shell=false,tee=true`.
 *
 * - SC-19/unbind: v19, and the core as it is. SC-19/unbind-v20, SC-19/unbind-v22: these clients. Expected: see `expected`.
 * - SC-19/unbind-repaired: SC-17/repaired, whose remove frees the interrupt and cancels the crash work before rproc_del, which
 *   stops what has crashed, too. Expected: all hold.
 */
import { flag, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  canRunTheCurrentImage,
  crashWorkHasItsRproc,
  ctxLockAndRprocLockAreOrdered,
  deletedIsTheEnd,
  freedOnce,
  linuxAndTheTaAgree,
  locksAreOrdered,
  nothingClosedIsUsed,
  oneSessionForEachEntry,
  powerCountsRunning,
  unbindCompletes,
} from '../src/invariants/index.js';
import { remoteprocWithTee, type ClientVersion } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  shell: flag(true, 'a task that starts and stops the processor by sysfs, and asks for recoveries'),
  tee: flag(false, 'a task that unbinds and binds the TEE device'),
  recovery: flag(true, 'the crash handler recovers at once; else root has to ask for it'),
  faults: flag(false, 'what may fail does'),
  signals: flag(true, 'a signal may come to a task at any time'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, { shell, tee, recovery, faults, signals }: Scope, version: ClientVersion): void {
  const size = { rprocs: 1, teeDevices: 1, contexts: 2, autoBoot: false };
  const recovers = recovery ? 'enabled' : 'disabled';
  const system = remoteprocWithTee(m, { version, ...size, recovery: recovers, faults, signals });
  const { rproc, device, platform, sysfs } = system;
  const crash = system.crashes!;

  m.process('platform', platform.handlers(rproc.of(0)));
  m.process('worker', [crash.crashHandler]);
  if (shell) m.process('shell', [sysfs.start, sysfs.stop, crash.recover]);
  if (tee) m.process('TEE', system.teeFor(device.of(0)).handlers(device.of(0)));

  linuxAndTheTaAgree(m, system, crash.pending); // L-7
  nothingClosedIsUsed(m, system); // L-8
  oneSessionForEachEntry(m, system); // L-9
  freedOnce(m, system); // L-12
  crashWorkHasItsRproc(m, system, crash); // L-12-work
  powerCountsRunning(m, system); // L-13
  deletedIsTheEnd(m, system); // deleted
  locksAreOrdered(m); // P-6
  ctxLockAndRprocLockAreOrdered(m); // P-15
  if (shell) canRunTheCurrentImage(m, system, ['platform', 'worker', 'shell', ...(tee ? ['TEE'] : [])]); // V-4
  unbindCompletes(m); // V-5, wedge
}

/** SC-17's findings come again where the TEE device is unbound, or something fails; v20 and v22 have some more. */
function expected({ shell, tee, recovery, faults, signals }: Scope, version: ClientVersion): Record<string, Expected> {
  if (version === 'repaired') return {};
  const v20 = version === 'v20';
  const v22 = version === 'v22';
  // Who holds ctx_lock while unregister waits for it, interruptibly.
  const contended = signals && (recovery || (v22 && shell));
  const deadlock = v22 && faults && shell && !signals;
  const is: Readonly<Record<string, boolean>> = {
    'L-7': true,
    'L-8': tee && v22,
    'L-9': contended || (tee && !v20),
    'L-12': v20 || contended || tee,
    'L-12-work': true,
    'L-13': true,
    deleted: true,
    'P-6': v22 && faults,
    'P-15': v22 && faults,
    'V-4': shell,
    'V-5': (tee && !v20) || deadlock,
    wedge: deadlock,
  };
  return Object.fromEntries(Object.entries(is).flatMap(([id, holdsNot]) => (holdsNot ? [[id, 'violated']] : [])));
}

const variant = (name: string, title: string, version: ClientVersion) =>
  model({
    name,
    title,
    scope,
    build: (m, sizes) => declare(m, sizes, version),
    expected: (sizes) => expected(sizes, version),
  });

const title = 'a processor crashes while its driver is unbound';

export default [
  variant('SC-19/unbind', `${title}: v19`, 'v19'),
  variant('SC-19/unbind-v20', `${title}: v20`, 'v20'),
  variant('SC-19/unbind-v22', `${title}: v22`, 'v22'),
  variant('SC-19/unbind-repaired', `${title}, and remove ends the interrupt and the crash work first`, 'repaired'),
];

const repaired = { model: 'SC-19/unbind-repaired', scope: { shell: false }, brief: [] };

export const defects: readonly Defect[] = [
  {
    id: 'W-62',
    what: 'rproc_del comes between CRASHED and the recovery, or after a crash that nobody recovers: the core as published',
    model: 'SC-19/unbind',
    scope: { recovery: false, signals: false },
    edits: [],
    violates: { 'L-7': 18, 'L-12-work': 16, 'L-13': 18, deleted: 20, 'V-4': 8 },
    brief: [],
    note: 'the state is looked at again, as the brief says, but rproc_shutdown refuses what has crashed, and rproc_del goes on',
  },
  {
    id: 'W-62',
    what: 'nobody cancels the crash work',
    ...repaired,
    edits: ['drop */remove/cancel_work_sync/cancel_work_sync'],
    violates: { 'L-12-work': 27, 'L-13': 34, deleted: 22 },
  },
  {
    id: 'W-62',
    what: 'the interrupt stays requested until remove is over',
    ...repaired,
    edits: ['drop */remove/free_irq/free_irq'],
    violates: { 'L-12-work': 27, 'L-13': 34, deleted: 22, 'V-5': 32 },
    note: 'V-5: rproc_alloc waits for the crash work, which comes again and again',
  },
  {
    id: 'W-62',
    what: 'the work is cancelled first, then the interrupt is freed',
    ...repaired,
    edits: [
      'move unbind-platform-device/device_release_driver/device_lock/remove/cancel_work_sync before unbind-platform-device/device_release_driver/device_lock/remove/free_irq',
    ],
    violates: { 'L-12-work': 28, 'L-13': 35, deleted: 23, 'V-5': 32 },
  },
  {
    id: 'W-62',
    what: 'a probe that fails frees the rproc with its crash work queued',
    ...repaired,
    scope: { shell: false, faults: true },
    edits: ['drop */probe/free/cleanup/cancel_work_sync/cancel_work_sync'],
    violates: { 'L-12-work': 31 },
    note: 'what crashes is the processor of an earlier driver, which could not stop it',
  },
  {
    id: 'W-62',
    what: 'rproc_del marks it DELETED under another hold of rproc->lock than it stops it',
    ...repaired,
    scope: { shell: true },
    edits: ['unlock unbind-platform-device/rproc_del/rproc->lock'],
    violates: { 'L-7': 78, 'L-13': 35, deleted: 30 },
  },
];
