/**
 * SC-20, TA authentication TOCTOU: the TA authenticates an image that lies in memory shared with the normal world, and
 * loads it into memory that the normal world may be able to write (S1:33-42).
 *
 * CPUs of a hostile normal world issue any command of the TA in any order, for any processor; whatever the TA reads in
 * shared memory is anything; EL1 stores to the remote memory wherever no firewall keeps it away; the processor runs what
 * is there. Two images A and B are signed. B15 with the micro-steps L1..L7 of LOAD_FW, B16. Windows: W-53, W-54
 * (L1 header read … L2 copy), W-55 (L5 verified … running), W-66 (one PTA state for all processors). Defects D-54..D-60.
 *
 * Default scope: 2 CPUs, 1 processor, 2 segments an image. Nightly: `rprocs=2`, and `regions=3`.
 * - SC-20: the design that holds. A firewall from before the first copy until the memory is cleared; the header read once;
 *   all signed segments demanded; memory cleared whenever the state becomes OFF. Expected: all hold.
 * - SC-20/stm32mp15: as published, without a firewall. Expected: I-10, I-11, I-12, P-9, bounds, residue violated.
 * - SC-20/optee: the published TA behind the firewall. Expected: I-11, P-9, bounds, residue violated.
 * - SC-20/two-processors: two processors, each driven by one CPU, and a PTA state for each. Expected: all hold.
 * - SC-20/one-PTA-state: the same with the PTA's one state for all, as published. Expected: V-4 violated (D-59).
 * - SC-20/source-hashed: the hash is taken before the copy (D-54). Expected: I-11, P-9 violated.
 */
import { handler, int, model, next, type Builder, type Expected, type Handler, type ScopeOf } from '../src/index.js';
import {
  eachProcessorObeys,
  everyCommandCanReturn,
  offMeansEmpty,
  onlySignedImagesRun,
  releaseClearsMemory,
  taKnowsTheProcessor,
  taReadsWordsOnce,
  taStaysInItsBuffers,
  verifiedMemoryStays,
} from '../src/invariants/index.js';
import {
  hostStores,
  remoteProcessors,
  remoteprocPta,
  remoteprocTaInSteps,
  type Firewall,
  type RemoteprocTaInSteps,
  type StepByStep,
} from '../src/spec/index.js';
import type { Defect } from './defect.js';

const scope = (rprocs: number, regions: number) => ({
  cpus: int(2, 1, 2, 'CPUs that issue commands'),
  rprocs: int(rprocs, 1, 2, 'remote processors'),
  regions: int(regions, 1, 3, 'segments of each image, each with a region of memory'),
});
type Scope = ScopeOf<ReturnType<typeof scope>>;

interface Design extends StepByStep {
  readonly firewall: Firewall;
  readonly perId: boolean;
}
const good: Design = {
  firewall: 'on demand',
  perId: false,
  readsHeader: 'once',
  hashes: 'destination',
  demandsAllSegments: true,
  clearsMemory: true,
};
/** OP-TEE's TA as read. */
const published = {
  readsHeader: 'twice',
  hashes: 'destination',
  demandsAllSegments: false,
  clearsMemory: false,
} as const;

/** The commands of a CPU, for the processors that it drives. */
function commands(
  { load, start, stop, getRscTable, release, openSession, closeSession }: RemoteprocTaInSteps,
  { rproc }: ReturnType<typeof remoteProcessors>,
  mine: typeof rproc.values,
): readonly Handler[] {
  const about = { source: 'T3: any command, any id' };
  const command = (call: typeof start | typeof load): Handler =>
    handler(call.name, { rproc }, (h) => [
      h.step('name processor', { ...about, run: () => mine.map((r) => next().local({ rproc: r })) }),
      h.call(call as typeof start, (f) => ({ rproc: f.rproc })),
    ]);
  return [
    handler('open session', {}, (h) => [h.call(openSession)], about),
    handler('close session', {}, (h) => [h.call(closeSession)], about),
    ...[load, start, stop, getRscTable, release].map(command),
  ];
}

/** `apart`: each CPU drives a processor of its own. */
function declare(m: Builder, sizes: Scope, design: Design, apart = false): void {
  const remote = remoteProcessors(m, sizes, design.firewall);
  const pta = remoteprocPta(m, remote, design.perId);
  const ta = remoteprocTaInSteps(m, remote, pta, design);
  const { rproc } = remote;
  const mine = (cpu: number) => (apart ? rproc.values.filter((r) => r % sizes.cpus === cpu) : rproc.values);
  for (let cpu = 0; cpu < sizes.cpus; cpu++) m.process(`cpu${cpu}`, commands(ta, remote, mine(cpu)));
  if (design.firewall !== 'always') hostStores(m, remote);

  m.assume('T5', 'what the TA reads in shared memory is anything, each time anew');
  m.assume('hash', 'only a signed image has a valid signature, and only a signed segment has its hash');

  const system = { remote, ta };
  verifiedMemoryStays(m, system); // I-10
  onlySignedImagesRun(m, system); // I-11
  releaseClearsMemory(m, system); // I-12
  offMeansEmpty(m, system); // residue
  taKnowsTheProcessor(m, system); // L-7
  taReadsWordsOnce(m); // P-9
  taStaysInItsBuffers(m); // bounds
  eachProcessorObeys(m, system, (r) => `cpu${apart ? r % sizes.cpus : 0}`); // V-4, stop
  everyCommandCanReturn(m); // wedge
}

const sc20 = model({
  name: 'SC-20',
  title: 'TA authentication: what runs is what was signed, with a firewall and a TA that demands all of it',
  scope: scope(1, 2),
  build: (m, sizes) => declare(m, sizes, good),
});

const violated: Expected = 'violated';

const sc20Stm32mp15 = model({
  name: 'SC-20/stm32mp15',
  title: 'the same as published for STM32MP15: EL1 can write the remote memory',
  scope: scope(1, 2),
  build: (m, sizes) => declare(m, sizes, { ...good, ...published, firewall: 'none' }),
  expected: (): Record<string, Expected> => ({
    'I-10': violated,
    'I-11': violated,
    'I-12': violated,
    'P-9': violated,
    bounds: violated,
    residue: violated,
  }),
});

const sc20Optee = model({
  name: 'SC-20/optee',
  title: 'the published TA behind a firewall: sizes fetched twice, signed segments not all demanded',
  scope: scope(1, 2),
  build: (m, sizes) => declare(m, sizes, { ...good, ...published }),
  expected: (): Record<string, Expected> => ({
    'I-11': violated,
    'P-9': violated,
    bounds: violated,
    residue: violated,
  }),
});

const sc20Two = model({
  name: 'SC-20/two-processors',
  title: 'two processors, each with a PTA state of its own',
  scope: scope(2, 1),
  build: (m, sizes) => declare(m, sizes, { ...good, perId: true }, true),
});

const sc20OneState = model({
  name: 'SC-20/one-PTA-state',
  title: 'two processors and the one PTA state of STM32MP15 (W-66)',
  scope: scope(2, 1),
  build: (m, sizes) => declare(m, sizes, good, true),
  // One CPU drives both processors, and stops the other one first.
  expected: ({ rprocs, cpus }): Record<string, Expected> =>
    rprocs > 1 && cpus > 1 ? { 'V-4-rproc0': violated, 'V-4-rproc1': violated } : {},
});

const sc20Source = model({
  name: 'SC-20/source-hashed',
  title: 'the hash of a segment is taken in shared memory, before the copy (D-54)',
  scope: scope(1, 2),
  build: (m, sizes) => declare(m, sizes, { ...good, hashes: 'source' }),
  expected: (): Record<string, Expected> => ({ 'I-11': violated, 'P-9': violated }),
});

export default [sc20, sc20Stm32mp15, sc20Optee, sc20Two, sc20OneState, sc20Source];

const one = { cpus: 1 };
const as = { model: 'SC-20', scope: one } as const;

export const defects: readonly Defect[] = [
  {
    id: 'D-54',
    what: 'a segment is hashed in shared memory, and copied then',
    model: 'SC-20/source-hashed',
    scope: one,
    edits: [],
    violates: { 'I-11': 23, 'P-9': 13 },
    brief: ['I-11', 'P-9'],
  },
  {
    ...as,
    id: 'D-55',
    what: 'LOADED although not all signed segments were loaded',
    edits: ['pass all-signed-segments-are-loaded'],
    violates: { 'I-11': 17 },
    brief: ['I-11'],
    note: 'the shortest way loads no segment at all',
  },
  {
    ...as,
    id: 'D-56',
    what: 'the header is fetched twice',
    edits: ['reread LOAD_FW/copy-header'],
    violates: { 'P-9': 6, bounds: 9 },
    brief: ['P-9'],
    note: 'the TA hashes bytes behind its copy; nothing unsigned runs, as the signature is checked behind the second fetch',
  },
  {
    ...as,
    id: 'D-57',
    what: 'START in state OFF',
    edits: ['pass START/is-not-OFF'],
    violates: { 'I-10': 19, 'I-11': 4 },
    brief: ['I-11', 'L-7'],
    macro: { here: 3, brief: 1 },
    note: 'the brief counts START alone; here also open session, and what the processor executes. The TA’s state becomes STARTED with the processor, so L-7 stays true',
  },
  {
    ...as,
    id: 'D-58',
    what: 'RELEASE_FW in state STARTED, as far as the TA goes',
    edits: ['pass RELEASE_FW/is-not-STARTED'],
    violates: {},
    brief: ['I-10'],
    note: 'the PTA is ON and refuses it by itself',
  },
  {
    ...as,
    id: 'D-58',
    what: 'RELEASE_FW in state STARTED, with no check in the PTA either',
    edits: ['pass RELEASE_FW/is-not-STARTED', 'pass RELEASE_FW/PTA-is-OFF'],
    violates: { 'I-10': 26, 'I-11': 27, 'L-7': 29, stop: 23 },
    brief: ['I-10'],
  },
  {
    id: 'D-59',
    what: 'one PTA state for two processors',
    model: 'SC-20/one-PTA-state',
    edits: [],
    violates: { 'V-4-rproc0': 19, 'V-4-rproc1': 19 },
    brief: ['L-7', 'V-4'],
    note: 'while one processor runs, the other can’t be loaded or started. L-7 stays true: STOP gets to the PTA only for the one that is STARTED',
  },
  {
    id: 'W-66',
    what: 'one PTA state, and STOP in state LOADED: it takes the state of the processor that runs',
    model: 'SC-20/one-PTA-state',
    edits: ['pass STOP/is-not-LOADED'],
    violates: { 'V-4-rproc0': 19, 'V-4-rproc1': 19, 'stop-rproc0': 39, 'stop-rproc1': 39 },
    brief: [],
    note: 'the TA’s own check alone keeps STOP of one processor from the state of the other',
  },
  {
    ...as,
    id: 'D-60',
    what: 'no firewall while an image is loaded',
    edits: ['drop LOAD_FW/close-firewall'],
    violates: { 'I-10': 20, 'I-11': 23 },
    brief: ['I-10', 'I-11'],
    macro: { here: 3, brief: 3 },
    note: 'open session, LOAD_FW and a store; START comes behind it',
  },
  {
    id: 'D-60',
    what: 'STM32MP15 as published',
    model: 'SC-20/stm32mp15',
    scope: one,
    edits: [],
    violates: { 'I-10': 17, 'I-11': 16, 'I-12': 7, 'P-9': 6, bounds: 8, residue: 13 },
    brief: ['I-10', 'I-11'],
  },
  {
    ...as,
    id: 'firewall in RELEASE_FW',
    what: 'EL1 stores between the zeroing of two regions',
    edits: ['drop RELEASE_FW/close-firewall'],
    violates: { 'I-12': 7 },
    brief: [],
  },
  {
    ...as,
    id: 're-entrant LOAD_FW',
    what: 'LOAD_FW in state LOADED loads again, and may fail',
    edits: ['pass LOAD_FW/is-not-yet-LOADED'],
    violates: { 'I-10': 38, 'I-11': 36 },
    brief: [],
  },
  {
    ...as,
    id: 'signature',
    what: 'the signature is not checked',
    edits: ['pass signature-is-valid'],
    violates: { 'I-11': 23 },
    brief: [],
  },
  {
    ...as,
    id: 'hash',
    what: 'segments are not hashed',
    edits: ['pass hash-is-right'],
    violates: { 'I-11': 23 },
    brief: [],
  },
  {
    ...as,
    id: 'left by LOAD_FW',
    what: 'a LOAD_FW that fails leaves what it has copied',
    edits: ['drop LOAD_FW/give-up/zero-region'],
    violates: { residue: 15 },
    brief: [],
  },
  {
    ...as,
    id: 'left by STOP',
    what: 'STOP leaves the image',
    edits: ['drop STOP/zero-region'],
    violates: { residue: 25 },
    brief: [],
  },
  {
    ...as,
    id: 'busy',
    what: 'RELEASE_FW does not wait for the command of another CPU',
    scope: {},
    edits: ['unlock RELEASE_FW/TA'],
    violates: { 'I-10': 26, 'I-11': 27, 'I-12': 15, 'L-7': 29, residue: 27, stop: 24 },
    brief: [],
  },
];
