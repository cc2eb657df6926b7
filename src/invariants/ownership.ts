/** Ownership in full (domain brief, section d): what CPUs and devices may reach, and what pages may carry along. */
import type { Builder } from '../language/index.js';
import type {
  DmaPages,
  GuestPages,
  GuestTable,
  HostStage2,
  HypPages,
  OwnershipValue,
  Page,
  PageOwnership,
  Parts,
} from '../spec/index.js';
import { legal, ownershipWords } from './isolation.js';

/** The components that these properties look at. */
export interface OwnershipSystem {
  readonly parts: Parts;
  readonly isRam: (page: Page) => boolean;
  readonly pages: PageOwnership;
  readonly stage2: HostStage2;
  readonly hyp: HypPages;
  readonly guestTable: GuestTable;
  readonly guest: GuestPages;
  readonly dma: DmaPages;
}

/** I-6. The host's leaves are made on fault, so the converse is not true: a page without a leaf may be the host's. */
export function hostMapsOnlyItsPages(
  m: Builder,
  { parts: { page }, pages, stage2 }: Pick<OwnershipSystem, 'parts' | 'pages' | 'stage2'>,
): void {
  m.invariant('I-6', {
    text: 'No host CPU stage-2 mapping exists for a page with host=NOPAGE.',
    source: 'mem_protect.c',
    forall: { p: page },
    reads: ({ p }) => ({ mapped: stage2.mapped(p), own: pages.ownership(p) }),
    when: (s) => s.mapped,
    holds: ({ own }) => own.host !== 'NOPAGE',
    because: ({ own }, { p }) => `host CPUs reach ${page.print(p)}, which belongs to ${own.owner}`,
  });
}

/** I-1, for the device that dma-pages.ts has: it reaches a page as long as there is a leaf. */
export function leavesNameHostPages(m: Builder, { parts: { page }, pages, dma }: OwnershipSystem): void {
  m.invariant('I-1', {
    text: 'For every device d assigned to the host and every page p in reach(d): host(p) is not NOPAGE.',
    source: 'S3:28-38,52-56; v2/v4 cover letters',
    forall: { p: page },
    reads: ({ p }) => ({ leaf: dma.leaf(p), own: pages.ownership(p) }),
    when: (s) => s.leaf,
    holds: ({ own }) => own.host !== 'NOPAGE',
    because: ({ own }, { p }) => `a device of the host reaches ${page.print(p)}, which belongs to ${own.owner}`,
  });
}

/** I-7, for the device that dma-pages.ts has: it reaches a page as long as there is a leaf. */
export function newOwnersPagesHaveNoLeaf(m: Builder, { parts: { page }, pages, dma }: OwnershipSystem): void {
  m.transition('I-7', {
    text: 'In any step that gives page p to a new owner, p is in no reach set of a device of a different owner.',
    source: 'S3:168',
    forall: { p: page },
    writes: ({ p }) => [pages.ownership(p)],
    reads: ({ p }) => ({ leaf: dma.leaf(p), own: pages.ownership(p) }),
    when: (before, after) => after.own.owner !== before.own.owner && after.own.owner !== 'HOST',
    holds: (_, after) => !after.leaf,
    because: (_, after, { p }) => `${page.print(p)} goes to ${after.own.owner}, and a device of the host reaches it`,
  });
}

/** I-12, its second half. Emptying a page is the old owner's protection, so it is judged where the owner changes. */
export function pagesChangeOwnerWithoutSecrets(m: Builder, { parts: { page }, pages, hyp }: OwnershipSystem): void {
  m.transition('I-12', {
    text: 'A page that changes owner carries no secret of the previous owner readable by the new one.',
    source: 'reclaim poison',
    forall: { p: page },
    writes: ({ p }) => [pages.ownership(p)],
    reads: ({ p }) => ({ secret: hyp.secret(p), own: pages.ownership(p) }),
    when: (before, after) => after.own.owner !== before.own.owner && before.own.owner !== 'HOST',
    holds: (before, after) => after.secret !== before.own.owner,
    because: (before, after, { p }) =>
      `${page.print(p)} goes from ${before.own.owner} to ${after.own.owner} with a secret of ${after.secret}`,
  });
}

/** T6, as a state: a secret is out of the host's reach. What a guest shares is no secret any more. */
export function hostReadsNoSecrets(m: Builder, { parts: { page }, hyp, stage2 }: OwnershipSystem): void {
  m.invariant('T6', {
    text: 'No host CPU stage-2 mapping exists for a page with a secret.',
    source: 'T1, T6',
    forall: { p: page },
    reads: ({ p }) => ({ secret: hyp.secret(p), mapped: stage2.mapped(p) }),
    when: (s) => s.secret !== 'none',
    holds: (s) => !s.mapped,
    because: (s, { p }) => `host CPUs reach ${page.print(p)}, which holds a secret of ${s.secret}`,
  });
}

/** I-14, what it says in every state. The exact count is L-5's, where nobody is at work. */
export function usedPagesAreCounted(m: Builder, { parts: { page }, isRam, pages, hyp, dma }: OwnershipSystem): void {
  m.invariant('I-14', {
    text: 'For every RAM page p: ref(p)>0 while a leaf or a pin names p.',
    source: 'v2 design; S3:168',
    forall: { p: page },
    reads: ({ p }) => ({ ref: pages.ref(p), leaf: dma.leaf(p), pinned: hyp.pinned(p) }),
    when: (s, { p }) => isRam(p) && (s.leaf || s.pinned),
    holds: (s) => s.ref > 0,
    because: (_, { p }) => `ref(${page.print(p)}) is 0, and it is in use`,
  });
}

/** MMIO is the host's or EL2's, or tainted: the host's, SHARED_BORROWED, and nobody else's. B2's list lacks the last. */
const legalMmio: ReadonlySet<string> = new Set([
  'HOST OWNED NOPAGE NOPAGE',
  'HOST SHARED_BORROWED NOPAGE NOPAGE',
  'HYP NOPAGE OWNED NOPAGE',
]);

/** I-15. Hypercalls write the three sides one after the other, so it is judged where none is in flight. */
export function allSidesAgree(m: Builder, { parts: { page }, isRam, pages, guestTable }: OwnershipSystem): void {
  const { ipa, table } = guestTable;
  const fits = (own: OwnershipValue, p: Page): boolean => (isRam(p) ? legal : legalMmio).has(ownershipWords(own));
  m.quiescent('I-15', {
    text: '(host,hyp,guest) of each page is one of the legal triples of B2, and owner agrees with it.',
    source: 'memory.h comments, selftest',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), table }),
    holds: (s, { p }) => fits(s.own, p) && ipa.values.some((x) => s.table.at(x) === p) === (s.own.guest !== 'NOPAGE'),
    because: (s, { p }) => {
      const at = ipa.values.filter((x) => s.table.at(x) === p).map((x) => ipa.print(x));
      return `${page.print(p)} is ${ownershipWords(s.own)}, and the guest has it at ${at.join(', ') || 'no address'}`;
    },
  });
}

/** L-5, with pins. */
export function quietRefsMatchUses(m: Builder, { parts: { page }, isRam, pages, hyp, dma }: OwnershipSystem): void {
  m.quiescent('L-5', {
    text: 'ref(p)=0 iff no mapping or pin names p (no leak: a leaked ref makes p undonatable for ever).',
    source: 'use/unuse pairing',
    forall: { p: page },
    reads: ({ p }) => ({ ref: pages.ref(p), leaf: dma.leaf(p), pinned: hyp.pinned(p) }),
    when: (s, { p }) => isRam(p) && (s.ref > 0 || s.leaf || s.pinned),
    holds: (s) => s.ref === Number(s.leaf) + Number(s.pinned),
    because: (s, { p }) =>
      `ref(${page.print(p)}) is ${s.ref}, with ${Number(s.leaf)} leaves and ${Number(s.pinned)} pins`,
  });
}

/** V-7. What the secure world was given does not come back; tainted MMIO never does (B2), so it is about RAM. */
export function pagesCanBeDonatedAgain(m: Builder, { parts: { page, cpus }, isRam, pages }: OwnershipSystem): void {
  m.alwaysPossible('V-7', {
    text: 'From every reachable state every host page not used by anyone can again be donated (AG EF ref=0).',
    source: 'L-5',
    forall: { p: page },
    reads: ({ p }) => ({ own: pages.ownership(p), ref: pages.ref(p) }),
    by: Array.from({ length: cpus }, (_, cpu) => `cpu${cpu}`),
    holds: ({ own, ref }, { p }) =>
      !isRam(p) || own.owner === 'FFA' || (ref === 0 && ownershipWords(own) === 'HOST OWNED NOPAGE NOPAGE'),
    because: ({ own, ref }, { p }) => `${page.print(p)} is ${ownershipWords(own)} with ref ${ref} for ever`,
  });
}
