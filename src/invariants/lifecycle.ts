/** Lifecycle (domain brief, section d): what is left when nobody is at work; and that everybody can finish. */
import type { Builder } from '../language/index.js';
import type { System } from './isolation.js';

/** L-5: no leaked refcount (a page with one could never be given away again), and none missing. */
export function quietRefsMatchMappings(
  m: Builder,
  { parts: { page, mappingDomains, iova, smmu }, pages, tables, hw }: System,
): void {
  m.quiescent('L-5', {
    text: 'ref(p)=0 iff no mapping or pin names p (no leak: a leaked ref makes p undonatable for ever).',
    source: 'use/unuse pairing',
    forall: { p: page },
    reads: ({ p }) => ({ ref: pages.ref(p), table: tables.table, cmdq: hw.cmdq }),
    when: (s) => smmu.values.every((k) => s.cmdq.at(k).ahead === 0),
    holds: (s, { p }) => {
      const leaves = mappingDomains.flatMap((d) => iova.values.map((x) => s.table.at(d).get(x)));
      return s.ref > 0 === leaves.some((leaf) => leaf?.tag !== 'ZERO' && leaf?.value === p);
    },
    because: (s, { p }) =>
      s.ref > 0
        ? `${page.print(p)} is pinned (ref ${s.ref}), and no leaf names it`
        : `a leaf names ${page.print(p)}, and its ref is 0`,
  });
}

/** V-1, as far as it needs no fairness: nobody gets stuck. */
export function everyHypercallCanReturn(m: Builder, { pages }: Pick<System, 'pages'>): void {
  m.wedgeFree('wedge', {
    text: 'From every reachable state each CPU can return to idle.',
    source: 'V-1',
    excused: whoPanicked(pages),
  });
}

/** V-1. It says more than `wedge`: whoever waits is served, and no loop goes round for ever. */
export function everyHypercallReturns(m: Builder, { pages }: Pick<System, 'pages'>): void {
  m.returns('V-1', {
    text: 'Every started hypercall eventually returns if SMMUs are powered and the host does not stop scheduling.',
    source: 'rule 2',
    excused: whoPanicked(pages),
  });
}

const whoPanicked = ({ panicked }: System['pages']) => ({
  reads: { panicked },
  holds: (s: { panicked: boolean }): boolean => s.panicked,
});
