/** The remote processor's memory, when it is a page that the host gives away (domain brief, section d). */
import type { Builder } from '../language/index.js';
import {
  Signed,
  type FfaPages,
  type HostStage2,
  type Idmap,
  type IoPageTable,
  type PageOwnership,
  type Parts,
  type RemoteMemory,
  type Smmuv3,
} from '../spec/index.js';

/** The components that these properties look at. */
export interface RemoteMemorySystem {
  readonly parts: Parts;
  readonly pages: PageOwnership;
  readonly stage2: HostStage2;
  readonly ffa: FfaPages;
  readonly hw: Pick<Smmuv3, 'reach'>;
  readonly remote: RemoteMemory;
}

const isSigned = (content: Iterable<string>): boolean =>
  [...content].every((one) => (Signed.values as readonly string[]).includes(one));

/** I-7, for the secure world: it first has access where it takes the page. */
export function secureWorldTakesPagesOutOfReach(
  m: Builder,
  { parts: { device, page }, pages, ffa, hw }: RemoteMemorySystem,
): void {
  m.transition('I-7', {
    text: 'In any step that gives page p to a new owner (or lets that owner first access p), p is in no reach set of a device of a different owner.',
    source: 'S3:168',
    forall: { d: device, p: page },
    writes: ({ p }) => [ffa.handle(p)],
    reads: ({ d, p }) => ({ reach: hw.reach(d), handle: ffa.handle(p), own: pages.ownership(p) }),
    when: (before, after) => after.handle && !before.handle && after.own.owner !== 'HOST',
    holds: (_, after, { p }) => !after.reach.has(p),
    because: (_, after, { d, p }) => `${page.print(p)} goes to ${after.own.owner}, and ${device.print(d)} may still reach it`,
  }); // prettier-ignore
}

/**
 * I-10. Whoever stores, stores something else than the image: so the content tells. While the processor runs, the TEE's
 * own clearing counts too: nobody pulls the memory from under it.
 */
export function loadedImageStays(m: Builder, { remote: { state, memory } }: Pick<RemoteMemorySystem, 'remote'>): void {
  m.invariant('I-10', {
    text: 'While TA state(id) ∈ {LOADED,STARTED}, no EL1 store and no device DMA has changed a region of id since its verification (RP’s own writes excluded).',
    source: 'S1:36-42',
    reads: () => ({ state, memory }),
    when: (s) => s.state !== 'OFF',
    holds: (s) => (s.state === 'STARTED' ? isSigned(s.memory) : !s.memory.includes('BAD')),
    because: (s) => `the TA’s state is ${s.state}, and the memory is ${[...s.memory].join()}`,
  });
}

/** I-11. */
export function processorRunsSigned(m: Builder, { remote: { memory } }: Pick<RemoteMemorySystem, 'remote'>): void {
  m.transition('I-11', {
    text: 'RP executes only content of an image whose signature was verified AND all of whose signed segments are present.',
    source: 'S1:33-42',
    on: ['executed'],
    reads: () => ({ memory }),
    holds: (s) => isSigned(s.memory),
    because: (s) => `the processor executes ${[...s.memory].join()}`,
  });
}

/** I-12, its second half, for what the TEE has put into the page: nobody of the normal world has a way to it. */
export function imageIsOutOfTheHostsReach(
  m: Builder,
  { parts: { device }, stage2, hw, remote }: RemoteMemorySystem,
): void {
  const { place, memory, closed, firewall } = remote;
  m.invariant('I-12', {
    text: 'A page that changes owner carries no secret of the previous owner readable by the new one: while an image is in the memory, the host and its devices have no way to it.',
    source: 'S1:61-64; reclaim poison',
    forall: { d: device },
    reads: ({ d }) => ({ memory, mapped: stage2.mapped(place), closed, reach: hw.reach(d) }),
    when: (s) => isSigned(s.memory),
    holds: (s) => !(s.mapped && !s.closed) && !(s.reach.has(place) && !(s.closed && firewall === 'all masters')),
    because: (s, { d }) =>
      `the image is in the memory, and ${s.mapped && !s.closed ? 'the host’s CPUs reach' : `${device.print(d)} may reach`} it`,
  });
}

/** When nobody is at work, the devices have in the identity map just what the host owns. */
export function idmapMirrorsOwnership(
  m: Builder,
  { parts: { page }, pages }: Pick<RemoteMemorySystem, 'parts' | 'pages'>,
  { table }: IoPageTable,
  { id }: Idmap,
): void {
  m.quiescent('mirror', {
    text: 'The identity map has exactly the pages that the host owns.',
    source: 'S2:12-13',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), table: table(id) }),
    holds: (s, { p }) => (s.table.get(p)?.tag === 'V') === (s.own.owner === 'HOST'),
    because: (s, { p }) => `${page.print(p)} belongs to ${s.own.owner}, and its leaf is ${s.table.get(p)?.tag}`,
  });
}

/** The CPUs, and the SMMUs that they wait for. */
const allWhoHelp = ({ parts: { cpus, smmu } }: RemoteMemorySystem): string[] => [
  ...Array.from({ length: cpus }, (_, cpu) => `cpu${cpu}`),
  ...smmu.values.map((s) => smmu.print(s)),
];

/** V-4, for the TEE's part of it: whoever has spoilt what, the image can be made to run again. */
export function signedImageCanRun(m: Builder, system: RemoteMemorySystem): void {
  const { processor } = system.remote.remote;
  m.alwaysPossible('V-4', {
    text: 'From every reachable state there is a path to a running processor with a signed image.',
    source: 'S1 recovery text',
    by: allWhoHelp(system),
    reads: () => ({ memory: system.remote.memory, processor }),
    holds: (s) => s.processor.at(system.remote.remote.rproc.of(0)) === 'RUN' && isSigned(s.memory),
  });
}

/** V-7: lent pages come back, and no firewall is left in the host's way. */
export function lentPagesComeBack(m: Builder, system: RemoteMemorySystem): void {
  const { parts, pages, remote } = system;
  const { page } = parts;
  m.alwaysPossible('V-7', {
    text: 'From every reachable state every page can again be the host’s to use, and to donate (AG EF ref=0).',
    source: 'L-5',
    forall: { p: page },
    by: allWhoHelp(system),
    reads: ({ p }) => ({ own: pages.ownership(p), ref: pages.ref(p), closed: remote.closed }),
    holds: ({ own, ref, closed }, { p }) => own.host === 'OWNED' && ref === 0 && !(closed && p === remote.place),
  });
}
