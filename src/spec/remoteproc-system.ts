/** A remote processor that the TEE manages, from Linux to the processor: B12, B13, B15 and B16 put together. */
import { bool, index, type Builder } from '../language/index.js';
import { remoteProcessors } from './remote-processor.js';
import { remoteprocPta } from './remoteproc-pta.js';
import { remoteprocTa } from './remoteproc-ta.js';
import { clientOps, clientVariables, type ClientVersion } from './remoteproc-tee.js';
import { rprocCore, rprocVariables } from './rproc-core.js';
import { teeBus } from './tee-bus.js';

/** What may fail: nothing, what Linux does for itself (memory, files, subdevices), or calls to the TEE and the TA too. */
export type Faults = 'all' | 'linux' | 'none';

export interface RemoteprocDesign {
  readonly version: ClientVersion;
  readonly faults: Faults;
  /** A signal may come at any time to a task of user space. */
  readonly signals: boolean;
}

export type RemoteprocLinux = ReturnType<typeof remoteprocLinux>;

/**
 * One processor with one region. It is registered with the one TEE device, and OFFLINE. `root`: the core for tasks of user
 * space; `worker`: for kernel workers, which get no signals.
 */
export function remoteprocLinux(m: Builder, { version, faults, signals }: RemoteprocDesign) {
  const remote = remoteProcessors(m, { rprocs: 1, regions: 1 }, 'none');
  const { rproc } = remote;
  const ta = remoteprocTa(m, remote, remoteprocPta(m, remote, false), { faults: faults === 'all' });
  const device = index('tee', 1);
  const bus = teeBus(m, device, ta, { faults: faults === 'all', bound: true });
  const client = clientVariables(m, rproc, bus, version);
  const rprocs = rprocVariables(m, remote);
  const signal = m.variable('a signal may come', bool, signals);
  m.explain(
    signal,
    'signals may be pending for tasks of user space: interruptible waits may end with -EINTR. It is for the scope to say',
  );
  const design = { faults: faults !== 'none', restartsSubdevices: version === 'repaired' };
  const coreFor = (pending?: typeof signal) =>
    rprocCore(rprocs, clientOps(client, rprocs, bus, pending), design, pending);
  const context = bus.context.of(0);
  m.start(
    [client.dev, device.of(0)],
    [client.teeCtx, context],
    [client.listed(rproc.of(0)), true],
    [bus.sessionIn, context],
    [ta.session, true],
  );
  return { remote, ta, bus, client, rprocs, root: coreFor(signal), worker: coreFor() };
}
