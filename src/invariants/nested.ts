/** What the TE design adds: shadow structures, an SMMU that writes memory itself, and a queue that two use. */
import { enumOf, set, type Builder, type Seen } from '../language/index.js';
import type { Domain, NestedSmmu, TeRegisters } from '../spec/index.js';
import type { System } from './isolation.js';

/** I-3 for stage-2 tables: the SMMU never takes the host's own for EL2's. */
export function liveStesNameEl2sTable(
  m: Builder,
  { parts: { sid }, streams }: Pick<System, 'parts' | 'streams'>,
  id: Domain,
): void {
  m.invariant('I-3', {
    text: 'Every stage-2 table that a live STE, in memory or cached, names is EL2’s.',
    source: 'IHI 0070 §3.21; S3:77-81',
    forall: { s: sid },
    reads: ({ s }) => ({ config: streams.mayConfig(s) }),
    when: ({ config }) => config.walks.length > 0,
    holds: ({ config }) => config.walks.every(({ ttb }) => ttb === id),
    because: (_, { s }) => `${sid.print(s)} may walk a table that is not EL2’s`,
  });
}

/** I-4: no transaction passes untranslated. */
export function nothingBypassesNesting(
  m: Builder,
  { parts: { sid }, streams }: Pick<System, 'parts' | 'streams'>,
  { smmuen, abort }: TeRegisters,
): void {
  m.invariant('I-4', {
    text: 'After take-over no transaction passes untranslated: not with SMMUEN=0 and GBPA.ABORT=0, not by an STE that bypasses.',
    source: 'S3:75; §6.3',
    forall: { s: sid },
    reads: ({ s }) => ({ config: streams.mayConfig(s), smmuen, abort }),
    holds: (seen) => (seen.smmuen || seen.abort) && !seen.config.bypass,
    because: (seen, { s }) =>
      seen.config.bypass ? `${sid.print(s)} may bypass` : 'SMMUEN and GBPA.ABORT are both 0: all streams bypass',
  });
}

/** I-9: where the SMMU writes events, no stage-2 protects. */
export function eventsGoToPinnedHostPages(m: Builder, { pages }: Pick<System, 'pages'>, { evtq }: TeRegisters): void {
  m.invariant('I-9', {
    text: 'Every page the SMMU itself writes (EVTQ) is host-ok and pinned (ref>0) while that writer is enabled.',
    source: 'v4 review of queue bases',
    reads: () => ({ evtq, ownership: pages.ownership, ref: pages.ref }),
    when: (s) => s.evtq.enabled,
    holds: ({ evtq: { base }, ownership, ref }) =>
      base !== null && ownership.at(base).host !== 'NOPAGE' && ref.at(base) > 0,
    because: ({ evtq: { base }, ownership }) =>
      base === null
        ? 'events go to an address that nobody has set'
        : ownership.at(base).host === 'NOPAGE'
          ? `events go to a page of ${ownership.at(base).owner}`
          : 'events go to a page that is not pinned',
  });
}

/** P-9: a monitor remembers what the trap at work has read. Traps are serialised by the SMMU's lock. */
export function untrustedWordsAreReadOnce(m: Builder): void {
  const Word = enumOf('command', 'STE');
  type WordName = (typeof Word.values)[number];
  const words = m.variable('words read', set(Word), set(Word).make());
  m.explain(words, 'no variable of the kernel: what the trap at work has read from the host’s memory so far, for P-9');
  const monitor = m.monitor('words read', { words }, {
    trap: () => ({ words: set(Word).make() }),
    'host memory read': ({ word }: { word: WordName }, s: Seen<{ words: typeof words }>) => ({ words: s.words.add(word) }),
  }); // prettier-ignore
  m.transition('P-9', {
    text: 'EL2 reads each untrusted memory word at most once per decision (no check on one read, use of another).',
    source: 'TOCTOU rule',
    monitors: [monitor],
    on: ['host memory read'],
    reads: () => ({ words }),
    holds: (before, _after, _, step) => !before.words.has(step.emitted('host memory read')!.word as WordName),
    because: (_before, _after, _, step) => `EL2 reads the ${String(step.emitted('host memory read')!.word)} again`,
  });
}

/** V-6. Who puts commands into the queue has its lock until all are consumed: so it runs empty again and again. */
export function queueDrains(m: Builder, { cmdq }: NestedSmmu): void {
  m.leadsTo('V-6', {
    text: 'A latched command error is eventually cleared by someone entitled to do so, and TLBI of unrelated domains proceed.',
    source: 'TE design; here: whatever is in the queue, it runs empty with no error latched',
    reads: () => ({ cmdq }),
    when: (s) => !s.cmdq.ring.isEmpty() || s.cmdq.error,
    holds: (s) => s.cmdq.ring.isEmpty() && !s.cmdq.error,
    because: (s) => (s.cmdq.error ? 'the queue has stopped at an error' : 'the queue never runs empty'),
  });
}
