/**
 * Processors, their TEE and all that binds and unbinds them (B12 to B16), put together for scenarios. The first TEE device
 * is bound, and the first processor registered with it; it is off.
 */
import { bool, handler, index, next, type Builder, type Handler } from '../language/index.js';
import { crashWork } from './crash-work.js';
import { devices as declareDevices, platformBus } from './driver-core.js';
import { remoteProcessors } from './remote-processor.js';
import { remoteprocPta } from './remoteproc-pta.js';
import { remoteprocTa } from './remoteproc-ta.js';
import { clientOps, clientVariables, type ClientVersion } from './remoteproc-tee.js';
import { rprocTeeDriver, type Backends } from './remoteproc-tee-driver.js';
import { registrationEvents, rprocTeeRegistration } from './remoteproc-tee-registration.js';
import { autoBootWorker, rprocAdd, rprocLife, whileFileIsThere } from './rproc-add.js';
import { rprocCore, rprocSysfs, rprocVariables } from './rproc-core.js';
import { rprocRecovery } from './rproc-recovery.js';
import { stm32Rproc } from './stm32-rproc.js';
import { teeBus, type TeeDevice } from './tee-bus.js';
import { teeClientBus } from './tee-client-bus.js';

export interface BindingDesign {
  readonly version: ClientVersion;
  readonly rprocs: number;
  readonly teeDevices: number;
  /** Contexts that can be open at a time. */
  readonly contexts: number;
  readonly autoBoot: boolean;
  readonly faults: boolean;
  readonly signals: boolean;
  /** Each TEE device has a context of its own, instead of the static one. */
  readonly perDevice?: boolean;
  readonly backends?: Backends;
  /** The processors may crash; the crash handler recovers them, or leaves that to root. The first one runs at the start. */
  readonly recovery?: 'enabled' | 'disabled';
}

/** Declares all components. Who is at work is for the scenario to say. */
export function remoteprocWithTee(m: Builder, design: BindingDesign) {
  const { version, autoBoot, faults, perDevice = false, backends, recovery } = design;
  const repaired = version === 'repaired';
  const remote = remoteProcessors(m, { rprocs: design.rprocs, regions: 1 }, 'none');
  const { rproc } = remote;
  const pta = remoteprocPta(m, remote, false);
  const ta = remoteprocTa(m, remote, pta, { faults });
  const device = index('tee', design.teeDevices);
  const bus = teeBus(m, device, ta, { faults, bound: true, contexts: design.contexts });
  const clients = (perDevice ? device.values : [device.of(0)]).map((d) =>
    clientVariables(m, rproc, bus, version, perDevice ? `[${device.print(d)}]` : ''),
  );
  const [client] = clients;
  registrationEvents(m, client);
  const rprocs = rprocVariables(m, remote);
  const crash = recovery && crashWork(m, remote);
  const life = rprocLife(m, { rproc }, { autoBoot, faults, delIsAtomic: repaired }, crash);
  const devices = declareDevices(m, { device, rproc }, { faults, populates: version === 'v20' });
  const signal = m.variable('a signal may come', bool, design.signals);
  m.explain(
    signal,
    'signals may be pending for tasks of user space: interruptible waits may end with -EINTR. It is for the scope to say',
  );

  const coreFor = (restartsSubdevices: boolean, pending?: typeof signal) =>
    rprocCore(rprocs, clientOps(client, rprocs, bus, pending), { faults, restartsSubdevices }, pending);
  const user = coreFor(repaired, signal);
  // A driver's remove is not to be interrupted, and does not start again what could not be stopped.
  const add = rprocAdd(life, repaired ? coreFor(false) : user);
  const registration = rprocTeeRegistration(client, bus, devices, add, signal);
  const platform = platformBus(devices, stm32Rproc(add, registration, version, crash));
  const teeFor = (d: TeeDevice) =>
    teeClientBus(devices, platform, rprocTeeDriver(clients[perDevice ? d : 0], bus, platform, signal, backends));
  const sysfs = rprocSysfs(user, whileFileIsThere(life));
  const worker = autoBoot ? [autoBootWorker(life, coreFor(repaired))] : [];
  const crashes = crash && {
    ...crash,
    ...rprocRecovery(
      coreFor(repaired),
      user,
      crash,
      { enabled: recovery === 'enabled', undoes: repaired },
      whileFileIsThere(life),
    ),
  };

  /** rproc_tee_unregister is exported: somebody else calls it for the first processor. */
  const otherCaller: Handler = handler('rproc_tee_unregister', {}, (h) => [
    h.step('exported function', { fn: 'rproc_tee_unregister', run: () => next() }),
    h.call(registration.unregister, () => ({ rproc: rproc.of(0) })),
  ]);

  const d = device.of(0);
  const c = bus.context.of(0);
  const r = rproc.of(0);
  const running = [
    [rprocs.state(r), 'RUNNING'],
    [rprocs.power(r), 1],
    [rprocs.subdevices(r), 'up'],
    [client.dirty(r), repaired],
    [ta.state(r), 'STARTED'],
    [pta.state(r), 'ON'],
    [remote.memory(r), remote.Memory.fill('A')],
    [remote.processor(r), 'RUN'],
  ] as const;
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
    ...(crash ? ([[crash.irq(r), true], ...running] as const) : []),
  );

  m.assume('SIGNAL', 'an interruptible lock fails only where it would have waited and a signal is pending (B13)');
  m.assume('NOWAIT', 'the worker that boots holds a reference of its own to the rproc');

  return {
    remote,
    rproc,
    device,
    ta,
    bus,
    client,
    clients,
    rprocs,
    life,
    devices,
    platform,
    teeFor,
    sysfs,
    worker,
    crashes,
    otherCaller,
  };
}
