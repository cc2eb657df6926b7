/**
 * What is special to nested translation in the SMMUv3 (B7): with stage 1 and stage 2, the TLB may also hold entries that
 * combine both. TLBI_S2_IPA need not hit those; TLBI_NH_ALL hits them all (Arm IHI 0070 §4.4).
 *
 * One SMMU, one VMID, one stage-2 that maps each page to itself. As in smmuv3.ts, caches are what they may hold, and only
 * what can't be walked any more is stored. Host-made stage-1 tables map any address, so a combined entry is known by
 * the page that it leads to.
 */
import {
  block,
  bool,
  list,
  next,
  record,
  rule,
  set,
  union,
  unit,
  type Builder,
  type FamilyView,
  type ValueOf,
} from '../language/index.js';
import type { IoPageTable } from './io-page-table.js';
import type { Device, Domain, Page, Parts, Sid } from './parts.js';
import type { StreamTable } from './stream-table.js';
import type { TeRegisters } from './te-registers.js';

const source = 'Arm IHI 0070 (B7)';

/** What the SMMU may hold of the streams' configurations. */
export interface Configs {
  readonly cfg: FamilyView<readonly [Sid] & readonly number[], HeldWords>;
  readonly cfgOld: FamilyView<readonly [Sid] & readonly number[], HeldWords>;
}
export type HeldWords = Parameters<StreamTable['both']>[0];

export type NestedSmmu = ReturnType<typeof nestedSmmu>;

/**
 * Declares the SMMU's queue and caches.
 * @param id whose table the stage-2 is, and whose VMID it has
 * @param capacity entries of the command queue, N
 */
export function nestedSmmu(
  m: Builder,
  { page, sid, sidOf }: Parts,
  { table }: IoPageTable,
  { ste, cfg, cfgOld, fetched, both, walksOf, nothing }: StreamTable,
  { smmuen, abort }: TeRegisters,
  id: Domain,
  capacity: number,
) {
  /** `TLBI_OTHER_VMID`: for a VMID that no stream of this model has. `ILLEGAL`: an opcode that the SMMU does not know. */
  const Command = union('Command', {
    CFGI_STE: sid,
    TLBI_S2_IPA: page,
    TLBI_NH_ALL: unit,
    TLBI_OTHER_VMID: unit,
    CMD_SYNC: unit,
    ILLEGAL: unit,
  });
  const Queue = record('CommandQueue', { ring: list(Command, capacity), error: bool });
  const cmdq = m.variable('cmdq', Queue, Queue.make({ ring: list(Command, capacity).make(), error: false }));
  m.explain(cmdq, 'the command queue from CONS on; error: the SMMU has stopped at a command that it does not know');

  const Entry = record('Entry', { page, combined: bool });
  const Entries = set(Entry);
  const none = Entries.make();
  type EntriesValue = ValueOf<typeof Entries>;
  const stale = m.ghost('stale', Entries, none);
  const staleOld = m.ghost('staleOld', Entries, none);
  m.explain(
    stale,
    'translations that the SMMU’s TLB may still hold, and that the tables no longer have; combined: of both stages in one entry',
  );
  m.explain(staleOld, 'those of them that a TLBI has covered: they may be in use until a CMD_SYNC completes');

  const heldBy = (seen: Configs, s: Sid): HeldWords => both(seen.cfg.at(s), seen.cfgOld.at(s));

  /** The kinds of entries that some stream's configuration lets the SMMU make of a valid leaf. */
  const kinds = (held: readonly HeldWords[]): readonly boolean[] => {
    const walking = held.filter(({ vmid, ttb }) => vmid.has(id) && ttb.has(id));
    const nested = walking.some(({ w0 }) => w0.has('S1S2'));
    return nested ? [false, true] : walking.some(({ w0 }) => w0.has('S2')) ? [false] : [];
  };
  const entries = (pages: readonly Page[], made: readonly boolean[]): EntriesValue =>
    Entries.make(pages.flatMap((p) => made.map((combined) => Entry.make({ page: p, combined }))));

  /** A valid leaf goes: what was made of it stays behind. */
  const leafCleared = (seen: Configs & { readonly stale: EntriesValue }, p: Page): EntriesValue =>
    seen.stale.union(entries([p], kinds(sid.values.map((s) => heldBy(seen, s)))));

  const valid = (leaves: Iterable<{ tag: string; value: unknown }>): Page[] =>
    [...leaves].flatMap((leaf) => (leaf.tag === 'V' ? [leaf.value as Page] : []));

  /** mayReach of B7. A walk of any other table, or under any other VMID, may lead anywhere. */
  const reach = (e: Device) => {
    const s = sidOf(e);
    const seen = { cfg, cfgOld, table: table(id), stale, staleOld, smmuen, abort };
    return m.derived(`reach[${sid.print(s)}]`, seen, (now): Set<Page> => {
      const all = new Set(page.values);
      if (!now.smmuen) return now.abort ? new Set() : all;
      const held = heldBy(now, s);
      const walks = walksOf({ cfg: held, cfgOld: nothing });
      if (held.w0.has('BYPASS') || walks.some(({ vmid, ttb }) => vmid !== id || ttb !== id)) return all;
      if (walks.length === 0) return new Set();
      return new Set([...valid(now.table), ...[...now.stale, ...now.staleOld].map((entry) => entry.page)]);
    });
  };

  const consumed = (queue: ValueOf<typeof Queue>) => queue.set('ring', queue.ring.shift());
  const head = ({ cmdq: queue }: { cmdq: ValueOf<typeof Queue> }) => (queue.error ? undefined : queue.ring.first());
  interface Behind {
    readonly cmdq: ValueOf<typeof Queue>;
    readonly stale: EntriesValue;
    readonly staleOld: EntriesValue;
  }
  /** Entries that a TLBI hits are no longer stale, but may be in flight. */
  const invalidate = (q: Behind, covers: (entry: ValueOf<typeof Entry>) => boolean) =>
    next({
      cmdq: consumed(q.cmdq),
      stale: q.stale.filterNot(covers),
      staleOld: q.staleOld.union(q.stale.filter(covers)),
    });

  m.hardware('smmu0', [
    rule('consume TLBI_S2_IPA', {
      doc: 'hits what was made by stage 2 alone; combined entries need not be hit',
      source: `${source} §4.4`,
      writes: () => ({ cmdq, stale, staleOld }),
      run: (q) => {
        const command = head(q);
        if (command?.tag !== 'TLBI_S2_IPA') return block;
        return invalidate(q, (entry) => !entry.combined && entry.page === command.value);
      },
    }),
    rule('consume TLBI_NH_ALL', {
      doc: 'hits all of stage 1 under the VMID, combined entries too',
      source: `${source} §4.4`,
      writes: () => ({ cmdq, stale, staleOld }),
      run: (q) => (head(q)?.tag === 'TLBI_NH_ALL' ? invalidate(q, (entry) => entry.combined) : block),
    }),
    rule('consume TLBI of another VMID', {
      source: `${source} §4.4`,
      writes: () => ({ cmdq }),
      run: (q) => (head(q)?.tag === 'TLBI_OTHER_VMID' ? next({ cmdq: consumed(q.cmdq) }) : block),
    }),
    rule('consume CFGI', {
      doc: 'the SMMU fetches the STE anew; what it held may still be in use until a CMD_SYNC',
      source: `${source} §4.3`,
      reads: () => ({ ste }),
      writes: () => ({ cmdq, cfg, cfgOld }),
      run: (q) => {
        const command = head(q);
        if (command?.tag !== 'CFGI_STE') return block;
        const s = command.value;
        const old = both(q.cfgOld.at(s), q.cfg.at(s));
        const cfgNow = q.cfg.set(s, fetched(nothing, q.ste.at(s)));
        return next({ cmdq: consumed(q.cmdq), cfg: cfgNow, cfgOld: q.cfgOld.set(s, old) });
      },
    }),
    rule('complete CMD_SYNC', {
      doc: 'all earlier commands are done; what only a forgotten configuration could make stays until a TLBI covers it',
      source: `${source} §4.7`,
      reads: () => ({ cfg, table: table(id) }),
      writes: () => ({ cmdq, stale, staleOld, cfgOld }),
      run: (q) => {
        if (head(q)?.tag !== 'CMD_SYNC') return block;
        const before = kinds(sid.values.map((s) => heldBy(q, s)));
        const after = kinds(sid.values.map((s) => q.cfg.at(s)));
        const lost = before.filter((kind) => !after.includes(kind));
        return next({
          cmdq: consumed(q.cmdq),
          stale: q.stale.union(entries(valid(q.table), lost)),
          staleOld: none,
          cfgOld: sid.values.reduce((old, s) => old.set(s, nothing), q.cfgOld),
        });
      },
    }),
    rule('CERROR_ILL', {
      doc: 'the queue stops at a command that the SMMU does not know, until GERRORN acknowledges; then it is read again',
      source: `${source} §7.1`,
      writes: () => ({ cmdq }),
      run: (q) => (head(q)?.tag === 'ILLEGAL' ? next({ cmdq: q.cmdq.set('error', true) }) : block),
    }),
  ]);

  return { Command, capacity, cmdq, stale, leafCleared, reach };
}
