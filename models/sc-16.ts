/**
 * SC-16, remoteproc, the happy path and its faults: "the boot sequence is" and "the shutdown sequence is" (S1:33-64).
 */
import { flag, int, model, type Builder, type ScopeOf } from '../src/index.js';
import {
  canRunTheCurrentImage,
  everyCallReturns,
  linuxAndTheTaAgree,
  nothingIsLeftBehind,
  oldImageIsReleased,
  powerCountsRunning,
  runsWhatLinuxMeans,
  startedMeansRunning,
} from '../src/invariants/index.js';
import {
  clientOps,
  clientVariables,
  remoteProcessors,
  remoteprocPta,
  remoteprocTa,
  rprocCore,
  rprocSysfs,
  rprocVariables,
  teeBus,
  type ClientVersion,
} from '../src/spec/index.js';
import { bool, index } from '../src/index.js';
import type { Defect } from './defect.js';

const scope = {
  shells: int(1, 1, 2, 'tasks that write to sysfs'),
  faults: flag(true, 'what may fail does'),
  signals: flag(true, 'a signal may come to a task at any time'),
};

function declare(m: Builder, { shells, faults, signals }: ScopeOf<typeof scope>, version: ClientVersion): void {
  const remote = remoteProcessors(m, { rprocs: 1, regions: 1 }, 'none');
  const ta = remoteprocTa(m, remote, remoteprocPta(m, remote, false), { load: 'at once', faults });
  const device = index('tee', 1);
  const bus = teeBus(m, device, ta, { faults, bound: true });
  const client = clientVariables(m, remote.rproc, bus, version);
  const rprocs = rprocVariables(m, remote);
  const signal = m.variable('a signal may come', bool, signals);
  const ops = clientOps(client, rprocs, bus, signal);
  const core = rprocCore(rprocs, ops, { faults, restartsSubdevices: version === 'repaired' }, signal);
  const { start, stop, setFirmware } = rprocSysfs(core);
  const tasks = Array.from({ length: shells }, (_, n) => `root${n}`);
  for (const task of tasks) m.process(task, [start, stop, setFirmware]);
  const d = device.of(0);
  const c = bus.context.of(0);
  m.start(
    [client.dev, d],
    [client.teeCtx, c],
    [client.listed(remote.rproc.of(0)), true],
    [bus.sessionIn, c],
    [ta.session, true],
  );

  const system = { remote, ta, rprocs, client };
  linuxAndTheTaAgree(m, system); // L-7
  powerCountsRunning(m, system); // L-13
  nothingIsLeftBehind(m, system); // I-12
  startedMeansRunning(m, system); // P-13
  runsWhatLinuxMeans(m, system); // I-11
  oldImageIsReleased(m, system); // P-16
  canRunTheCurrentImage(m, system, tasks); // V-4
  everyCallReturns(m);
}

const sc16 = model({
  name: 'SC-16',
  title: 'remoteproc with a TEE: boot and shutdown, with faults',
  scope,
  build: (m, sizes) => declare(m, sizes, 'v19'),
});
const versions = (['v18', 'repaired'] as const).map((version) =>
  model({
    name: `SC-16/${version}`,
    title: `the same with ${version}`,
    scope,
    build: (m, sizes) => declare(m, sizes, version),
  }),
);
export default [sc16, ...versions];
export const defects: readonly Defect[] = [];
