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
  next,
  record,
  rule,
  set,
  type Builder,
  type FamilyView,
  type Result,
  type SetSort,
  type ValueOf,
} from '../language/index.js';
import { commandRing, consumed, type CommandQueue } from './command-ring.js';
import type { IoPageTable, Pte } from './io-page-table.js';
import type { Device, Domain, Iova, Page, Parts, Sid, Smmu } from './parts.js';
import { walksTable, type StreamTable, type Walk, type Walkers } from './stream-table.js';

const source = 'Arm IHI 0070 (B7)';

export type Smmuv3 = ReturnType<typeof smmuv3>;

/** The stale sets, as a step that changes a leaf sees them, and who walks it. */
interface CachesSeen<T> {
  readonly walkers: Walkers;
  readonly stale: FamilyView<readonly [Smmu, Domain] & readonly number[], T>;
}

/**
 * Declares SMMUs, their queues and caches.
 * @param capacity entries of a command queue, N
 */
export function smmuv3(m: Builder, all: Parts, tables: IoPageTable, streams: StreamTable, capacity: number) {
  const { smmu, domain, sid, iova, page, smmuOfSid, sidOf } = all;
  const { table } = tables;
  const { ste, cd, cdMemory, cfg, cfgOld, fetched, refetchedCd, bothCds, both, walksOf, walksBehind, walkers } =
    streams;
  const { nothing, noCd, cdTables } = streams;
  const { modes, consuming } = streams.switches;
  const syncDrains = m.assumed(
    'IHI-0070-4.7',
    'a completed CMD_SYNC means that earlier TLBIs are done and DMA through what they invalidated is visible',
  );

  m.event('TLBI consumed', { smmu, domain, iova });
  for (const event of ['CFGI_ALL consumed', 'TLBI_NSNH_ALL consumed', 'CMD_SYNC completed']) m.event(event, { smmu });

  const Translation = record('Translation', { iova, page });
  const Translations = set(Translation);
  const none = Translations.make();
  type Views = FamilyView<readonly [Smmu, Domain] & readonly number[], typeof none>;
  const queues = commandRing(m, all, capacity);
  const { cmdq } = queues;

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
    return smmu.values.reduce(
      (caches, s) =>
        walksTable(seen.walkers[s], d).reduce((own, vmid) => own.set(s, vmid, own.at(s, vmid).add(entry)), caches),
      seen.stale,
    );
  }

  interface UnderVmid {
    readonly table: FamilyView<readonly [Domain] & readonly number[], Iterable<Pte>>;
    readonly stale: typeof none;
    readonly old: typeof none;
  }
  /** Pages that an SMMU may still translate to under a VMID: cached, in flight, or a walk away. */
  const pagesUnder = (seen: UnderVmid, walks: readonly Walk[], vmid: Domain): Set<Page> => {
    const pages = new Set<Page>();
    for (const walk of walks) {
      if (walk.vmid !== vmid || walk.ttb === null) continue;
      for (const leaf of seen.table.at(walk.ttb)) if (leaf.tag === 'V') pages.add(leaf.value);
    }
    for (const entry of seen.stale) pages.add(entry.page);
    for (const entry of seen.old) pages.add(entry.page);
    return pages;
  };

  /** tlb ∪ tlbOld of B7: what the SMMU may hold for a VMID. */
  const mayHold = (s: Smmu, d: Domain) =>
    m.derived(
      `mayHold[${smmu.print(s)}, ${domain.print(d)}]`,
      { walkers, table, stale: stale(s, d), old: staleOld(s, d) },
      (seen) => pagesUnder(seen, seen.walkers[s], d),
    );

  /** Entries of a VMID that can't be walked any more: those that only an invalidation can remove. */
  const leftover = (s: Smmu, d: Domain) =>
    m.derived(
      `leftover[${smmu.print(s)}, ${domain.print(d)}]`,
      { stale: stale(s, d), old: staleOld(s, d) },
      (seen) => new Set([...seen.stale, ...seen.old].map((entry) => entry.page)),
    );

  /**
   * mayReach of B7: the pages that a stream's transactions may still read or write. A torn STE that names nobody's table,
   * one that names CDs in the host's memory, or one that lets it pass untranslated, reaches all. What a torn STE with a VMID of zeroed words has cached is not
   * kept behind it: P-2 says that there is none.
   */
  const reachOf = (stream: Sid) => {
    const s = smmuOfSid(stream);
    const reads = { modes, cfg, cfgOld, table, cdMemory, stale, old: staleOld };
    return m.derived(`reach[${sid.print(stream)}]`, reads, (seen): Set<Page> => {
      if (seen.modes[s].has('BYPASS') || seen.modes[s].has('ASTRAY')) return new Set(page.values);
      if (!seen.modes[s].has('TRANSLATE')) return new Set();
      const held = both(seen.cfg.at(stream), seen.cfgOld.at(stream));
      const own = walksOf({ cfg: held, cfgOld: nothing });
      const hostCds = cdTables(held.w0).some((t) => seen.cdMemory.at(t) === 'HOST');
      if (held.w0.has('BYPASS') || hostCds || own.some(({ ttb }) => ttb === null)) return new Set(page.values);
      if (own.length === 0) return new Set();
      const behind = walksBehind(seen, s);
      const under = ({ vmid, ttb }: Walk): Iterable<Page> =>
        vmid === null
          ? [...seen.table.at(ttb!)].flatMap((leaf) => (leaf.tag === 'V' ? [leaf.value] : []))
          : pagesUnder({ table: seen.table, stale: seen.stale.at(s, vmid), old: seen.old.at(s, vmid) }, behind, vmid);
      return new Set(own.flatMap((walk) => [...under(walk)]));
    });
  };
  const reach = (e: Device) => reachOf(sidOf(e));

  /** The stale sets, once an SMMU can no longer walk so: what it found stays in its TLB until a TLBI covers it. */
  const leftBehind = (
    s: Smmu,
    walks: readonly Walk[],
    leaves: FamilyView<readonly [Domain] & readonly number[], { get(iova: number): Pte | undefined }>,
    before: Views,
  ): Views =>
    walks.reduce((caches, { vmid, ttb }) => {
      if (vmid === null || ttb === null) return caches;
      const found = iova.values.flatMap((x) => {
        const leaf = leaves.at(ttb).get(x);
        return leaf?.tag === 'V' ? [Translation.make({ iova: x, page: leaf.value })] : [];
      });
      return caches.set(s, vmid, caches.at(s, vmid).union(found));
    }, before);

  for (const s of smmu.values) {
    const queue = { cmdq: cmdq(s) };
    const head = (q: { cmdq: CommandQueue; consuming: readonly boolean[] }) =>
      q.cmdq.ahead === 0 || !q.consuming[s] ? undefined : q.cmdq.ring.first();
    const behind = { stale, staleOld };
    type Behind = { stale: Views; staleOld: Views };
    /** Entries that a TLBI hits are no longer stale, but may be in flight. */
    const invalidate = (q: Behind, d: Domain, covers: (entry: ValueOf<typeof Translation>) => boolean) => {
      const [hit, kept] = splitBy(Translations, q.stale.at(s, d), covers);
      return { stale: q.stale.set(s, d, kept), staleOld: q.staleOld.set(s, d, q.staleOld.at(s, d).union(hit)) };
    };
    m.hardware(smmu.print(s), [
      rule('consume TLBI', {
        doc: 'consumed is not completed: the old entries may still be in use until a CMD_SYNC',
        fn: 'CMD_TLBI_S2_IPA',
        source: `${source} §4.4`,
        reads: () => ({ consuming }),
        writes: () => ({ ...queue, ...behind }),
        run: (q) => {
          const command = head(q);
          if (command?.tag !== 'TLBI_S2_IPA') return block;
          const { domain: d, iova: x } = command.value;
          return next({ cmdq: consumed(q.cmdq), ...invalidate(q, d, (entry) => entry.iova === x) }).emit(
            'TLBI consumed',
            { smmu: s, domain: d, iova: x },
          );
        },
      }),
      rule('consume TLBI of a VMID', {
        doc: 'all entries of the VMID; consumed is not completed',
        fn: 'CMD_TLBI_S12_VMALL',
        source: `${source} §4.4`,
        reads: () => ({ consuming }),
        writes: () => ({ ...queue, ...behind }),
        run: (q) => {
          const command = head(q);
          if (command?.tag !== 'TLBI_S12_VMALL') return block;
          const d = command.value;
          return iova.values.reduce(
            (result, x) => result.emit('TLBI consumed', { smmu: s, domain: d, iova: x }),
            next({ cmdq: consumed(q.cmdq), ...invalidate(q, d, () => true) }) as Result<object, object>,
          );
        },
      }),
      rule('consume CFGI', {
        doc: 'the SMMU fetches the STE anew, and all CDs behind it; what it held may still be in use until a CMD_SYNC',
        fn: 'CMD_CFGI_STE',
        source: `${source} §4.3`,
        reads: () => ({ consuming, ste, cd }),
        writes: () => ({ ...queue, cfg, cfgOld }),
        run: (q) => {
          const command = head(q);
          if (command?.tag !== 'CFGI_STE') return block;
          const stream = command.value;
          if (smmuOfSid(stream) !== s) return next({ cmdq: consumed(q.cmdq) });
          return next({
            cmdq: consumed(q.cmdq),
            cfg: q.cfg.set(stream, fetched(nothing, q.ste.at(stream), q.cd)),
            cfgOld: q.cfgOld.set(stream, both(q.cfgOld.at(stream), q.cfg.at(stream))),
          });
        },
      }),
      rule('consume CFGI of a CD', {
        doc: 'the SMMU fetches the CD anew, through every STE that it may hold',
        fn: 'CMD_CFGI_CD',
        source: `${source} §4.3`,
        reads: () => ({ consuming, cd }),
        writes: () => ({ ...queue, cfg, cfgOld }),
        run: (q) => {
          const command = head(q);
          if (command?.tag !== 'CFGI_CD') return block;
          const { sid: stream, pasid: p } = command.value;
          const held = q.cfg.at(stream);
          const old = q.cfgOld.at(stream);
          const forgotten = old.set('cds', old.cds.set(p, bothCds(old, held).get(p)!));
          return next({
            cmdq: consumed(q.cmdq),
            cfg: q.cfg.set(stream, refetchedCd(held.set('cds', held.cds.set(p, noCd)), p, q.cd)),
            cfgOld: q.cfgOld.set(stream, forgotten),
          });
        },
      }),
      rule('consume CFGI_ALL', {
        doc: 'all STEs and CDs are fetched anew',
        fn: 'CMD_CFGI_ALL',
        source: `${source} §4.3`,
        reads: () => ({ consuming, ste, cd }),
        writes: () => ({ ...queue, cfg, cfgOld }),
        run: (q) => {
          if (head(q)?.tag !== 'CFGI_ALL') return block;
          const streamsHere = sid.values.filter((stream) => smmuOfSid(stream) === s);
          return next({
            cmdq: consumed(q.cmdq),
            cfg: streamsHere.reduce((all, x) => all.set(x, fetched(nothing, q.ste.at(x), q.cd)), q.cfg),
            cfgOld: streamsHere.reduce((all, x) => all.set(x, both(q.cfgOld.at(x), q.cfg.at(x))), q.cfgOld),
          }).emit('CFGI_ALL consumed', { smmu: s });
        },
      }),
      rule('consume TLBI_NSNH_ALL', {
        doc: 'all entries of all VMIDs',
        fn: 'CMD_TLBI_NSNH_ALL',
        source: `${source} §4.4`,
        reads: () => ({ consuming }),
        writes: () => ({ ...queue, ...behind }),
        run: (q) => {
          if (head(q)?.tag !== 'TLBI_NSNH_ALL') return block;
          const after = domain.values.reduce<Behind>((caches, d) => invalidate(caches, d, () => true), q);
          const result = next({ cmdq: consumed(q.cmdq), stale: after.stale, staleOld: after.staleOld });
          return domain.values
            .flatMap((d) => iova.values.map((x) => ({ smmu: s, domain: d, iova: x })))
            .reduce<Result<object, object>>(
              (all, what) => all.emit('TLBI consumed', what),
              result.emit('TLBI_NSNH_ALL consumed', { smmu: s }),
            );
        },
      }),
      rule('complete CMD_SYNC', {
        doc: 'all earlier commands are done, and all DMA through what they invalidated is visible',
        fn: 'CMD_SYNC',
        source: `${source} §4.7`,
        reads: () => ({ consuming, modes, cfg, table }),
        writes: () => ({ ...queue, ...behind, cfgOld }),
        run: (q) => {
          if (head(q)?.tag !== 'CMD_SYNC') return block;
          const configs = sid.values
            .filter((stream) => smmuOfSid(stream) === s)
            .reduce((old, stream) => old.set(stream, nothing), q.cfgOld);
          // What only a forgotten configuration could walk stays in the TLB until a TLBI covers it.
          const walking = q.modes[s].has('TRANSLATE');
          const after = walksBehind({ cfg: q.cfg, cfgOld: configs }, s);
          const lost = walksBehind(q, s).filter(
            (walk) => walking && !after.some(({ vmid, ttb }) => vmid === walk.vmid && ttb === walk.ttb),
          );
          const kept = leftBehind(s, lost, q.table, q.stale);
          const drained = domain.values.reduce((old, d) => old.set(s, d, none), q.staleOld);
          const staleOld = syncDrains ? drained : q.staleOld;
          return next({ cmdq: consumed(q.cmdq), cfgOld: configs, stale: kept, staleOld }).emit('CMD_SYNC completed', {
            smmu: s,
          });
        },
      }),
    ]);
  }

  m.explain(
    cmdq,
    'the command queue: the entries from CONS on, and how far PROD is ahead of CONS; the SMMU sees none past PROD',
  );
  m.explain(stale, 'translations that this SMMU’s TLB may still hold, and that the page table no longer has');
  m.explain(staleOld, 'those of them that a TLBI has covered: they may be in use until a CMD_SYNC completes');
  return {
    ...queues,
    capacity,
    table,
    walkers,
    leftBehind,
    stale,
    staleOld,
    leafChanged,
    mayHold,
    leftover,
    reach,
    reachOf,
  };
}

/** The elements that pass, and the others. */
function splitBy<T>(
  sort: SetSort<T>,
  from: Iterable<T>,
  passes: (element: T) => boolean,
): [ReturnType<SetSort<T>['make']>, ReturnType<SetSort<T>['make']>] {
  const elements = [...from];
  return [sort.make(elements.filter(passes)), sort.make(elements.filter((element) => !passes(element)))];
}
