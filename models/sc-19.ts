/**
 * SC-19, crash recovery: "in case of recovery, the TEE application has to reload the firmware" (S1:46-47).
 *
 * The processor crashes at any time: while it is booted, while it runs, while it is stopped. A kernel worker recovers it,
 * root may ask for a recovery too, and starts and stops it meanwhile. The firmware file is replaced at any time. COMPLIANT
 * mode. SC-16's components, with the recovery of B12. Windows: W-62, W-63, W-64. Defects D-61, D-65
 * (docs/scenarios/sc-19.md).
 *
 * - SC-19: the client of the seed, v19, and the core as it is. Expected: L-13, P-13-boot and V-4 are violated where
 *   anything may fail; I-11, I-12, L-7 and P-16 too where calls to the TEE may (SC-16's findings).
 * - SC-19/repaired: the client of SC-16/repaired, and a recovery that gives back what the boot took. Expected: all hold.
 */
import { choice, flag, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
import {
  bootsAreNotTakenForDone,
  canRunTheCurrentImage,
  everyCallReturns,
  linuxAndTheTaAgree,
  locksAreOrdered,
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
  faults: choice(['all', 'linux', 'none'], 'what may fail: calls to the TEE too, what Linux does for itself, nothing'),
  signals: flag(true, 'a signal may come to a task at any time'),
  recovery: flag(true, 'the crash handler recovers at once; else root has to ask for it'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, { faults, signals, recovery }: Scope, version: ClientVersion): void {
  const system = remoteprocLinux(m, { version, faults, signals });
  const { root, worker, remote, rprocs } = system;
  const { pending } = crashes(m, remote);
  replacedFiles(m, rprocs);
  const { start, stop } = rprocSysfs(root);
  const { crashHandler, recover } = rprocRecovery(
    worker,
    root,
    { pending },
    {
      enabled: recovery,
      undoes: version === 'repaired',
    },
  );
  m.process('root', [start, stop, recover]);
  m.process('worker', [crashHandler]);

  runsWhatLinuxMeans(m, system); // I-11
  nothingIsLeftBehind(m, system); // I-12
  linuxAndTheTaAgree(m, system, pending); // L-7
  powerCountsRunning(m, system); // L-13
  locksAreOrdered(m); // P-6
  startedMeansRunning(m, system); // P-13
  bootsAreNotTakenForDone(m, system); // P-13-boot
  oldImageIsReleased(m, system); // P-16
  canRunTheCurrentImage(m, system, ['root', 'worker']); // V-4
  everyCallReturns(m); // V-1, wedge
}

const sc19 = model({
  name: 'SC-19',
  title: 'crash recovery of a remote processor that the TEE manages (v19)',
  scope,
  build: (m, sizes) => declare(m, sizes, 'v19'),
  expected: ({ faults }): Record<string, Expected> => {
    const always = ['L-13', 'P-13-boot', 'V-4'];
    const broken = { all: [...always, 'I-11', 'I-12', 'L-7', 'P-16'], linux: always, none: [] }[faults];
    return Object.fromEntries(broken.map((id) => [id, 'violated']));
  },
});

const sc19Repaired = model({
  name: 'SC-19/repaired',
  title: 'the same with a client that remembers what it owes the TEE, and a recovery that undoes what it did',
  scope,
  build: (m, sizes) => declare(m, sizes, 'repaired'),
});

export default [sc19, sc19Repaired];

const repaired = { model: 'SC-19/repaired', scope: { faults: 'linux' } };

export const defects: readonly Defect[] = [
  {
    id: 'D-61',
    what: 'recovery loads without STOP or RELEASE_FW before it',
    model: 'SC-19',
    scope: { faults: 'none' },
    edits: ['drop */rproc_trigger_recovery/rproc->lock/rproc_stop/ops->stop'],
    violates: { 'L-7': 48, 'L-13': 48, 'P-13-boot': 51, 'P-16': 41, 'V-4': 33 },
    brief: ['P-16'],
    macro: { here: 4, brief: 3 },
    note: 'the brief takes the first boot for granted',
  },
  {
    id: 'D-61',
    what: 'the same with the repaired client',
    model: 'SC-19/repaired',
    scope: { faults: 'none' },
    edits: ['drop */rproc_trigger_recovery/rproc->lock/rproc_stop/ops->stop'],
    violates: { 'P-16': 44 },
    brief: ['P-16'],
  },
  {
    id: 'W-63',
    what: 'a recovery that fails behind the stop keeps the power count, as upstream',
    ...repaired,
    edits: ['drop */recovery-failed/cleanup/power-:=-0'],
    violates: { 'L-13': 45, 'P-13-boot': 48, 'V-4': 45 },
    brief: ['L-13'],
    note: 'and then nothing boots it again: a boot returns 0 at once, a shutdown -EINVAL',
  },
  {
    id: 'W-62',
    what: 'trigger_recovery does not look again whether it is still CRASHED',
    ...repaired,
    edits: ['pass */is-CRASHED'],
    violates: { 'L-7': 84, 'L-13': 27, 'V-4': 81 },
    brief: [],
  },
  {
    id: 'W-62',
    what: 'the crash handler does not look whether it was stopped meanwhile',
    ...repaired,
    edits: ['pass is-not-OFFLINE'],
    violates: { 'L-7': 101, 'L-13': 72, 'V-4': 98 },
    brief: [],
  },
  {
    id: 'D-65',
    what: 'power-- is missing where a boot fails',
    ...repaired,
    edits: ['drop downref_rproc/cleanup/power--'],
    violates: { 'L-13': 4, 'P-13-boot': 7, 'V-4': 4 },
    brief: ['L-13', 'V-4'],
    macro: { here: 1, brief: 3 },
    note: 'one failed boot is enough: the next one returns 0 at once',
  },
  {
    id: 'W-56',
    what: 'a call takes effect and its answer is lost',
    model: 'SC-19/repaired',
    edits: [],
    deny: ['TEE-answer'],
    violates: { 'L-7': 40 },
    brief: ['L-7'],
  },
];
