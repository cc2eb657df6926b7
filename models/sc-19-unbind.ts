/**
 * SC-19, crash recovery while the driver is unbound: "crash while booting/stopping/unbinding" (the brief's SC-19).
 *
 * SC-17's system, with a processor that crashes at any time. Root starts and stops it and asks for recoveries, the crash work
 * recovers it, and another task unbinds and binds its platform device. COMPLIANT mode, B12 to B16. Windows: W-62 and W-63 with
 * rproc_del in between (docs/scenarios/sc-19.md).
 *
 * - SC-19/unbind: v19, and the core as it is. Expected: L-7, L-12-work, L-13, V-4 and `deleted` are violated.
 * - SC-19/unbind-v20, SC-19/unbind-v22: the same with their order of rproc_del, rproc_free and unregister.
 * - SC-19/unbind-repaired: SC-17/repaired, whose remove frees the interrupt, cancels the crash work, and has rproc_del stop what
 *   has crashed. Expected: all hold.
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

const scope = {
  shell: flag(true, 'a task that starts and stops the processor by sysfs, and asks for recoveries'),
  recovery: flag(true, 'the crash handler recovers at once; else root has to ask for it'),
  tee: flag(false, 'a task that unbinds and binds the TEE device'),
  faults: flag(false, 'what may fail does'),
  signals: flag(true, 'a signal may come to a task at any time'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, { shell, recovery, tee, faults, signals }: Scope, version: ClientVersion): void {
  const size = { rprocs: 1, teeDevices: 1, contexts: 2, autoBoot: false };
  const recovers = { recovery: recovery ? 'enabled' : 'disabled' } as const;
  const { crash, crashHandlers, ...system } = remoteprocWithTee(m, { version, ...size, ...recovers, faults, signals });
  const { rproc, device, platform, sysfs } = system;
  if (!crash || !crashHandlers) throw new Error('a processor that can’t crash');

  m.process('platform', platform.handlers(rproc.of(0)));
  m.process('worker', [crashHandlers.crashHandler]);
  if (shell) m.process('shell', [sysfs.start, sysfs.stop, crashHandlers.recover]);
  if (tee) m.process('TEE', system.teeFor(device.of(0)).handlers(device.of(0)));

  linuxAndTheTaAgree(m, system, crash.pending); // L-7
  nothingClosedIsUsed(m, system); // L-8
  oneSessionForEachEntry(m, system); // L-9
  freedOnce(m, system); // L-12
  crashWorkHasItsRproc(m, { ...system, crash }); // L-12-work
  powerCountsRunning(m, system); // L-13
  deletedIsTheEnd(m, system); // deleted
  locksAreOrdered(m); // P-6
  ctxLockAndRprocLockAreOrdered(m); // P-15
  if (shell) canRunTheCurrentImage(m, system, ['platform', 'worker', 'shell', ...(tee ? ['TEE'] : [])]); // V-4
  unbindCompletes(m); // V-5, wedge
}

const expected = (_: Scope): Record<string, Expected> => ({});

const variant = (name: string, title: string, version: ClientVersion) =>
  model({
    name,
    title,
    scope,
    build: (m, sizes) => declare(m, sizes, version),
    expected: (sizes) => (version === 'repaired' ? {} : expected(sizes)),
  });

const title = 'a processor crashes while its driver is unbound';

export default [
  variant('SC-19/unbind', `${title} (v19)`, 'v19'),
  variant('SC-19/unbind-v20', `${title}: v20`, 'v20'),
  variant('SC-19/unbind-v22', `${title}: v22`, 'v22'),
  variant(
    'SC-19/unbind-repaired',
    'the same with a remove that ends the interrupt and the crash work first',
    'repaired',
  ),
];
