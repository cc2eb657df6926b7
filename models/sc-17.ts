/** SC-17 */
import { flag, model, type Builder, type ScopeOf } from '../src/index.js';
import {
  canRunTheCurrentImage,
  contextsBelongToDevices,
  ctxLockAndRprocLockAreOrdered,
  freedOnce,
  linuxAndTheTaAgree,
  locksAreOrdered,
  nothingClosedIsUsed,
  oldImageIsReleased,
  oneContextForEachDevice,
  oneSessionForEachEntry,
  powerCountsRunning,
  runsWhatLinuxMeans,
  unbindCompletes,
} from '../src/invariants/index.js';
import { remoteprocWithTee, type ClientVersion } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  shell: flag(true, 'a task that starts and stops the processor by sysfs'),
  tee: flag(true, 'a task that unbinds and binds the TEE device'),
  platform: flag(true, 'a task that unbinds and binds the platform device'),
  second: flag(false, 'a second processor, whose platform device another task binds and unbinds'),
  images: flag(false, 'the shell also sets the firmware'),
  autoBoot: flag(false, 'a worker boots what rproc_add adds'),
  faults: flag(false, 'what may fail does'),
  signals: flag(true, 'a signal may come to a task at any time'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, sizes: Scope, version: ClientVersion): void {
  const { autoBoot, faults, signals } = sizes;
  const size = { rprocs: sizes.second ? 2 : 1, teeDevices: 1, contexts: 2 };
  const system = remoteprocWithTee(m, { version, ...size, autoBoot, faults, signals });
  const { rproc, device, platform, sysfs } = system;

  const tasks: string[] = [];
  const task = (name: string, handlers: Parameters<Builder['process']>[1]): void => {
    m.process(name, handlers);
    tasks.push(name);
  };
  const { start, stop, setFirmware } = sysfs;
  if (sizes.shell) task('shell', [start, stop, ...(sizes.images ? [setFirmware] : [])]);
  if (sizes.tee) task('TEE', system.teeFor(device.of(0)).handlers(device.of(0)));
  if (sizes.platform) task('platform', platform.handlers(rproc.of(0)));
  if (sizes.second) task('second', platform.handlers(rproc.of(1)));
  if (autoBoot) task('worker', system.worker);
  const text = 'rproc_tee_unregister is called by the driver of the processor only, under its device_lock';
  if (!m.assumed('UNREGISTER', text)) task('another module', [system.otherCaller]);

  const once = 'one task at a time unbinds the TEE device';
  if (!m.assumed('UNBIND', once)) task('another TEE', [system.teeFor(device.of(0)).handlers(device.of(0))[1]]);

  linuxAndTheTaAgree(m, system); // L-7
  nothingClosedIsUsed(m, system); // L-8
  oneSessionForEachEntry(m, system); // L-9
  oneContextForEachDevice(m, system); // L-10
  contextsBelongToDevices(m, system, () => system.client); // L-11
  freedOnce(m, system); // L-12
  powerCountsRunning(m, system); // L-13
  if (sizes.shell || autoBoot) {
    runsWhatLinuxMeans(m, system); // I-11
    oldImageIsReleased(m, system); // P-16
  }
  locksAreOrdered(m); // P-6
  ctxLockAndRprocLockAreOrdered(m); // P-15
  if (sizes.shell && sizes.tee && sizes.platform) canRunTheCurrentImage(m, system, tasks); // V-4
  unbindCompletes(m); // V-5
}

const variant = (name: string, version: ClientVersion) =>
  model({
    name,
    title: `the TEE device and the processor are unbound at any moment: ${version}`,
    scope,
    build: (m, sizes) => declare(m, sizes, version),
  });
export default [
  variant('SC-17', 'v19'),
  variant('SC-17/v18', 'v18'),
  variant('SC-17/v20', 'v20'),
  variant('SC-17/v22', 'v22'),
  variant('SC-17/repaired', 'repaired'),
];
export const defects: readonly Defect[] = [];
