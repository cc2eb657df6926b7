/**
 * SC-16, a remote processor that the TEE manages, the happy path and its faults: "the boot sequence is" and "the shutdown
 * sequence is" (S1:33-64).
 *
 * Root starts and stops the processor by sysfs, and names another firmware file while it is off. Any call to the TEE may
 * fail, and so may what Linux does for itself. COMPLIANT mode. B12, B13's six calls, and B15 and B16 behind them. Windows:
 * W-52, W-53, W-56, W-64, W-65. Findings SB-5, SB-6; defect D-65 (docs/scenarios/sc-16.md). Nightly: `shells=3`.
 *
 * - SC-16: the client of the seed, v19. The six calls of v20 and v22 are the same. Expected where calls to the TEE may
 *   fail: I-11, I-12, L-7, L-13, P-16 and V-4 are violated; else all hold.
 * - SC-16/v18: without a lock and a check in the calls, and with a start that ignores errors. Expected: P-13 too.
 * - SC-16/repaired: the client remembers that a RELEASE_FW has yet to succeed, and a stop that fails starts the subdevices
 *   again. Expected: all hold. It rests on TEE-answer (W-56).
 */
import { choice, flag, int, model, type Builder, type Expected, type ScopeOf } from '../src/index.js';
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
import { remoteprocLinux, rprocSysfs, type ClientVersion } from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = {
  shells: int(2, 1, 3, 'tasks that write to sysfs'),
  faults: choice(['all', 'linux', 'none'], 'what may fail: calls to the TEE too, what Linux does for itself, nothing'),
  signals: flag(true, 'a signal may come to a task at any time'),
};
type Scope = ScopeOf<typeof scope>;

function declare(m: Builder, { shells, faults, signals }: Scope, version: ClientVersion): void {
  const system = remoteprocLinux(m, { version, faults, signals });
  const { start, stop, setFirmware } = rprocSysfs(system.root);
  const tasks = Array.from({ length: shells }, (_, n) => `root${n}`);
  for (const task of tasks) m.process(task, [start, stop, setFirmware]);

  runsWhatLinuxMeans(m, system); // I-11
  nothingIsLeftBehind(m, system); // I-12
  linuxAndTheTaAgree(m, system); // L-7
  powerCountsRunning(m, system); // L-13
  locksAreOrdered(m); // P-6
  startedMeansRunning(m, system); // P-13
  bootsAreNotTakenForDone(m, system); // P-13-boot
  oldImageIsReleased(m, system); // P-16
  canRunTheCurrentImage(m, system, tasks); // V-4
  everyCallReturns(m); // V-1, wedge
}

const variant = (name: string, title: string, version: ClientVersion, broken: readonly string[]) =>
  model({
    name,
    title,
    scope,
    build: (m, sizes) => declare(m, sizes, version),
    expected: ({ faults }): Record<string, Expected> =>
      faults === 'all' ? Object.fromEntries(broken.map((id) => [id, 'violated'])) : {},
  });

const findings = ['I-11', 'I-12', 'L-7', 'L-13', 'P-16', 'V-4'];
const title = 'a remote processor that the TEE manages: boot and shutdown, and what may fail';

export default [
  variant('SC-16', `${title} (v19)`, 'v19', findings),
  variant('SC-16/v18', 'the same with the client v18', 'v18', [...findings, 'P-13']),
  variant('SC-16/repaired', 'the same with a client that remembers what it owes the TEE', 'repaired', []),
];

const repaired = { model: 'SC-16/repaired', scope: { shells: 1 } };

export const defects: readonly Defect[] = [
  {
    id: 'SB-5',
    what: 'LOAD_FW is ignored where an image is loaded, START where one runs, STOP where none runs',
    model: 'SC-16',
    scope: { shells: 1 },
    edits: [],
    violates: { 'L-7': 18, 'L-13': 34, 'I-12': 13, 'I-11': 48, 'P-16': 26, 'V-4': 29 },
    brief: ['P-16', 'V-4'],
    note: 'each call to the TEE may fail: after a START whose subdevices fail and whose STOP fails too, the TA refuses LOAD_FW and RELEASE_FW for ever (V-4)',
  },
  {
    id: 'SB-6',
    what: 'the client does not remember that a RELEASE_FW has failed: it has no return value',
    ...repaired,
    edits: ['drop start-clean'],
    violates: { 'I-11': 51, 'P-16': 27, 'V-4': 31 },
    brief: ['P-13', 'P-16'],
    note: 'a function without a return value says nothing that could be false, so P-13 can’t be violated by it',
  },
  {
    id: 'W-56',
    what: 'a call takes effect and its answer is lost',
    ...repaired,
    edits: [],
    deny: ['TEE-answer'],
    violates: { 'L-7': 40 },
    brief: ['L-7'],
    note: 'STOP: for Linux the processor still runs. A second stop mends it, since the TA takes STOP for done',
  },
  {
    id: 'W-64',
    what: 'a stop that fails leaves the subdevices down, as upstream',
    ...repaired,
    edits: ['drop stop-failed/cleanup/rproc_start_subdevices/rproc_start_subdevices'],
    violates: { 'L-13': 37 },
    brief: ['L-13'],
  },
  {
    id: 'D-53',
    what: 'RELEASE_FW is not sent where a boot fails',
    model: 'SC-16',
    scope: { shells: 1, faults: 'linux' },
    edits: ['drop fw_boot-failed/cleanup/rproc_release_fw'],
    violates: { 'L-7': 15, 'I-12': 15, 'I-11': 47, 'P-16': 23 },
    brief: ['P-16', 'I-11'],
    note: 'the consequence alone: that a signal can skip it needs a second taker of ctx_lock (SC-17)',
  },
  {
    id: 'D-53',
    what: 'RELEASE_FW is not sent after a shutdown',
    model: 'SC-16',
    scope: { shells: 1, faults: 'linux' },
    edits: ['drop rproc_shutdown/rproc->lock/rproc_release_fw'],
    violates: { 'I-12': 39 },
    brief: ['P-16', 'I-11'],
    note: 'the TA is OFF after STOP, so the next LOAD_FW is not ignored: only the memory keeps the old image',
  },
  {
    id: 'D-65',
    what: 'power-- is missing where a boot fails',
    model: 'SC-16',
    scope: { shells: 1, faults: 'linux' },
    edits: ['drop downref_rproc/cleanup/power--'],
    violates: { 'L-13': 4, 'P-13-boot': 7, 'V-4': 4 },
    brief: ['L-13', 'V-4'],
    macro: { here: 1, brief: 3 },
    note: 'one failed boot is enough: the next one returns 0 at once',
  },
  {
    id: 'D-65',
    what: 'power++ is missing where a shutdown fails',
    ...repaired,
    edits: ['drop stop-failed/cleanup/power++'],
    violates: { 'L-13': 37 },
    brief: [],
  },
  {
    id: 'L-13',
    what: 'what does not run is shut down',
    ...repaired,
    edits: ['pass is-RUNNING'],
    violates: { 'L-13': 7, 'P-13-boot': 10, 'V-4': 21 },
    brief: [],
  },
  {
    id: 'P-13',
    what: 'v18: rproc_tee_start takes a call that failed for a success',
    model: 'SC-16/v18',
    scope: { shells: 1 },
    edits: [],
    violates: { 'I-11': 46, 'I-12': 13, 'L-7': 18, 'L-13': 32, 'P-13': 26, 'P-16': 26, 'V-4': 25 },
    brief: ['P-13'],
  },
  {
    id: 'B12',
    what: 'boots take no lock',
    model: 'SC-16/repaired',
    scope: { faults: 'none' },
    edits: ['unlock start/rproc_boot/rproc->lock'],
    violates: { 'I-11': 88, 'L-7': 68, 'L-13': 59, 'P-13': 81, 'P-13-boot': 6, 'P-16': 85, 'V-4': 56 },
    brief: [],
  },
];
