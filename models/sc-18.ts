/** SC-18 */
import { flag, model, type Builder, type ScopeOf } from '../src/index.js';
import {
  backendsRemoveTheirOwn,
  canRunTheCurrentImage,
  contextsBelongToDevices,
  freedOnce,
  linuxAndTheTaAgree,
  locksAreOrdered,
  nothingClosedIsUsed,
  oneContextForEachDevice,
  oneSessionForEachEntry,
  powerCountsRunning,
  unbindCompletes,
} from '../src/invariants/index.js';
import { opteeBackend, remoteprocWithTee, type Backends, type ClientVersion } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  shell: flag(true, 'a task that starts and stops the processor by sysfs'),
  platform: flag(false, 'a task that unbinds and binds the platform device'),
  tee: flag(false, 'with two backends: a task that unbinds and binds the TEE device'),
  sameType: flag(false, 'the second device belongs to the same OP-TEE, under another UUID'),
  faults: flag(false, 'what may fail does'),
  signals: flag(true, 'a signal may come to a task at any time'),
};
type Scope = ScopeOf<typeof scope>;

function check(
  m: Builder,
  system: ReturnType<typeof remoteprocWithTee>,
  tasks: readonly string[],
  perDevice: boolean,
  backends?: Backends,
): void {
  linuxAndTheTaAgree(m, system); // L-7
  nothingClosedIsUsed(m, system); // L-8
  oneSessionForEachEntry(m, system); // L-9
  oneContextForEachDevice(m, system); // L-10
  contextsBelongToDevices(m, system, (d) => system.clients[perDevice ? d : 0], backends); // L-11
  freedOnce(m, system); // L-12
  powerCountsRunning(m, system); // L-13
  locksAreOrdered(m); // P-6
  if (tasks.includes('platform')) canRunTheCurrentImage(m, system, tasks); // V-4
  unbindCompletes(m); // V-5
}

/** Two TEE devices that remoteproc_tee knows. */
function twoDevices(m: Builder, sizes: Scope, version: ClientVersion, perDevice: boolean): void {
  const of: Backends['of'] = (d) => (d === 0 || sizes.sameType ? 'OP-TEE' : 'another TEE');
  const backends: Backends = { of, matches: perDevice ? of : () => 'OP-TEE' };
  const size = { rprocs: 1, teeDevices: 2, contexts: 3, autoBoot: false };
  const system = remoteprocWithTee(m, { version, ...size, ...sizes, perDevice, backends });
  const { device, rproc } = system;
  const tasks: string[] = [];
  const task = (name: string, handlers: Parameters<Builder['process']>[1]): void => {
    m.process(name, handlers);
    tasks.push(name);
  };
  if (sizes.shell) task('shell', [system.sysfs.start, system.sysfs.stop]);
  for (const d of device.values) task(`TEE${d}`, system.teeFor(d).handlers(d));
  if (sizes.platform) task('platform', system.platform.handlers(rproc.of(0)));
  check(m, system, tasks, perDevice, backends);
}

/** One device, and a second OP-TEE backend that finds its name taken. */
function collision(m: Builder, sizes: Scope, ownOnly: boolean): void {
  const size = { rprocs: 1, teeDevices: 1, contexts: 2, autoBoot: false };
  const system = remoteprocWithTee(m, { version: 'repaired', ...size, ...sizes });
  const { device, rproc, devices } = system;
  const tee = system.teeFor(device.of(0));
  const backend = opteeBackend(m, devices, tee, { ownOnly });
  const tasks = ['shell', 'platform', ...(sizes.tee ? ['TEE'] : [])];
  m.process('shell', [system.sysfs.start, system.sysfs.stop]);
  m.process('platform', system.platform.handlers(rproc.of(0)));
  if (sizes.tee) m.process('TEE', tee.handlers(device.of(0)));
  m.process('backend B', backend.handlers);
  check(m, system, tasks, false);
  backendsRemoveTheirOwn(m, backend);
}

export default [
  model({
    name: 'SC-18',
    title: 'two TEE devices, each with a context of its own',
    scope,
    build: (m, sizes) => twoDevices(m, sizes, 'repaired', true),
  }),
  model({
    name: 'SC-18/two-types',
    title: 'two TEE devices and one static context: v19',
    scope,
    build: (m, sizes) => twoDevices(m, sizes, 'v19', false),
  }),
  model({
    name: 'SC-18/v22',
    title: 'two TEE devices and one static context: v22',
    scope,
    build: (m, sizes) => twoDevices(m, sizes, 'v22', false),
  }),
  model({
    name: 'SC-18/refuses',
    title: 'two TEE devices and one static context: the second probe is refused',
    scope,
    build: (m, sizes) => twoDevices(m, sizes, 'repaired', false),
  }),
  model({
    name: 'SC-18/collision',
    title: 'two OP-TEE backends that offer the same UUID',
    scope,
    build: (m, sizes) => collision(m, sizes, false),
  }),
  model({
    name: 'SC-18/own-only',
    title: 'two OP-TEE backends that offer the same UUID, each removing its own devices only',
    scope,
    build: (m, sizes) => collision(m, sizes, true),
  }),
];
export const defects: readonly Defect[] = [];
