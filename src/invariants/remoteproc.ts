/** A remote processor that the TEE manages (domain brief, section d): Linux, the TA and the processor agree. */
import type { Builder, Family } from '../language/index.js';
import type { ClientVariables, RemoteProcessors, RemoteprocTa, Rproc, RprocVariables } from '../spec/index.js';

/** The components that these properties look at. */
export interface RemoteprocSystem {
  readonly remote: RemoteProcessors;
  readonly ta: RemoteprocTa;
  readonly rprocs: RprocVariables;
  readonly client: ClientVariables;
}

type CrashInterrupt = Family<readonly [Rproc] & readonly number[], boolean>;

interface Running {
  readonly rproc: Rproc;
  readonly image: 'A' | 'B';
}

/**
 * L-7. DELETED counts as OFFLINE. The repaired client may know that a RELEASE_FW has yet to succeed: it boots nothing before it has. While the
 * interrupt of a crash is `pending`, there is still somebody at work.
 */
export function linuxAndTheTaAgree(
  m: Builder,
  { remote, ta, rprocs, client }: RemoteprocSystem,
  pending?: CrashInterrupt,
): void {
  const { rproc, processor } = remote;
  m.quiescent('L-7', {
    text: 'rproc st=RUNNING ⇒ TA=STARTED ⇒ RP=RUN; st=OFFLINE ⇒ TA ∈ {OFF}, RP=RESET.',
    source: 'S1:33-64',
    forall: { rproc },
    reads: ({ rproc: r }) => ({
      state: rprocs.state(r),
      ta: ta.state(r),
      processor: processor(r),
      dirty: client.dirty(r),
      ...(pending && { pending: pending(r) }),
    }),
    when: (s) =>
      !(pending && s.pending) &&
      (s.state === 'RUNNING' || ((s.state === 'OFFLINE' || s.state === 'DELETED') && !s.dirty)),
    holds: (s) =>
      s.state === 'RUNNING' ? s.ta === 'STARTED' && s.processor !== 'RESET' : s.ta === 'OFF' && s.processor === 'RESET',
    because: (s) => `for Linux it is ${s.state}, for the TA ${s.ta}, and the processor is in ${s.processor}`,
  });
}

/** L-13. A crashed processor's subdevices stay up until it is stopped: nothing is asked of them there. */
export function powerCountsRunning(m: Builder, { rprocs }: RemoteprocSystem): void {
  const { rproc, state, power, subdevices } = rprocs;
  m.quiescent('L-13', {
    text: 'power>0 iff st ∈ {RUNNING,ATTACHED,CRASHED}; subdevices up iff st=RUNNING/ATTACHED.',
    source: 'rproc core',
    forall: { rproc },
    reads: ({ rproc: r }) => ({ state: state(r), power: power(r), subdevices: subdevices(r) }),
    holds: (s) =>
      s.power > 0 === (s.state === 'RUNNING' || s.state === 'CRASHED') &&
      (s.state === 'CRASHED' || (s.subdevices === 'up') === (s.state === 'RUNNING')),
    because: (s) => `it is ${s.state} with power ${s.power}, and its subdevices are ${s.subdevices}`,
  });
}

/** I-12, for regions. */
export function nothingIsLeftBehind(m: Builder, { remote, rprocs, client }: RemoteprocSystem): void {
  const { rproc, region, memory } = remote;
  m.quiescent('I-12', {
    text: 'After a complete Linux shutdown or failed boot RELEASE_FW has succeeded, and after a successful RELEASE_FW every region of id is zero.',
    source: 'S1:61-64',
    forall: { rproc },
    reads: ({ rproc: r }) => ({
      state: rprocs.state(r),
      power: rprocs.power(r),
      memory: memory(r),
      dirty: client.dirty(r),
    }),
    when: (s) => s.state === 'OFFLINE' && s.power === 0 && !s.dirty,
    holds: (s) => region.values.every((g) => s.memory.get(g) === 'ZERO'),
    because: (s) => `it is off, and its memory still holds ${s.memory.get(region.of(0))}`,
  });
}

/** P-13, for start: what Linux takes for running does run. */
export function startedMeansRunning(m: Builder, { remote, ta }: RemoteprocSystem): void {
  m.transition('P-13', {
    text: 'Return 0 ⇒ effect done: where rproc_start succeeds, the TA has started the processor.',
    source: 'swallowed errors list',
    on: ['running'],
    reads: () => ({ ta: ta.state, processor: remote.processor }),
    holds: (s, _after, _, step) => {
      const { rproc } = step.emitted('running') as unknown as Running;
      return s.ta.at(rproc) === 'STARTED' && s.processor.at(rproc) !== 'RESET';
    },
    because: () => 'Linux says that it runs, and it is in RESET',
  });
}

/** P-13, for a boot that has nothing to do (W-63, W-65). */
export function bootsAreNotTakenForDone(m: Builder, { rprocs }: RemoteprocSystem): void {
  m.transition('P-13-boot', {
    text: 'Return 0 ⇒ effect done: where rproc_boot returns 0 at once, the processor is not OFFLINE.',
    source: 'swallowed errors list; W-63',
    on: ['booted already'],
    reads: () => ({ state: rprocs.state, power: rprocs.power }),
    holds: (s, _after, _, step) =>
      s.state.at((step.emitted('booted already') as unknown as Running).rproc) !== 'OFFLINE',
    because: () => 'its power count says that it is booted, and it is OFFLINE',
  });
}

/** I-11, its freshness: D-53's consequence. */
export function runsWhatLinuxMeans(m: Builder, { remote }: RemoteprocSystem): void {
  const { region, memory } = remote;
  m.transition('I-11', {
    text: 'RP executes only content of an image whose signature was verified AND all of whose signed segments are present; here: of the image that Linux has asked for.',
    source: 'S1:33-42',
    on: ['running'],
    reads: () => ({ memory }),
    holds: (s, _after, _, step) => {
      const { rproc, image } = step.emitted('running') as unknown as Running;
      return region.values.every((g) => s.memory.at(rproc).get(g) === image);
    },
    because: (s, _after, _, step) => {
      const { rproc, image } = step.emitted('running') as unknown as Running;
      return `Linux has booted image ${image}, and what runs is ${s.memory.at(rproc).get(region.of(0))}`;
    },
  });
}

/** P-16. */
export function oldImageIsReleased(m: Builder, { remote, ta }: RemoteprocSystem): void {
  const { region, memory } = remote;
  m.transition('P-16', {
    text: 'RELEASE_FW is delivered (or TA is already OFF) before the next LOAD_FW of a different image.',
    source: 'S1:61-64, TA LOAD idempotence',
    on: ['LOAD_FW'],
    reads: () => ({ ta: ta.state, memory }),
    holds: (s, _after, _, step) => {
      const { rproc, image } = step.emitted('LOAD_FW') as unknown as Running;
      return s.ta.at(rproc) === 'OFF' || region.values.every((g) => s.memory.at(rproc).get(g) === image);
    },
    because: (s, _after, _, step) => {
      const { rproc, image } = step.emitted('LOAD_FW') as unknown as Running;
      const there = s.memory.at(rproc).get(region.of(0));
      return `the TA is ${s.ta.at(rproc)} with image ${there}: it will take the LOAD_FW of image ${image} for done`;
    },
  });
}

/** V-4. */
export function canRunTheCurrentImage(
  m: Builder,
  { remote, ta, rprocs }: RemoteprocSystem,
  by: readonly string[],
): void {
  const { rproc, region, memory } = remote;
  m.alwaysPossible('V-4', {
    text: 'From every reachable COMPLIANT state there is a path to st=RUNNING with the CURRENT image (no wedged TA/power count).',
    source: 'S1 recovery text',
    forall: { rproc },
    by,
    reads: ({ rproc: r }) => ({
      state: rprocs.state(r),
      ta: ta.state(r),
      memory: memory(r),
      firmware: rprocs.firmware(r),
    }),
    holds: (s) =>
      s.state === 'RUNNING' && s.ta === 'STARTED' && region.values.every((g) => s.memory.get(g) === s.firmware),
  });
}
