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
import {
  flag,
  handler,
  int,
  model,
  next,
  type Builder,
  type Expected,
  type Handler,
  type ScopeOf,
} from '../src/index.js';
import {
  eachProcessorCanRun,
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
  sessions: flag(true, 'the session is opened and closed at any time; else it is open from the start'),
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
  eachProcessorCanRun(m, system, (r) => `cpu${apart ? r % sizes.cpus : 0}`); // V-4
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
  expected: ({ regions }): Record<string, Expected> => ({
    'I-10': violated,
    'I-11': violated,
    ...(regions > 1 ? { 'I-12': violated } : {}),
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
  expected: ({ rprocs }): Record<string, Expected> =>
    rprocs > 1 ? { 'V-4-rproc0': violated, 'V-4-rproc1': violated } : {},
});

const sc20Source = model({
  name: 'SC-20/source-hashed',
  title: 'the hash of a segment is taken in shared memory, before the copy (D-54)',
  scope: scope(1, 2),
  build: (m, sizes) => declare(m, sizes, { ...good, hashes: 'source' }),
  expected: (): Record<string, Expected> => ({ 'I-11': violated, 'P-9': violated }),
});

export default [sc20, sc20Stm32mp15, sc20Optee, sc20Two, sc20OneState, sc20Source];

export const defects: readonly Defect[] = [];
