/** SC-17 */
import { bool, flag, handler, index, model, next, type Builder, type Handler, type IndexSort, type ScopeOf } from '../src/index.js';
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
import {
  autoBootWorker,
  clientOps,
  clientVariables,
  devices as declareDevices,
  platformBus,
  registrationEvents,
  remoteProcessors,
  remoteprocPta,
  remoteprocTa,
  rprocAdd,
  rprocCore,
  rprocLife,
  rprocSysfs,
  rprocTeeDriver,
  rprocTeeRegistration,
  rprocVariables,
  stm32Rproc,
  teeBus,
  teeClientBus,
  whileFileIsThere,
  type ClientRegistration,
  type ClientVersion,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  shell: flag(true, 'a task that starts and stops the processor by sysfs'),
  tee: flag(true, 'a task that unbinds and binds the TEE device'),
  platform: flag(true, 'a task that unbinds and binds the platform devices'),
  second: flag(false, 'a second processor, whose platform device is bound and unbound'),
  images: flag(false, 'the shell also sets the firmware'),
  autoBoot: flag(false, 'a worker boots what rproc_add adds'),
  faults: flag(false, 'what may fail does'),
  signals: flag(true, 'a signal may come to a task at any time'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, sizes: Scope, version: ClientVersion): void {
  const { faults, autoBoot } = sizes;
  const repaired = version === 'repaired';
  const remote = remoteProcessors(m, { rprocs: sizes.second ? 2 : 1, regions: 1 }, 'none');
  const { rproc } = remote;
  const ta = remoteprocTa(m, remote, remoteprocPta(m, remote, false), { load: 'at once', faults });
  const device = index('tee', 1);
  const bus = teeBus(m, device, ta, { faults, bound: true, contexts: 2 });
  const client = clientVariables(m, rproc, bus, version);
  registrationEvents(m, client);
  const rprocs = rprocVariables(m, remote);
  const life = rprocLife(m, { rproc }, { autoBoot, faults, delIsAtomic: repaired });
  const devices = declareDevices(m, { device, rproc }, { faults, populates: version === 'v20' });
  const signal = m.variable('a signal may come', bool, sizes.signals);
  const none = m.variable('no signal comes', bool, false);

  const coreFor = (mayCome: typeof signal, restartsSubdevices: boolean) =>
    rprocCore(rprocs, clientOps(client, rprocs, bus, mayCome), { faults, restartsSubdevices }, mayCome);
  const user = coreFor(signal, repaired);
  const removing = repaired ? coreFor(none, false) : user;
  const add = rprocAdd(life, removing);
  const registration = rprocTeeRegistration(client, bus, devices, add, signal);
  const platform = platformBus(devices, stm32Rproc(add, registration, version));
  const tee = teeClientBus(devices, platform, rprocTeeDriver(client, bus, platform, signal));
  const { start, stop, setFirmware } = rprocSysfs(user, whileFileIsThere(life));

  const tasks: string[] = [];
  const task = (name: string, handlers: Parameters<Builder['process']>[1]): void => {
    m.process(name, handlers);
    tasks.push(name);
  };
  if (sizes.shell) task('shell', [start, stop, ...(sizes.images ? [setFirmware] : [])]);
  if (sizes.tee) task('TEE', tee.handlers(device.of(0)));
  if (sizes.platform) task('platform', platform.handlers(rproc.of(0)));
  if (sizes.second) task('second', platform.handlers(rproc.of(1)));
  if (autoBoot) task('worker', [autoBootWorker(life, coreFor(none, repaired))]);

  const text = 'rproc_tee_unregister is called by the driver of the processor only, under its device_lock';
  if (!m.assumed('UNREGISTER', text)) m.process('another module', [otherCaller(registration, rproc)]);

  const d = device.of(0);
  const c = bus.context.of(0);
  const r = rproc.of(0);
  m.start(
    [devices.tee(d), 'BOUND'],
    [client.dev, d],
    [client.teeCtx, c],
    ...rproc.values.map((each) => [devices.exists(each), true] as const),
    [devices.platform(r), 'BOUND'],
    ...(version === 'v20' ? [] : [[devices.supplier(r), d] as const]),
    [bus.sessionIn, c],
    [ta.session, true],
    [client.listed(r), true],
    [client.trproc(r), true],
    [life.alive(r), true],
    [life.files(r), true],
  );

  m.assume('SIGNAL', 'an interruptible lock fails only where it would have waited and a signal is pending (B13)');
  m.assume('NOWAIT', 'the worker that boots holds a reference of its own to the rproc');

  const system = { remote, ta, rprocs, client, bus, devices, life };
  linuxAndTheTaAgree(m, system); // L-7
  nothingClosedIsUsed(m, system); // L-8
  oneSessionForEachEntry(m, system); // L-9
  oneContextForEachDevice(m, system); // L-10
  contextsBelongToDevices(m, system, () => client); // L-11
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

/** rproc_tee_unregister is exported: somebody else calls it for the same processor. */
const otherCaller = ({ unregister }: ClientRegistration, rproc: IndexSort<'rproc'>): Handler =>
  handler('rproc_tee_unregister', { rproc }, (h) => [
    h.step('exported function', {
      fn: 'rproc_tee_unregister',
      run: () => rproc.values.map((r) => next().local({ rproc: r })),
    }),
    h.call(unregister, (f) => ({ rproc: f.rproc })),
  ]);

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
