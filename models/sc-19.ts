/**
 * SC-19, crash recovery: "in case of recovery, the TEE application has to reload the firmware" (S1:46-47).
 */
import { choice, flag, model, type Builder, type ScopeOf } from '../src/index.js';
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
import {
  crashes,
  remoteprocLinux,
  replacedFiles,
  rprocRecovery,
  rprocSysfs,
  type ClientVersion,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  faults: choice(['all', 'linux', 'none'], 'what may fail: calls to the TEE too, or what Linux does for itself'),
  signals: flag(true, 'a signal may come to a task at any time'),
  recovery: flag(true, 'the crash handler recovers at once; else root has to ask for it'),
};

function declare(m: Builder, { faults, signals, recovery }: ScopeOf<typeof scope>, version: ClientVersion): void {
  const system = remoteprocLinux(m, { version, faults, signals });
  const { root, worker, remote, rprocs } = system;
  const { pending } = crashes(m, remote);
  replacedFiles(m, rprocs);
  const { start, stop } = rprocSysfs(root);
  const { crashHandler, recover } = rprocRecovery(worker, root, pending, {
    enabled: recovery,
    undoes: version === 'repaired',
  });
  m.process('root', [start, stop, recover]);
  m.process('worker', [crashHandler]);

  linuxAndTheTaAgree(m, system, pending); // L-7
  powerCountsRunning(m, system); // L-13
  nothingIsLeftBehind(m, system); // I-12
  startedMeansRunning(m, system); // P-13
  bootsAreNotTakenForDone(m, system); // P-13
  runsWhatLinuxMeans(m, system); // I-11
  oldImageIsReleased(m, system); // P-16
  canRunTheCurrentImage(m, system, ['root', 'worker']); // V-4
  everyCallReturns(m);
}

const sc19 = model({
  name: 'SC-19',
  title: 'crash recovery of a remote processor that the TEE manages',
  scope,
  build: (m, sizes) => declare(m, sizes, 'v19'),
});
const repaired = model({
  name: 'SC-19/repaired',
  title: 'the same with repaired',
  scope,
  build: (m, sizes) => declare(m, sizes, 'repaired'),
});
export default [sc19, repaired];
export const defects: readonly Defect[] = [];
