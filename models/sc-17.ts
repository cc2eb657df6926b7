/**
 * SC-17, concurrent unbind: "Generalize test on rproc_tee_ctx.dev to prevent an unbind" (S1:74). Does it?
 *
 * Root starts and stops a processor by sysfs, while others unbind and bind the TEE device and the platform device of the
 * processor. A signal may come to any of them at any time. COMPLIANT mode, B12 to B16. Windows: W-50, W-52, W-56, W-57,
 * W-58, W-60. Defects: D-51, D-52, D-53, D-62, D-63, D-64; SB-1, SB-7.
 *
 * Default scope: all three tasks, nothing fails by itself; v22 without the shell, with a worker that boots. Nightly:
 * `faults=true`, `autoBoot=true`, `second=true`.
 * - SC-17: v19, the seed. SC-17/v18, /v20, /v22: the versions before and after it. Expected: see `expected`.
 * - SC-17/repaired. Expected: all hold.
 */
import { flag, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
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

/** Declares the whole scenario. Returns the components, for tests. */
export function declare(m: Builder, sizes: Scope, version: ClientVersion) {
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
  return system;
}

/** Where nothing fails by itself (`faults=false`), and with it where D-64 needs it. */
function expected(sizes: Scope, version: ClientVersion): Readonly<Record<string, Expected>> {
  const { shell, tee, platform, second, images, autoBoot, faults, signals } = sizes;
  if (version === 'repaired') return {};
  const both = tee && platform;
  const either = tee || platform;
  const boots = shell || autoBoot;
  const interruptible = version !== 'v18' && signals;
  const v22 = version === 'v22';
  const interruptedCall = shell && second && interruptible;
  const deadlock = v22 && platform && autoBoot && faults;
  const is: Readonly<Record<string, boolean>> = {
    'L-7': (boots && either) || interruptedCall,
    'L-8': both && (version === 'v18' || v22),
    'L-9': (both && version !== 'v20') || (v22 && boots && either && signals),
    'L-10': (both && interruptible && version !== 'v20') || (v22 && boots && tee && signals),
    'L-11': v22 && signals && tee && (platform || boots),
    'L-12': either && (version === 'v20' || (both && version !== 'v18') || (v22 && boots && signals)),
    'L-13': (boots && either) || interruptedCall,
    'I-11': interruptedCall && images,
    'P-16': interruptedCall && images,
    'P-6': (version === 'v18' && (either || second)) || deadlock,
    'P-15': deadlock,
    'V-4': shell && both,
    'V-5': (both && version !== 'v20') || deadlock,
    wedge: deadlock,
  };
  const broken = Object.entries(is).flatMap(([id, holdsNot]) => (holdsNot ? [id] : []));
  return Object.fromEntries(broken.map((id) => [id, 'violated' as const]));
}

const variant = (name: string, version: ClientVersion) =>
  model({
    name,
    title: `the TEE device and the processor are unbound at any moment: ${version}`,
    // v22 has many more states: its default is without the shell.
    scope:
      version === 'v22'
        ? { ...scope, shell: flag(false, scope.shell.doc), autoBoot: flag(true, scope.autoBoot.doc) }
        : scope,
    build: (m, sizes) => declare(m, sizes, version),
    expected: (sizes) => expected(sizes, version),
  });
export default [
  variant('SC-17', 'v19'),
  variant('SC-17/v18', 'v18'),
  variant('SC-17/v20', 'v20'),
  variant('SC-17/v22', 'v22'),
  variant('SC-17/repaired', 'repaired'),
];
export const defects: readonly Defect[] = [
  {
    id: 'SB-1',
    what: 'a probe whose lock was interrupted does not close the context that it has opened: v19 as published (W-50)',
    model: 'SC-17',
    scope: { shell: false },
    edits: [],
    violates: { 'L-9': 31, 'L-10': 31, 'L-12': 35, 'V-5': 28 },
    brief: ['L-10'],
    macro: { here: 4, brief: 2 },
    note: 'the lock is contended by a register that finds no device: with one TEE device nobody else holds it for long then. First the TEE device must be unbound',
  },
  {
    id: 'D-51',
    what: 'the same in the repaired client: no close where taking the lock fails',
    model: 'SC-17/repaired',
    scope: { shell: false },
    edits: ['drop probe/close/cleanup/tee_client_close_context'],
    violates: { 'L-10': 32 },
    brief: ['L-10'],
    macro: { here: 4, brief: 2 },
    note: 'as SB-1',
  },
  {
    id: 'D-52',
    what: 'no call looks at dev',
    model: 'SC-17',
    scope: { signals: false },
    edits: ['pass */look-up/dev-is-set'],
    violates: { 'L-7': 43, 'L-8': 37, 'L-9': 31, 'L-13': 43, 'V-4': 35, 'V-5': 28 },
    brief: ['L-8'],
    macro: { here: 4, brief: 2 },
    note: 'the link keeps the TEE device bound while anybody calls: it takes W-60 first. All others break in v19 as published',
  },
  {
    id: 'D-53',
    what: 'release_fw returns silently where its lock is interrupted: v19 as published',
    model: 'SC-17',
    scope: { tee: false, platform: false, second: true, images: true },
    edits: [],
    violates: { 'L-7': 25, 'L-13': 48, 'I-11': 57, 'P-16': 33 },
    brief: ['P-16', 'I-11'],
    macro: { here: 4, brief: 4, of: 'I-11' },
  },
  {
    id: 'D-62',
    what: 'unregister without ctx_lock',
    model: 'SC-17/repaired',
    scope: { shell: false },
    deny: ['UNREGISTER'],
    edits: ['unlock */rproc_tee_unregister/ctx_lock'],
    violates: { 'L-8': 12, 'L-9': 6, 'L-12': 13 },
    brief: ['L-12'],
    macro: { here: 2, brief: 2 },
    note: 'the driver core never calls it twice at once: it takes a second caller. L-9 and, without a shell, nothing else break by that caller alone',
  },
  {
    id: 'D-63',
    what: 'remove leaves dev and tee_ctx as they are',
    model: 'SC-17/repaired',
    scope: { shell: false },
    edits: ['drop remove/ctx_lock/dev-:=-NULL,-tee_ctx-:=-NULL'],
    violates: { 'L-8': 22, 'L-9': 38, 'L-11': 16 },
    brief: ['L-8'],
    macro: { here: 3, brief: 2 },
    note: 'what uses the closed context is a register: calls of a bound processor are kept away by the link',
  },
  {
    id: 'D-63',
    what: 'the same in v22, which closes the context outside its lock',
    model: 'SC-17/v22',
    scope: { shell: false, autoBoot: false },
    edits: ['drop remove/ctx_lock/dev-:=-NULL'],
    violates: { 'L-8': 22, 'L-9': 31, 'L-11': 16, 'L-12': 40, 'V-5': 28 },
    brief: ['L-8'],
    macro: { here: 3, brief: 2 },
    note: 'L-8 breaks without the edit, too, after 38 steps',
  },
  {
    id: 'D-64',
    what: 'rproc_add under ctx_lock: v22 as published, where device_link_add may fail (W-58)',
    model: 'SC-17/v22',
    scope: { shell: false, tee: false, autoBoot: true, faults: true },
    edits: [],
    violates: { 'L-7': 45, 'L-9': 43, 'L-12': 36, 'L-13': 68, 'P-6': 30, 'P-15': 30, 'V-5': 28, wedge: 27 },
    brief: ['P-15', 'V-1'],
    macro: { here: 3, brief: 3 },
    note: 'V-1 is V-5 here. The first unbind makes room for the probe',
  },
  {
    id: 'SB-7',
    what: 'no device link: the test of dev alone is to prevent an unbind',
    model: 'SC-17',
    scope: { signals: false },
    edits: ['drop close_session/device_link_add/device_link_add'],
    violates: { 'L-7': 43, 'L-9': 30, 'L-12': 36, 'L-13': 43, 'V-4': 35 },
    brief: ['L-8'],
    note: 'not L-8: every call sees that dev is NULL and fails, so a processor runs that nobody can stop',
  },
  {
    id: 'SB-7',
    what: 'neither device link nor test',
    model: 'SC-17',
    scope: { signals: false },
    edits: ['drop close_session/device_link_add/device_link_add', 'pass */look-up/dev-is-set'],
    violates: { 'L-7': 43, 'L-8': 36, 'L-9': 30, 'L-13': 43, 'V-4': 35 },
    brief: ['L-8'],
    macro: { here: 4, brief: 2 },
  },
  {
    id: 'W-60',
    what: 'register does not look whether its supplier is being unbound',
    model: 'SC-17/repaired',
    edits: ['pass supplier-stays'],
    violates: { 'L-8': 39, 'L-9': 32, 'V-5': 29 },
    brief: [],
    note: 'v18, v19 and v22 as published: L-9',
  },
  {
    id: 'rproc_del',
    what: 'the processor is stopped, and marked DELETED, without a lock around both',
    model: 'SC-17/repaired',
    scope: { tee: false },
    edits: ['unlock remove/rproc_del/rproc->lock'],
    violates: { 'L-7': 110, 'L-13': 46, 'I-11': 99 },
    brief: [],
    note: 'as published in all versions: a boot comes between rproc_shutdown and rproc_del',
  },
  {
    id: 'UNBIND',
    what: 'two tasks unbind the TEE device',
    model: 'SC-17/repaired',
    scope: { shell: false },
    deny: ['UNBIND'],
    edits: [],
    violates: { 'L-8': 15, 'V-5': 40 },
    brief: [],
    note: 'suspected in the driver core: who unbinds second finds no ACTIVE link, and removes the supplier while the first one still unbinds the consumer',
  },
];
