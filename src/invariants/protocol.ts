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
 * A monitor that follows each leaf on each SMMU: made invalid, then covered by a TLBI, then completed by a CMD_SYNC.
 * It knows the commands only, not the caches: I-7 says what goes wrong, P-4 that the order was wrong.
 */
export function flushMonitor(m: Builder, { parts: { smmu, domain, iova, vmidOf } }: System) {
  const flush = m.family('flush', [smmu, domain, iova], enumOf('CLEAN', 'INVALIDATED', 'TLBI_DONE'), 'CLEAN');
  m.explain(
    flush,
    'no variable of the kernel: how far the invalidation of this leaf has come on this SMMU (made invalid, TLBI consumed, CMD_SYNC completed), for P-4',
  );
  type Flush = Seen<{ flush: typeof flush }>;
  const monitor = m.monitor('flush', { flush }, {
    'PTE invalidated': ({ domain: d, iova: x }: { domain: Domain; iova: Iova }, seen: Flush) => ({
      flush: smmu.values.reduce((all, s) => all.set(s, d, x, 'INVALIDATED'), seen.flush),
    }),
    'TLBI consumed': ({ smmu: s, domain: vmid, iova: x }: { smmu: Smmu; domain: Domain; iova: Iova }, seen: Flush) => ({
      flush: domain.values
        .filter((d) => vmidOf(d) === vmid && seen.flush.at(s, d, x) === 'INVALIDATED')
        .reduce((all, d) => all.set(s, d, x, 'TLBI_DONE'), seen.flush),
    }),
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
  return { flush, monitor };
}

interface Use {
  readonly page: Page;
  readonly domain?: Domain;
  readonly iova?: Iova;
}

type Flushes = ReturnType<typeof flushMonitor>;

interface Installed {
  readonly domain: Domain;
  readonly iova: Iova;
  readonly page: Page;
}

/** P-1: the architecture allows a leaf that names another page only where no SMMU can hold the one before. */
export function breakBeforeMake(m: Builder, system: System, driver: El2Driver, { flush, monitor }: Flushes): void {
  const { domain, iova, page } = system.parts;
  m.transition('P-1', {
    text: 'A live PTE is never changed to a different output address/size without INV + TLBI + SYNC in between (break-before-make).',
    source: '§3.21.1',
    monitors: [monitor],
    on: ['PTE installed'],
    reads: () => ({ flush, table: system.tables.table, nodes: driver.nodes }),
    holds: (before, _after, _, step) => {
      const { page: p, domain: d, iova: x } = step.emitted('PTE installed') as unknown as Installed;
      const leaf = before.table.at(d).get(x)!;
      if (leaf.tag !== 'ZERO' && leaf.value === p) return true;
      if (leaf.tag === 'V') return false;
      return [...driver.attachedSmmus(before.nodes.at(d))].every((s) => before.flush.at(s, d, x) === 'CLEAN');
    },
    because: (before, _after, _, step) => {
      const { page: p, domain: d, iova: x } = step.emitted('PTE installed') as unknown as Installed;
      const live =
        before.table.at(d).get(x)!.tag === 'V' ? 'is live' : 'was live, and is not flushed and synced on every SMMU';
      return `${domain.print(d)}/${iova.print(x)} ${live}, and gets ${page.print(p)}`;
    },
  });
}

/** P-4, where no SMMU is ever off. */
export function useEndsAfterSync(m: Builder, system: System, driver: El2Driver, { flush, monitor }: Flushes): void {
  const { domain, iova, page } = system.parts;
  const { tables } = system;
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

/** P-6: whoever takes two locks takes them in the one order of all. */
export function locksAreOrdered(m: Builder): void {
  m.lockOrder('P-6', {
    text: 'The lock-order graph collected over all reachable states is acyclic; no lock is taken twice by one owner; no sleeping call under a spinlock.',
    source: 'kernel lockdep rules',
  });
}

/** P-5, for the hypercall that gives up a use of a page: it has been flushed wherever an SMMU of the domain may translate. */
export function successMeansFlushed(m: Builder, system: System, driver: El2Driver): void {
  const { domain, iova } = system.parts;
  const { flush, monitor } = flushMonitor(m, system);
  m.transition('P-5', {
    text: 'Hypercall returns success only if its SYNC completed (or the SMMU was off and resume will invalidate).',
    source: 'smmu_sync_cmd',
    monitors: [monitor],
    on: ['unuse_dma'],
    reads: () => ({ flush, modes: system.streams.switches.modes, nodes: driver.nodes }),
    when: (_before, _after, _, step) => (step.emitted('unuse_dma') as unknown as Use).domain !== undefined,
    holds: (before, _after, _, step) => {
      const { domain: d, iova: x } = step.emitted('unuse_dma') as unknown as Required<Use>;
      return [...driver.attachedSmmus(before.nodes.at(d))].every(
        (s) => before.flush.at(s, d, x) === 'CLEAN' || !before.modes[s].has('TRANSLATE'),
      );
    },
    because: (_before, _after, _, step) => {
      const { domain: d, iova: x } = step.emitted('unuse_dma') as unknown as Required<Use>;
      return `${domain.print(d)}/${iova.print(x)} was not flushed, and an SMMU may still translate`;
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
