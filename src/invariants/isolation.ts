/** Isolation (domain brief, section d): what a device may reach, and what the hypervisor's books say. */
import type { List } from 'immutable';
import { range, type Builder, type FamilyView, type Seen } from '../language/index.js';
import type {
  Domain,
  IoPageTable,
  OwnershipValue,
  Page,
  PageOwnership,
  Parts,
  Pte,
  Smmuv3,
  StreamTable,
} from '../spec/index.js';

/** The components that these properties look at. */
export interface System {
  readonly parts: Parts;
  readonly pages: PageOwnership;
  readonly tables: IoPageTable;
  readonly streams: StreamTable;
  readonly hw: Smmuv3;
}

/** What is needed to know which pages a device may reach, whatever the design. */
export interface Reaching {
  readonly parts: Parts;
  readonly pages: PageOwnership;
  readonly hw: Pick<Smmuv3, 'reach'>;
}

/** I-1: for every device d assigned to the host and every page p in reach(d): host-ok(p). */
export function hostDevicesReachHostPages(m: Builder, { parts: { device, page }, pages, hw }: Reaching): void {
  m.invariant('I-1', {
    text: 'For every device d assigned to the host and every page p in reach(d): host(p) is not NOPAGE.',
    source: 'S3:28-38,52-56; v2/v4 cover letters',
    forall: { d: device, p: page },
    reads: ({ d, p }) => ({ reach: hw.reach(d), own: pages.ownership(p) }),
    when: (s, { p }) => s.reach.has(p),
    holds: (s) => s.own.host !== 'NOPAGE',
    because: (s, { d, p }) => `${device.print(d)} may reach ${page.print(p)}, which belongs to ${s.own.owner}`,
  });
}

/** Does somebody other than the host get the page here, or first get at it? */
const gains = (before: OwnershipValue, after: OwnershipValue): boolean =>
  (after.owner !== before.owner && after.owner !== 'HOST') || (after.guest === 'OWNED' && before.guest === 'NOPAGE');

/** I-7: a page that gets a new owner is in no reach set of a device of a different owner. All devices here are the host's. */
export function newOwnersPagesAreOutOfReach(m: Builder, { parts: { device, page }, pages, hw }: Reaching): void {
  m.transition('I-7', {
    text: 'In any step that gives page p to a new owner (or lets that owner first access p), p is in no reach set of a device of a different owner.',
    source: 'S3:168',
    forall: { d: device, p: page },
    writes: ({ p }) => [pages.ownership(p)],
    reads: ({ d, p }) => ({ reach: hw.reach(d), own: pages.ownership(p) }),
    when: (before, after) => gains(before.own, after.own),
    holds: (_, after, { p }) => !after.reach.has(p),
    because: (_, after, { d, p }) =>
      `${page.print(p)} goes to ${after.own.guest === 'OWNED' ? 'GUEST' : after.own.owner}, and ${device.print(d)} may still reach it`,
  });
}

/**
 * I-14. The uses of each page that handlers in flight hold are counted by a monitor: a map holds one from its ownership
 * check until it has installed the leaf or given the use back, an unmap from V -> INV until it has given it back. So an
 * INV leaf counts through the unmap that made it, whichever of "decrement" and "clear" comes first.
 */
export function refsCountUses(
  m: Builder,
  { parts: { page, smmu, domain, mappingDomains, iova }, pages, tables, hw }: System,
): void {
  const top = pages.maxRef;
  const held = m.family('uses held in flight', [page], range(0, top), 0);
  m.explain(
    held,
    'no variable of the kernel: counts uses of the page that are under way (between the refcount and the leaf), for I-14',
  );
  // Where a count would leave 0..top, I-14 is violated in that very state: what comes after need only stay finite.
  const add = (by: number) => (args: { page: Page }, s: Seen<{ held: typeof held }>) => ({
    held: s.held.set(args.page, Math.min(top, Math.max(0, s.held.at(args.page) + by))),
  });
  const monitor = m.monitor('uses held in flight', { held }, {
    use_dma: add(+1),
    'PTE installed': add(-1),
    'PTE invalidated': add(+1),
    unuse_dma: add(-1),
  }); // prettier-ignore

  const everywhere = smmu.values.flatMap((s) => mappingDomains.map((d) => ({ s, d })));
  const translated = m.derived(
    'pages that some SMMU may translate to',
    Object.fromEntries(everywhere.map(({ s, d }) => [`${smmu.print(s)} ${domain.print(d)}`, hw.mayHold(s, d)])),
    (seen): Set<number> => new Set(Object.values(seen).flatMap((some) => [...(some as Set<Page>)])),
  );
  const leaves = (table: FamilyView<readonly [Domain] & readonly number[], List<Pte>>, p: Page): number =>
    mappingDomains
      .flatMap((d) => iova.values.map((x) => table.at(d).get(x)))
      .filter((leaf) => leaf?.tag === 'V' && leaf.value === p).length;

  m.invariant('I-14', {
    text: 'For every RAM page p, outside the micro-steps that adjust it: ref(p) is the number of leaves that name p, counting pages held by handlers in flight; and ref(p)>0 whenever an SMMU may translate to p.',
    source: 'v2 design; S3:168',
    monitors: [monitor],
    forall: { p: page },
    reads: ({ p }) => ({
      ref: pages.ref(p),
      adjusting: pages.hostLock,
      table: tables.table,
      held: held(p),
      translated,
    }),
    when: (s, { p }) => s.ref > 0 || s.held > 0 || s.translated.has(p),
    holds: (s, { p }) =>
      (s.ref > 0 || !s.translated.has(p)) && (s.adjusting !== 0 || s.ref === leaves(s.table, p) + s.held),
    because: (s, { p }) => {
      const uses = leaves(s.table, p) + s.held;
      const count = `ref(${page.print(p)}) is ${s.ref}, and it has ${uses} use${uses === 1 ? '' : 's'}`;
      if (s.ref === 0 && s.translated.has(p))
        return `under-count: ref(${page.print(p)}) is 0, and an SMMU may still translate to it`;
      return `${s.ref < uses ? 'under' : 'over'}-count: ${count}`;
    },
  });
}

/** B2's legal states of a page. */
export const legal: ReadonlySet<string> = new Set([
  // owner, host, hyp, guest
  'HOST OWNED NOPAGE NOPAGE',
  'HOST SHARED_OWNED SHARED_BORROWED NOPAGE',
  'HOST SHARED_OWNED NOPAGE SHARED_BORROWED',
  'HYP NOPAGE OWNED NOPAGE',
  'GUEST NOPAGE NOPAGE OWNED',
  'GUEST SHARED_BORROWED NOPAGE SHARED_OWNED',
  'HOST SHARED_OWNED NOPAGE NOPAGE',
  'FFA NOPAGE NOPAGE NOPAGE',
]);

/** A page's state as `legal` has it. */
export const ownershipWords = ({ owner, host, hyp, guest }: OwnershipValue): string =>
  `${owner} ${host} ${hyp} ${guest}`;

/**
 * I-15: what the three sides believe of a page fits together.
 * @param inMicroSteps whether a change of owner has several steps: then it counts when nobody is at it
 */
export function pageStatesAreLegal(
  m: Builder,
  { parts: { page }, pages }: Pick<System, 'parts' | 'pages'>,
  inMicroSteps = false,
): void {
  const isLegal = {
    text: '(host,hyp,guest) of each page is one of the legal triples of B2, and owner agrees with it.',
    source: 'memory.h comments, selftest',
    forall: { p: page },
    holds: ({ own }: { own: OwnershipValue }) => legal.has(ownershipWords(own)),
    because: ({ own }: { own: OwnershipValue }, { p }: { p: Page }) => `${page.print(p)} is ${ownershipWords(own)}`,
  };
  if (inMicroSteps)
    m.invariant('I-15', {
      ...isLegal,
      reads: ({ p }) => ({ own: pages.ownership(p), changing: pages.hostLock }),
      when: (s) => s.changing === 0,
    });
  else m.invariant('I-15', { ...isLegal, reads: ({ p }) => ({ own: pages.ownership(p) }) });
}
