/** The remote processor's memory, and the TA that authenticates what it runs (domain brief, section d). */
import { enumOf, set, vector, type Builder, type Seen, type ValueOf } from '../language/index.js';
import {
  ImageSizes,
  SharedWord,
  Signed,
  type Content,
  type Region,
  type RemoteProcessors,
  type RemoteprocTa,
  type Rproc,
} from '../spec/index.js';

/** What these properties look at. */
export interface TaSystem {
  readonly remote: RemoteProcessors;
  readonly ta: Pick<RemoteprocTa, 'state' | 'lock'>;
}
type Contents = Iterable<ValueOf<typeof Content>>;

const isSigned = (content: string): boolean => (Signed.values as readonly string[]).includes(content);
const words = (contents: Contents): string => [...contents].join(', ');

/** I-10. The TA's own clearing counts too while the processor runs: nobody pulls the memory from under it. */
export function verifiedMemoryStays(m: Builder, { remote: { rproc, region, memory }, ta }: TaSystem): void {
  const Mark = enumOf('UNVERIFIED', 'VERIFIED', 'EL1', 'PTA');
  const Marks = vector(region, Mark);
  const marks = m.family('since verification', [rproc], Marks, Marks.fill('UNVERIFIED'));
  m.explain(
    marks,
    'no variable of the kernel: for each region, whether its segment was verified, and who has changed it since, for I-10',
  );
  type Monitored = Seen<{ marks: typeof marks }>;
  interface Changed {
    readonly rproc: Rproc;
    readonly regions: Iterable<Region>;
    readonly by: 'EL1' | 'PTA';
  }
  const each = (s: Monitored, r: Rproc, regions: Iterable<Region>, to: (mark: ValueOf<typeof Mark>) => typeof mark) => ({
    marks: s.marks.set(r, [...regions].reduce((all, g) => all.update(g, 'UNVERIFIED', to), s.marks.at(r))),
  }); // prettier-ignore
  const monitor = m.monitor('changes since verification', { marks }, {
    'LOAD_FW begins': (e: { rproc: Rproc }, s: Monitored) => each(s, e.rproc, region.values, () => 'UNVERIFIED'),
    'segment verified': (e: Omit<Changed, 'by'>, s: Monitored) => each(s, e.rproc, e.regions, () => 'VERIFIED'),
    'memory changed': (e: Changed, s: Monitored) =>
      each(s, e.rproc, e.regions, (mark) => (mark === 'VERIFIED' ? e.by : mark)),
  }); // prettier-ignore

  m.invariant('I-10', {
    text: 'While TA state(id) ∈ {LOADED,STARTED}, no EL1 store and no device DMA has changed a region of id since its verification (RP’s own writes excluded).',
    source: 'S1:36-42',
    monitors: [monitor],
    forall: { r: rproc },
    reads: ({ r }) => ({ state: ta.state(r), marks: marks(r), memory: memory(r) }),
    when: (s) => s.state !== 'OFF',
    holds: (s) => !s.marks.includes('EL1') && !(s.state === 'STARTED' && s.marks.includes('PTA')),
    because: (s, { r }) => `${rproc.print(r)} is ${s.state}, and its memory is ${words(s.memory)} by now`,
  });
}

/** I-11: a whole image, nothing else, and nothing missing. */
export function onlySignedImagesRun(m: Builder, { remote: { rproc, memory } }: Pick<TaSystem, 'remote'>): void {
  m.transition('I-11', {
    text: 'RP executes only content of an image whose signature was verified AND all of whose signed segments are present.',
    source: 'S1:33-42',
    on: ['executed'],
    forall: { r: rproc },
    reads: ({ r }) => ({ memory: memory(r) }),
    when: (_before, _after, { r }, step) => step.emitted('executed')!.rproc === r,
    holds: ({ memory: contents }) => {
      const [first] = contents;
      return isSigned(first) && contents.every((content) => content === first);
    },
    because: (before, _after, { r }) => `${rproc.print(r)} executes ${words(before.memory)}`,
  });
}

/** I-12, of regions; the rest of it is about Linux. */
export function releaseClearsMemory(m: Builder, { remote: { rproc, memory } }: Pick<TaSystem, 'remote'>): void {
  m.transition('I-12', {
    text: 'After a successful RELEASE_FW every region of id is zero.',
    source: 'S1:61-64',
    on: ['released'],
    forall: { r: rproc },
    reads: ({ r }) => ({ memory: memory(r) }),
    when: (_before, _after, { r }, step) => step.emitted('released')!.rproc === r,
    holds: (_before, { memory: contents }) => contents.every((content) => content === 'ZERO'),
    because: (_before, after, { r }) => `${rproc.print(r)} is released, and its memory is ${words(after.memory)}`,
  });
}

/** Not in the brief as an invariant: what a LOAD_FW that failed, or a STOP, leaves behind. */
export function offMeansEmpty(m: Builder, { remote: { rproc, memory }, ta }: TaSystem): void {
  m.quiescent('residue', {
    text: 'While the TA’s state is OFF, the memory holds no part of an image.',
    source: 'B15: facts',
    forall: { r: rproc },
    reads: ({ r }) => ({ state: ta.state(r), memory: memory(r) }),
    when: (s) => s.state === 'OFF',
    holds: (s) => !s.memory.some((content) => isSigned(content) || content === 'PART'),
    because: (s, { r }) => `the TA’s state of ${rproc.print(r)} is OFF, and its memory is ${words(s.memory)}`,
  });
}

/** L-7, the TA's part. */
export function taKnowsTheProcessor(m: Builder, { remote: { rproc, processor }, ta }: TaSystem): void {
  m.quiescent('L-7', {
    text: 'TA=STARTED ⇒ RP=RUN; TA ∈ {OFF,LOADED} ⇒ RP=RESET.',
    source: 'S1:33-64; the TA’s part of L-7',
    forall: { r: rproc },
    reads: ({ r }) => ({ state: ta.state(r), processor: processor(r) }),
    when: (s) => s.state !== 'OFF' || s.processor !== 'RESET',
    holds: (s) => (s.state === 'STARTED') === (s.processor !== 'RESET'),
    because: (s, { r }) => `the TA’s state of ${rproc.print(r)} is ${s.state}, and the processor’s is ${s.processor}`,
  });
}

/** P-9, for LOAD_FW: a program header starts a decision of its own. The TA runs one LOAD_FW at a time. */
export function taReadsWordsOnce(m: Builder): void {
  const Words = set(SharedWord);
  const read = m.variable('words read', Words, Words.make());
  m.explain(read, 'no variable of the kernel: what the LOAD_FW at work has read from shared memory so far, for P-9');
  type Monitored = Seen<{ read: typeof read }>;
  const monitor = m.monitor('words read', { read }, {
    'LOAD_FW begins': () => ({ read: Words.make() }),
    'program header read': (_: object, s: Monitored) => ({ read: s.read.delete('segment') }),
    'shared memory read': (e: { words: ValueOf<typeof Words> }, s: Monitored) => ({ read: s.read.union(e.words) }),
  }); // prettier-ignore
  m.transition('P-9', {
    text: 'The TA reads each untrusted memory word at most once per decision (no check on one read, use of another).',
    source: 'TOCTOU rule',
    monitors: [monitor],
    on: ['shared memory read'],
    reads: () => ({ read }),
    holds: (before, _after, _, step) =>
      before.read.intersect(step.emitted('shared memory read')!.words as ValueOf<typeof Words>).isEmpty(),
    because: (_before, _after, _, step) =>
      `the TA reads the ${words(step.emitted('shared memory read')!.words as Contents)} again`,
  });
}

/** What a second fetch of sizes is good for. Not in the brief. */
export function taStaysInItsBuffers(m: Builder): void {
  m.transition('bounds', {
    text: 'The TA reads nothing behind the end of the shared buffer, nor of its secure copy.',
    source: 'W-54',
    on: ['bytes used'],
    reads: () => ({}),
    holds: (_before, _after, _, step) => {
      const { there, used } = step.emitted('bytes used') as { there: Size; used: Size };
      return ImageSizes.values.indexOf(used) <= ImageSizes.values.indexOf(there);
    },
    because: () => 'the sizes that are used are not those that were checked',
  });
}
type Size = ValueOf<typeof ImageSizes>;

/** V-4, the TA's part: whatever the state, a driver gets its processor to run, and to stop, by its own commands. */
export function eachProcessorObeys(
  m: Builder,
  { remote: { rproc, processor }, ta }: TaSystem,
  driverOf: (r: Rproc) => string,
): void {
  for (const r of rproc.values) {
    m.alwaysPossible(rproc.size > 1 ? `V-4-${rproc.print(r)}` : 'V-4', {
      text: `From every reachable state in which the TA is idle there is a path to a running ${rproc.print(r)}, by commands for it alone.`,
      source: 'V-4, the TA’s part',
      by: [driverOf(r)],
      reads: () => ({ busy: ta.lock, processor: processor(r) }),
      when: (s) => s.busy === 0,
      holds: (s) => s.processor === 'RUN',
      because: () => `${rproc.print(r)} can’t be started`,
    });
    m.alwaysPossible(rproc.size > 1 ? `stop-${rproc.print(r)}` : 'stop', {
      text: `From every reachable state in which the TA is idle there is a path to ${rproc.print(r)} in reset, by commands for it alone.`,
      source: 'V-4, the TA’s part',
      by: [driverOf(r)],
      reads: () => ({ busy: ta.lock, processor: processor(r) }),
      when: (s) => s.busy === 0,
      holds: (s) => s.processor === 'RESET',
      because: () => `${rproc.print(r)} can’t be stopped`,
    });
  }
}

/** V-1 as far as it needs no fairness. The loop over program headers ends where the image ends, which the model does not know. */
export function everyCommandCanReturn(m: Builder): void {
  m.wedgeFree('wedge', { text: 'From every reachable state each CPU can return to idle.', source: 'V-1' });
}
