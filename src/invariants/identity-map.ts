/** The identity map of the IDMAP and TE designs: it follows the host's CPU stage-2, and every live STE names it. */
import type { Builder } from '../language/index.js';
import { isHosts, type MirroredStage2, type Idmap } from '../spec/index.js';
import type { System } from './isolation.js';

/** I-6: what is not the host's, its CPUs can't touch. */
export function hostCpusReachHostPages(
  m: Builder,
  { parts: { page }, pages }: Pick<System, 'parts' | 'pages'>,
  { hostPte }: MirroredStage2,
): void {
  m.invariant('I-6', {
    text: 'No host CPU stage-2 mapping exists for a page with host=NOPAGE.',
    source: 'mem_protect.c',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), pte: hostPte(p) }),
    when: (s) => s.own.host === 'NOPAGE',
    holds: (s) => s.pte !== 'MAPPED',
    because: (s, { p }) => `${page.print(p)} belongs to ${s.own.owner}, and the host's CPUs have it mapped`,
  });
}

/** When nobody is at work, the devices have in the identity map just what the CPUs may have. */
export function idmapMirrorsMirroredStage2(
  m: Builder,
  { parts: { page }, tables }: Pick<System, 'parts' | 'tables'>,
  { hostPte }: MirroredStage2,
  { id, initialized }: Pick<Idmap, 'id' | 'initialized'>,
): void {
  m.quiescent('mirror', {
    text: 'After the snapshot the identity map has exactly the pages that the host’s CPU stage-2 leaves to the host.',
    source: 'S2:12-13',
    forall: { p: page },
    reads: ({ p }) => ({ pte: hostPte(p), table: tables.table(id), initialized }),
    when: (s) => s.initialized,
    holds: (s, { p }) => (s.table.get(p)?.tag === 'V') === isHosts(s.pte),
    because: (s, { p }) =>
      isHosts(s.pte)
        ? `${page.print(p)} is the host's, and not mapped`
        : `${page.print(p)} is not the host's, and mapped`,
  });
}

/** P-2: whatever mixture of words an SMMU has fetched, it walks the identity map or nothing. */
export function stesNameTheIdmap(
  m: Builder,
  { parts: { sid }, streams }: Pick<System, 'parts' | 'streams'>,
  { id }: Pick<Idmap, 'id'>,
): void {
  m.invariant('P-2', {
    text: 'For every live STE each intermediate memory content is fail-closed (V=0/abort) or equals old or new translation; no may-combination of words names a table outside {old,new}.',
    source: '§3.21; W-05',
    forall: { s: sid },
    reads: ({ s }) => ({ config: streams.mayConfig(s) }),
    when: ({ config }) => config.bypass || config.walks.length > 0,
    holds: ({ config }) => !config.bypass && config.walks.every(({ vmid, ttb }) => vmid === id && ttb === id),
    because: (_, { s }) =>
      `${sid.print(s)} may combine words that translate with words that do not name the identity map`,
  });
}
