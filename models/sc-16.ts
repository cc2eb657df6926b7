/**
 * SC-16, remoteproc, the happy path and its faults: "the boot sequence is" and "the shutdown sequence is" (S1:33-64).
 */
import { choice, flag, int, model, type Builder, type ScopeOf } from '../src/index.js';
import {
  bootsAreNotTakenForDone,
  canRunTheCurrentImage,
  everyCallReturns,
  linuxAndTheTaAgree,
  nothingIsLeftBehind,
  oldImageIsReleased,
  powerCountsRunning,
  runsWhatLinuxMeans,
  startedMeansRunning,
} from '../src/invariants/index.js';
import { remoteprocLinux, rprocSysfs, type ClientVersion } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  shells: int(2, 1, 3, 'tasks that write to sysfs'),
  faults: choice(['all', 'linux', 'none'], 'what may fail: calls to the TEE too, or what Linux does for itself'),
  signals: flag(true, 'a signal may come to a task at any time'),
};

function declare(m: Builder, { shells, faults, signals }: ScopeOf<typeof scope>, version: ClientVersion): void {
  const system = remoteprocLinux(m, { version, faults, signals });
  const { start, stop, setFirmware } = rprocSysfs(system.root);
  const tasks = Array.from({ length: shells }, (_, n) => `root${n}`);
  for (const task of tasks) m.process(task, [start, stop, setFirmware]);

  linuxAndTheTaAgree(m, system); // L-7
  powerCountsRunning(m, system); // L-13
  nothingIsLeftBehind(m, system); // I-12
  startedMeansRunning(m, system); // P-13
  bootsAreNotTakenForDone(m, system); // P-13
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
