/**
 * SC-18, multiple TEEs: "is it possible for probe to be called multiple times if we have other TEE devices exposing the
 * firmware authentication service?" (S1:120-151).
 *
 * Yes, if the devices have two names. Two TEE devices are bound and unbound while root starts and stops a processor that
 * is registered with the first. Two backends of the OP-TEE family can't offer one UUID: the names collide. COMPLIANT mode,
 * B12 to B16. Windows: W-51, W-57, W-61, W-68. Defects: D-50; SB-2, SB-3, SB-4.
 *
 * Default scope: no platform task; v22 without the shell. Nightly: `platform=true`, `faults=true`.
 * - SC-18: each device has a context of its own, opened with its own backend. Expected: all hold.
 * - SC-18/refuses: one static context, the second probe is refused. Expected: all hold.
 * - SC-18/two-types, SC-18/v22: one static context, as published. Expected: L-8 to L-12, with the shell L-7 and L-13.
 * - SC-18/collision: a second OP-TEE backend, as published; the client is the repaired one. Expected: W-68, V-4.
 * - SC-18/own-only: it removes its own devices only. Expected: all hold.
 */
import { flag, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
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

/** Two TEE devices that remoteproc_tee knows. Returns the components, for tests. */
export function twoDevices(m: Builder, sizes: Scope, version: ClientVersion, perDevice: boolean) {
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
  return system;
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

const violated = (...ids: string[]): Readonly<Record<string, Expected>> =>
  Object.fromEntries(ids.map((id) => [id, 'violated' as const]));

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
    expected: ({ shell, signals }) =>
      violated(...(shell ? ['L-7', 'L-13'] : []), 'L-8', 'L-9', 'L-10', 'L-11', ...(signals ? ['L-12'] : [])),
  }),
  model({
    name: 'SC-18/v22',
    title: 'two TEE devices and one static context: v22',
    scope: { ...scope, shell: flag(false, scope.shell.doc) },
    build: (m, sizes) => twoDevices(m, sizes, 'v22', false),
    expected: ({ shell }) => violated(...(shell ? ['L-7', 'L-13'] : []), 'L-8', 'L-9', 'L-10', 'L-11', 'L-12'),
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
    expected: ({ tee }) => violated(...(tee ? ['L-8', 'V-5'] : []), 'V-4', 'W-68'),
  }),
  model({
    name: 'SC-18/own-only',
    title: 'two OP-TEE backends that offer the same UUID, each removing its own devices only',
    scope,
    build: (m, sizes) => collision(m, sizes, true),
  }),
];
export const defects: readonly Defect[] = [
  {
    id: 'D-50',
    what: 'a second probe is not refused',
    model: 'SC-18/refuses',
    scope: { sameType: true },
    edits: ['pass dev-is-NULL'],
    violates: { 'L-8': 28, 'L-9': 8, 'L-10': 31, 'L-11': 7 },
    brief: ['L-11', 'L-9'],
    macro: { here: 1, brief: 1 },
  },
  {
    id: 'SB-2',
    what: 'a second device is probed: v19 as published (W-51)',
    model: 'SC-18/two-types',
    edits: [],
    violates: { 'L-7': 20, 'L-8': 26, 'L-9': 6, 'L-10': 25, 'L-11': 5, 'L-12': 13, 'L-13': 43 },
    brief: ['L-9', 'L-11', 'L-7'],
    macro: { here: 1, brief: 1 },
  },
  {
    id: 'SB-2',
    what: 'the same: v22 as published, with W-61',
    model: 'SC-18/v22',
    scope: { shell: false },
    edits: [],
    violates: { 'L-8': 16, 'L-9': 7, 'L-10': 20, 'L-11': 6, 'L-12': 11 },
    brief: ['L-9', 'L-11', 'L-7'],
    macro: { here: 1, brief: 1 },
    note: 'L-7 needs the shell: 21 steps with shell=true',
  },
  {
    id: 'SB-3',
    what: 'the device of one backend, the context of another',
    model: 'SC-18/refuses',
    edits: ['pass is-of-this-backend'],
    violates: { 'L-11': 27 },
    brief: ['L-11'],
    macro: { here: 2, brief: 1 },
    note: 'the first device must be unbound, or the second probe is refused',
  },
  {
    id: 'SB-4',
    what: 'remove of one device closes the context of the other one: v19 as published',
    model: 'SC-18/two-types',
    scope: { shell: false },
    edits: [],
    violates: { 'L-8': 26, 'L-9': 6, 'L-10': 26, 'L-11': 5, 'L-12': 13 },
    brief: ['L-8', 'L-11'],
    macro: { here: 3, brief: 3 },
  },
  {
    id: 'W-68',
    what: 'a second OP-TEE backend finds the name taken, and removes the devices of the first',
    model: 'SC-18/collision',
    edits: [],
    violates: { 'V-4': 8, 'W-68': 3 },
    brief: ['L-11'],
    note: 'not L-11: the device goes with its context. Nobody can bring the processor up again (V-4)',
  },
];
