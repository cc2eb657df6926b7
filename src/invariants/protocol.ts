/** Protocol (domain brief, section d): the order in which things are done. */
import { enumOf, type Builder, type Seen } from '../language/index.js';
import type { Domain, El2Driver, Iova, Page, Smmu } from '../spec/index.js';
import type { System } from './isolation.js';

/** P-3: the producer never overtakes the consumer. */
export function queuesNeverOverflow(m: Builder, { parts: { smmu }, hw }: System): void {
  m.invariant('P-3', {
    text: 'PROD is never more than N ahead of CONS.',
    source: '§3.5',
    forall: { s: smmu },
    reads: ({ s }) => ({ cmdq: hw.cmdq(s) }),
    when: ({ cmdq }) => cmdq.ahead > 0,
    holds: ({ cmdq }) => cmdq.ahead <= hw.capacity,
    because: ({ cmdq }, { s }) =>
      `PROD of ${smmu.print(s)} is ${cmdq.ahead} ahead of CONS, and the queue has ${hw.capacity} entries`,
  });
}

/**
 * P-4. A monitor follows each leaf on each SMMU: made invalid, then covered by a TLBI, then completed by a CMD_SYNC.
 * It knows the commands only, not the caches: I-7 says what goes wrong, P-4 that the order was wrong.
 */
export function useEndsAfterSync(
  m: Builder,
  { parts: { smmu, domain, iova, page }, tables, hw: _ }: System,
  driver: El2Driver,
): void {
  const flush = m.family('flush', [smmu, domain, iova], enumOf('CLEAN', 'INVALIDATED', 'TLBI_DONE'), 'CLEAN');
  type Flush = Seen<{ flush: typeof flush }>;
  const monitor = m.monitor('flush', { flush }, {
    'PTE invalidated': ({ domain: d, iova: x }: { domain: Domain; iova: Iova }, seen: Flush) => ({
      flush: smmu.values.reduce((all, s) => all.set(s, d, x, 'INVALIDATED'), seen.flush),
    }),
    'TLBI consumed': ({ smmu: s, domain: d, iova: x }: { smmu: Smmu; domain: Domain; iova: Iova }, seen: Flush) =>
      seen.flush.at(s, d, x) === 'INVALIDATED' ? { flush: seen.flush.set(s, d, x, 'TLBI_DONE') } : {},
    // Nobody on this SMMU has walked the table until now: it can hold none of the leaves that are gone.
    'STE live': ({ smmu: s, domain: d, first }: { smmu: Smmu; domain: Domain; first: boolean }, seen: Flush) =>
      first ? { flush: iova.values.reduce((all, x) => all.set(s, d, x, 'CLEAN'), seen.flush) } : {},
    'CMD_SYNC completed': ({ smmu: s }: { smmu: Smmu }, seen: Flush) => ({
      flush: domain.values
        .flatMap((d) => iova.values.map((x) => ({ d, x })))
        .filter(({ d, x }) => seen.flush.at(s, d, x) === 'TLBI_DONE')
        .reduce((all, { d, x }) => all.set(s, d, x, 'CLEAN'), seen.flush),
    }),
  }); // prettier-ignore

  interface Use {
    readonly page: Page;
    readonly domain?: Domain;
    readonly iova?: Iova;
  }
  m.transition('P-4', {
    text: 'unuse_dma(p) for a mapping happens only after a SYNC that follows a TLBI that follows that PTE’s invalidation, on every SMMU of the domain.',
    source: 'v2 39/58',
    monitors: [monitor],
    on: ['unuse_dma'],
    reads: () => ({ flush, table: tables.table, nodes: driver.nodes }),
    when: (_before, _after, _, step) => (step.emitted('unuse_dma') as unknown as Use).domain !== undefined,
    holds: (before, _after, _, step) => {
      const { page: p, domain: d, iova: x } = step.emitted('unuse_dma') as unknown as Required<Use>;
      const leaf = before.table.at(d).get(x);
      const live = leaf?.tag === 'V' && leaf.value === p;
      return !live && [...driver.attachedSmmus(before.nodes.at(d))].every((s) => before.flush.at(s, d, x) === 'CLEAN');
    },
    because: (_before, _after, _, step) => {
      const { page: p, domain: d, iova: x } = step.emitted('unuse_dma') as unknown as Required<Use>;
      return `the use of ${page.print(p)} by ${domain.print(d)}/${iova.print(x)} ends, and its leaf is not invalidated, flushed and synced on every SMMU`;
    },
  });
}

/** P-14: EL2 does not run into a BUG_ON, whatever the host does. A matter of availability. */
export function el2NeverPanics(m: Builder, { pages }: Pick<System, 'pages'>): void {
  m.invariant('P-14', {
    text: 'No reachable state has EL2 panicked in HOSTILE mode.',
    source: 'rule 7',
    reads: () => ({ panicked: pages.panicked }),
    holds: (s) => !s.panicked,
    because: () => 'a refcount was decremented at zero, or incremented at its top: BUG_ON',
  });
}
