/**
 * SMMUv3 hardware (B7, Arm IHI 0070): the command queue's consumer, the walker, and what caches may hold.
 *
 * Caches are not filled and evicted step by step. Reaching a forbidden page is monotone in what a cache holds, so it is
 * enough to know what it *may* hold (B7). Of that, only what can't be walked any more is stored:
 * - `stale`: translations that a table no longer has, and no TLBI has covered since;
 * - `staleOld`: those a TLBI has covered, but no later CMD_SYNC has completed: DMA through them may be in flight.
 * What can be walked now is derived. So installing a PTE touches no cache, and clearing one adds one entry to `stale`.
 * `test/spec/may-cache.test.ts` compares this with the literal closure of B7.
 */
import {
  block,
  list,
  next,
  range,
  record,
  rule,
  set,
  union,
  unit,
  type Builder,
  type FamilyView,
  type SetSort,
  type ValueOf,
} from '../language/index.js';
import type { IoPageTable, Pte } from './io-page-table.js';
import type { Device, Domain, Iova, Page, Parts, Smmu } from './parts.js';

const source = 'Arm IHI 0070 (B7)';

export type Smmuv3 = ReturnType<typeof smmuv3>;

/** A command queue's value. */
export type CommandQueue = ValueOf<Smmuv3['cmdq']['all'][number]['sort']>;

type Domains = ReturnType<SetSort<Domain>['make']>;

/** The stale sets, as a step that changes a leaf sees them, and the configurations that decide who walks it. */
interface CachesSeen<T> {
  readonly mayConfig: FamilyView<readonly [Device] & readonly number[], Domains>;
  readonly stale: FamilyView<readonly [Smmu, Domain] & readonly number[], T>;
}

/**
 * Declares SMMUs, their queues and caches.
 * @param capacity entries of a command queue, N
 * @param attached the domains that each device is attached to at the start: one or none
 */
export function smmuv3(
  m: Builder,
  all: Parts,
  tables: IoPageTable,
  capacity: number,
  attached: (device: Device) => readonly Domain[],
) {
  const { smmu, domain, device, iova, page, smmuOf } = all;
  const { table } = tables;
  const syncDrains = m.assumed(
    'IHI-0070-4.7',
    'a completed CMD_SYNC means that earlier TLBIs are done and DMA through what they invalidated is visible',
  );

  m.event('TLBI consumed', { smmu, domain, iova });
  m.event('CMD_SYNC completed', { smmu });

  const Translation = record('Translation', { iova, page });
  const Translations = set(Translation);
  const none = Translations.make();
  /** `GARBAGE` is what lies in a slot that nobody has written since the last lap: the queue stops there (CERROR_ILL). */
  const Command = union('Command', { TLBI_S2_IPA: all.mapping, CMD_SYNC: unit, GARBAGE: unit });

  /**
   * The ring from CONS on: the entries that are written, and how far PROD is ahead of CONS. A ring looks the same from
   * every start, so CONS itself is not kept. What is written past PROD, the SMMU does not look at yet.
   */
  const CommandQueue = record('CommandQueue', { ring: list(Command, 2 * capacity), ahead: range(0, 2 * capacity - 1) });
  const cmdq = m.family(
    'cmdq',
    [smmu],
    CommandQueue,
    CommandQueue.make({ ring: list(Command, 2 * capacity).make(), ahead: 0 }),
  );

  /** The domains whose tables an SMMU may walk for a device's stream, by its STE in memory or cached. VMID = domain id. */
  const Domains = set(domain);
  const mayConfig = m.family('mayConfig', [device], Domains, (e) => Domains.make(attached(e)), 'ghost');
  const stale = m.family('stale', [smmu, domain], Translations, none, 'ghost');
  const staleOld = m.family('staleOld', [smmu, domain], Translations, none, 'ghost');

  /**
   * What becomes of the caches when a leaf that was `before` gets another value: a valid translation stays behind in
   * every SMMU that may have walked to it.
   */
  function leafChanged(
    seen: CachesSeen<typeof none>,
    d: Domain,
    x: Iova,
    before: Pte,
  ): CachesSeen<typeof none>['stale'] {
    if (before.tag !== 'V') return seen.stale;
    const entry = Translation.make({ iova: x, page: before.value });
    const walkers = new Set(device.values.filter((e) => seen.mayConfig.at(e).has(d)).map(smmuOf));
    return [...walkers].reduce((caches, s) => caches.set(s, d, caches.at(s, d).add(entry)), seen.stale);
  }

  /** Pages that an SMMU may still translate to under a VMID: cached, in flight, or a walk away. */
  const pagesUnder = (
    seen: { table: Iterable<Pte>; stale: typeof none; old: typeof none },
    walked: boolean,
  ): Set<Page> => {
    const pages = new Set<Page>();
    if (walked) for (const leaf of seen.table) if (leaf.tag === 'V') pages.add(leaf.value);
    for (const entry of seen.stale) pages.add(entry.page);
    for (const entry of seen.old) pages.add(entry.page);
    return pages;
  };

  /** tlb ∪ tlbOld of B7: what the SMMU may hold for a VMID. */
  const mayHold = (s: Smmu, d: Domain) =>
    m.derived(
      `mayHold[${smmu.print(s)}, ${domain.print(d)}]`,
      { mayConfig, table: table(d), stale: stale(s, d), old: staleOld(s, d) },
      (seen) =>
        pagesUnder(
          seen,
          device.values.some((e) => smmuOf(e) === s && seen.mayConfig.at(e).has(d)),
        ),
    );

  /** mayReach of B7: the pages a device may still read or write. */
  const reach = (e: Device) =>
    m.derived(
      `reach[${device.print(e)}]`,
      { mayConfig: mayConfig(e), table, stale, old: staleOld },
      (seen): Set<Page> => {
        const s = smmuOf(e);
        const under = (d: Domain): Set<Page> =>
          pagesUnder({ table: seen.table.at(d), stale: seen.stale.at(s, d), old: seen.old.at(s, d) }, true);
        return new Set([...seen.mayConfig].flatMap((d) => [...under(d)]));
      },
    );

  for (const s of smmu.values) {
    const behind = { cmdq: cmdq(s), stale, staleOld };
    m.hardware(smmu.print(s), [
      rule('consume TLBI', {
        doc: 'consumed is not completed: the old entries may still be in use until a CMD_SYNC',
        fn: 'CMD_TLBI_S2_IPA',
        source: `${source} §4.4`,
        writes: () => behind,
        run: (q) => {
          const head = q.cmdq.ring.first();
          if (q.cmdq.ahead === 0 || head?.tag !== 'TLBI_S2_IPA') return block;
          const { domain: d, iova: x } = head.value;
          const [hit, kept] = splitBy(Translations, q.stale.at(s, d), (entry) => entry.iova === x);
          return next({
            cmdq: consumed(q.cmdq),
            stale: q.stale.set(s, d, kept),
            staleOld: q.staleOld.set(s, d, q.staleOld.at(s, d).union(hit)),
          }).emit('TLBI consumed', { smmu: s, domain: d, iova: x });
        },
      }),
      rule('complete CMD_SYNC', {
        doc: 'all earlier commands are done, and all DMA through what they invalidated is visible',
        fn: 'CMD_SYNC',
        source: `${source} §4.7`,
        writes: () => behind,
        run: (q) => {
          if (q.cmdq.ahead === 0 || q.cmdq.ring.first()?.tag !== 'CMD_SYNC') return block;
          const drained = domain.values.reduce((old, d) => old.set(s, d, none), q.staleOld);
          return next({ cmdq: consumed(q.cmdq), staleOld: syncDrains ? drained : q.staleOld }).emit(
            'CMD_SYNC completed',
            { smmu: s },
          );
        },
      }),
    ]);
  }

  return { Command, Translation, capacity, cmdq, mayConfig, stale, staleOld, leafChanged, mayHold, reach };
}

const consumed = (queue: CommandQueue): CommandQueue =>
  queue.merge({ ring: queue.ring.shift(), ahead: queue.ahead - 1 });

/** The elements that pass, and the others. */
function splitBy<T>(
  sort: SetSort<T>,
  from: Iterable<T>,
  passes: (element: T) => boolean,
): [ReturnType<SetSort<T>['make']>, ReturnType<SetSort<T>['make']>] {
  const elements = [...from];
  return [sort.make(elements.filter(passes)), sort.make(elements.filter((element) => !passes(element)))];
}
