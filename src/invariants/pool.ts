/** The pool of EL2 pages (domain brief, section d): whose each page is, and that tables end after their last user. */
import { bool, type Builder } from '../language/index.js';
import type { Domain, DomainRefs, HypPool, Page } from '../spec/index.js';
import type { System } from './isolation.js';

/** I-3 for table pages: EL2 has them, and each is one thing. */
export function tablePagesAreHyps(
  m: Builder,
  { parts: { page, domain, iova }, pages }: System,
  { pool, nextLevel }: HypPool,
): void {
  m.invariant('I-3/pages', {
    text: 'Every page of a domain’s table, and every free page of the pool, is owned by HYP, and is one of these once.',
    source: 'IHI 0070 §3.21; B3',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), pool, nextLevel }),
    when: (s, { p }) => timesUsed(s, p) > 0,
    holds: (s, { p }) => s.own.owner === 'HYP' && timesUsed(s, p) === 1,
    because: (s, { p }) => `${page.print(p)} is owned by ${s.own.owner}, and has ${timesUsed(s, p)} uses`,
  });

  interface Books {
    readonly pool: { has(p: Page): boolean };
    readonly nextLevel: { at(d: Domain, x: (typeof iova.values)[number]): Page | null };
  }
  function timesUsed(seen: Books, p: Page): number {
    const links = domain.values.flatMap((d) => iova.values.filter((x) => seen.nextLevel.at(d, x) === p));
    return links.length + (seen.pool.has(p) ? 1 : 0);
  }
}

/** L-5 for EL2's pages: none is lost. */
export function noPoolPageIsLost(
  m: Builder,
  { parts: { page, domain, iova }, pages }: System,
  { pool, nextLevel }: HypPool,
  refs?: DomainRefs['refs'],
): void {
  m.quiescent('L-5/pages', {
    text: 'A page that HYP owns is free in the pool, or is a table of an allocated domain.',
    source: 'B3',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), pool, nextLevel, ...(refs && { refs }) }),
    when: (s) => s.own.owner === 'HYP',
    holds: (s, { p }) =>
      s.pool.has(p) ||
      domain.values.some((d) => (!refs || s.refs!.at(d) > 0) && iova.values.some((x) => s.nextLevel.at(d, x) === p)),
    because: (_, { p }) => `EL2 keeps ${page.print(p)}, and has no use for it`,
  });
}

/**
 * L-4. Table pages here are the next-level tables. Who may still walk to one: a configuration that may walk the domain's
 * table, or a walk cache. Walk caches are kept by no variable of their own: a VMID that has entries left which only an
 * invalidation can remove may have the entries of their tables left too.
 */
export function tablesEndAfterTheirWalkers(m: Builder, { parts: { page, smmu, domain }, streams, hw }: System): void {
  const leftover = m.derived(
    'VMIDs that need an invalidation',
    Object.fromEntries(smmu.values.flatMap((s) => domain.values.map((d) => [`${s} ${d}`, hw.leftover(s, d)]))),
    (seen) => new Set(Object.keys(seen).filter((key) => (seen[key] as Set<Page>).size > 0)),
  );
  m.transition('L-4', {
    text: 'A page leaves the PT use only when no STE/CD/PTE may-set names it, and its VMID has no entries left that stand for walk caches.',
    source: '§3.21',
    on: ['table freed'],
    reads: () => ({ walkers: streams.walkers, leftover }),
    holds: (before, _after, _, step) => {
      const { domain: d } = step.emitted('table freed') as unknown as { domain: Domain };
      return (
        before.walkers.every((walks) => walks.every(({ ttb }) => ttb !== d)) &&
        smmu.values.every((s) => !before.leftover.has(`${s} ${d}`))
      );
    },
    because: (_before, _after, _, step) => {
      const { domain: d, page: p } = step.emitted('table freed') as unknown as { domain: Domain; page: Page };
      return `${page.print(p)} was a table of ${domain.print(d)}, and an SMMU may still walk to it`;
    },
  });
}

/** What map_pages was asked for, and what is mapped by now. */
interface Returned {
  readonly count: number;
  readonly total: number;
}

/** P-10, for the one domain of a host that keeps to the protocol. */
export function retriesAddUp(m: Builder, { parts: { domain, iova, page }, pages, tables }: System): void {
  m.transition('P-10', {
    text: 'A hypercall that returns -ENOMEM reports exactly its partial effect; after refill, retrying yields the same final state as a single successful call.',
    source: 'refill protocol',
    on: ['map_pages returned'],
    reads: () => ({ table: tables.table(domain.of(0)), ref: pages.ref }),
    holds: (before, _after, _, step) => {
      const { total } = step.emitted('map_pages returned') as unknown as Returned;
      const leaf = (i: number) => before.table.get(i)!;
      return (
        iova.values.every((x) =>
          x < total ? leaf(x).tag === 'V' && leaf(x).value === page.of(x) : leaf(x).tag === 'ZERO',
        ) && page.values.every((p) => before.ref.at(p) === (p < total ? 1 : 0))
      );
    },
    because: (_before, _after, _, step) => {
      const { count, total } = step.emitted('map_pages returned') as unknown as Returned;
      return `map_pages says that ${total} of ${count} pages are mapped, and other leaves or refcounts are there`;
    },
  });
}

/** V-3, as far as it needs no fairness: no request for memory is in vain. */
export function everyRequestCanBeMet(m: Builder, { parts: { domain, iova, smmu, cpus }, tables }: System): void {
  m.alwaysPossible('V-3', {
    text: 'From every reachable state the host can, by donating pages, have each address mapped.',
    source: 'refill',
    by: everybody(cpus, smmu),
    forall: { d: domain, x: iova },
    reads: ({ d }) => ({ table: tables.table(d) }),
    holds: (s, { x }) => s.table.get(x)?.tag === 'V',
  });
}

/**
 * V-3, for the one host that keeps to the protocol. Where it takes a page back between a donation and the next try (W-27),
 * it is owed nothing until it has tried again.
 */
export function retriesSucceed(m: Builder): void {
  const drainerOwesItself = m.assumed('W-27', 'a host that waits for memory does not take it back time after time');
  const asked = m.variable('memory asked for', bool, false);
  const drained = m.variable('page taken back', bool, false);
  m.explain(asked, 'no variable of the kernel: the last map_pages did not map all pages, and asks for memory, for V-3');
  m.explain(drained, 'no variable of the kernel: since then the host has taken a page back from EL2, for V-3');
  const monitor = m.monitor('request for memory', { asked, drained }, {
    'map_pages returned': ({ count, total }: Returned) => ({ asked: total < count, drained: false }),
    accepted: ({ call }: { call: string }) => (call === '__pkvm_hyp_donate_host' ? { drained: true } : {}),
  }); // prettier-ignore
  m.leadsTo('V-3', {
    text: 'A host that donates the requested pages eventually sees the retried hypercall succeed.',
    source: 'refill',
    monitors: [monitor],
    reads: () => ({ asked }),
    when: (s) => s.asked,
    holds: (s) => !s.asked,
    because: () => 'map_pages never maps the rest',
    excused: { reads: { drained }, holds: (s) => drainerOwesItself && s.drained },
  });
}

/** V-7. */
export function everyPageCanBeDonated(m: Builder, { parts: { page, smmu, cpus }, pages }: System): void {
  m.alwaysPossible('V-7', {
    text: 'From every reachable state every host page not used by anyone can again be donated (AG EF ref=0).',
    source: 'L-5',
    by: everybody(cpus, smmu),
    forall: { p: page },
    reads: ({ p }) => ({ ref: pages.ref(p) }),
    holds: (s) => s.ref === 0,
  });
}

const everybody = (cpus: number, smmu: System['parts']['smmu']): string[] => [
  ...Array.from({ length: cpus }, (_, cpu) => `cpu${cpu}`),
  ...smmu.values.map((s) => smmu.print(s)),
];
