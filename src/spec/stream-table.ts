/**
 * SMMUv3 stream table (B7, Arm IHI 0070 §3.21, §5.2): the words of each STE in memory, and what the configuration cache
 * may hold of them. The SMMU may fetch a reachable STE at any time, word by word, in any order; a cached word stays until
 * a CFGI command covers it and a CMD_SYNC completes. So every combination of words that it may hold counts.
 */
import {
  bool,
  enumOf,
  optional,
  record,
  set,
  vector,
  type Builder,
  type Derived,
  type FamilyView,
  type ValueOf,
} from '../language/index.js';
import { contextDescriptors, type CdAt, type CdValue } from './context-descriptors.js';
import { alwaysOn, type Switches } from './smmuv3-registers.js';
import type { CdTable, Domain, Parts, Pasid, Sid, Smmu } from './parts.js';

export type StreamTable = ReturnType<typeof streamTable>;

/** A table under a VMID (stage 1: an ASID): what a configuration that translates lets the walker do. */
export interface Walk {
  readonly vmid: Domain | null;
  /** Whose table; `null`: S2TTB (stage 1: TTB0) is zero, nobody's table. */
  readonly ttb: Domain | null;
}

/** Who may walk what: for each SMMU the walks of all its streams, each once. */
export type Walkers = readonly (readonly Walk[])[];

/**
 * Declares the stream table and its caches.
 * @param attached the domain that each stream is attached to at the start
 * @param switches which SMMUs translate: those that do not, walk nothing
 */
export function streamTable(
  m: Builder,
  all: Parts,
  attached: (sid: Sid) => Domain | undefined,
  switches: Switches = alwaysOn(m, all),
) {
  const { domain, sid, smmu, smmuOfSid, pasid, pasidsInTable, cdTable } = all;
  m.event('STE written', { sid });
  m.event('STE live', { sid, smmu, domain, first: bool });
  m.event('STE dead', { sid, domain });
  m.event('CD table freed', { cdTable });
  const descriptors = contextDescriptors(m, all);
  /** Stage 1: V, Config and S1ContextPtr are one word. */
  const stage1 = (t: CdTable): `S1 ${string}` => `S1 ${cdTable.print(t)}`;
  const Word0 = enumOf('INVALID', 'ABORT', 'BYPASS', 'S2', 'S1S2', ...cdTable.values.map(stage1));
  const Name = optional(domain);
  /** Word 0 is V, Config and S1ContextPtr; word 2 the VMID; word 3 S2TTB. VMID = ASID = domain id (B8), and a domain has one table. */
  const Ste = record('Ste', { w0: Word0, vmid: Name, ttb: Name });
  const HeldCd = record('MayHoldCd', { w0: set(Name), ttb: set(Name) });
  const Held = record('MayHold', { w0: set(Word0), vmid: set(Name), ttb: set(Name), cds: vector(pasid, HeldCd) });
  type SteValue = ValueOf<typeof Ste>;
  type HeldValue = ValueOf<typeof Held>;

  /** Zeroed words: VMID 0, which is nobody's where there is no identity domain, and a table at address 0. */
  const zero = Ste.make({ w0: 'INVALID', vmid: all.identity ?? null, ttb: null });
  const noCd = HeldCd.make({ w0: set(Name).make(), ttb: set(Name).make() });
  const nothing = Held.make({
    w0: set(Word0).make(),
    vmid: set(Name).make(),
    ttb: set(Name).make(),
    cds: vector(pasid, HeldCd).fill(noCd),
  });

  /** The CD tables that some word 0 names. */
  const cdTables = (words: Iterable<string>): CdTable[] => {
    const named = new Set(words);
    return cdTable.values.filter((t) => named.has(stage1(t)));
  };
  /** What is held, and the words of this CD. */
  const fetchedCd = (held: HeldValue, p: Pasid, { w0, ttb }: CdValue): HeldValue =>
    held.update('cds', (cds) =>
      cds.update(p, (own = noCd) => own.merge({ w0: own.w0.add(w0), ttb: own.ttb.add(ttb) })),
    );
  /** What is held, and what there is of a CD in the tables that the held words name. */
  const refetchedCd = (held: HeldValue, p: Pasid, seen: CdAt): HeldValue =>
    pasidsInTable.includes(p) ? cdTables(held.w0).reduce((all, t) => fetchedCd(all, p, seen.at(t, p)), held) : held;
  /** What is held, and the words of this STE, with all CDs behind it. */
  const fetched = (held: HeldValue, ste: SteValue, seen?: CdAt): HeldValue => {
    const words = held.merge({ w0: held.w0.add(ste.w0), vmid: held.vmid.add(ste.vmid), ttb: held.ttb.add(ste.ttb) });
    return cdTables([ste.w0]).reduce(
      (all, t) => pasidsInTable.reduce((some, p) => fetchedCd(some, p, seen!.at(t, p)), all),
      words,
    );
  };
  const bothCds = (a: HeldValue, b: HeldValue): HeldValue['cds'] =>
    a.cds.map((own, p) => own.merge({ w0: own.w0.union(b.cds.get(p)!.w0), ttb: own.ttb.union(b.cds.get(p)!.ttb) }));
  const both = (a: HeldValue, b: HeldValue): HeldValue =>
    a.merge({ w0: a.w0.union(b.w0), vmid: a.vmid.union(b.vmid), ttb: a.ttb.union(b.ttb), cds: bothCds(a, b) });

  const initial = (s: Sid): SteValue => {
    const d = attached(s);
    return d === undefined ? zero : Ste.make({ w0: 'S2', vmid: d, ttb: d });
  };
  const ste = m.family('ste', [sid], Ste, initial);
  const cfg = m.family('cfg', [sid], Held, (s) => fetched(nothing, initial(s)), 'ghost');
  const cfgOld = m.family('cfgOld', [sid], Held, nothing, 'ghost');
  const caches = { cfg, cfgOld };

  type Caches = { readonly cfg: HeldValue; readonly cfgOld: HeldValue };

  /** The walks of every combination of words that translates. */
  const walksOf = (seen: Caches): readonly Walk[] => {
    const may = both(seen.cfg, seen.cfgOld);
    const stage2 =
      may.w0.has('S2') || may.w0.has('S1S2')
        ? [...may.vmid].flatMap((vmid) => [...may.ttb].map((ttb) => ({ vmid, ttb })))
        : [];
    if (cdTables(may.w0).length === 0) return stage2;
    const valid = may.cds
      .toArray()
      .flatMap(({ w0, ttb }) =>
        [...w0].flatMap((asid) => (asid === null ? [] : [...ttb].map((table) => ({ vmid: asid, ttb: table })))),
      );
    return [...stage2, ...valid];
  };

  /** The walks that a stream's configuration may allow, whether it may pass untranslated, and the CD tables it may name. */
  const mayConfig = (s: Sid) =>
    m.derived(`mayConfig[${sid.print(s)}]`, { cfg: cfg(s), cfgOld: cfgOld(s) }, (seen) => ({
      walks: walksOf(seen),
      bypass: seen.cfg.w0.has('BYPASS') || seen.cfgOld.w0.has('BYPASS'),
      cdTables: cdTables(both(seen.cfg, seen.cfgOld).w0),
    }));

  type Seen = {
    readonly cfg: FamilyView<readonly [Sid] & readonly number[], HeldValue>;
    readonly cfgOld: FamilyView<readonly [Sid] & readonly number[], HeldValue>;
  };
  /** The walks of all streams of an SMMU, each once. */
  const walksBehind = (seen: Seen, s: Smmu): readonly Walk[] => {
    const walks = new Map<string, Walk>();
    for (const stream of sid.values) {
      if (smmuOfSid(stream) !== s) continue;
      for (const walk of walksOf({ cfg: seen.cfg.at(stream), cfgOld: seen.cfgOld.at(stream) }))
        walks.set(`${walk.vmid} ${walk.ttb}`, walk);
    }
    return [...walks.values()];
  };

  const walkers: Derived<Walkers> = m.derived('walkers', { ...caches, modes: switches.modes }, (seen) =>
    smmu.values.map((s) => (seen.modes[s].has('TRANSLATE') ? walksBehind(seen, s) : [])),
  );

  type SeenMemory = {
    readonly ste: FamilyView<readonly [Sid] & readonly number[], SteValue>;
    readonly cd: CdAt;
  };
  /** The streams that memory says are attached to a domain, once for each PASID. */
  const attachedTo = (seen: SeenMemory, d: Domain): Sid[] =>
    sid.values.flatMap((stream) => {
      const { w0, ttb } = seen.ste.at(stream);
      if (w0 === 'S2') return ttb === d ? [stream] : [];
      return cdTables([w0]).flatMap((t) => pasidsInTable.filter((p) => seen.cd.at(t, p).w0 === d).map(() => stream));
    });

  /** An STE in memory changes: its SMMU may fetch it, if it translates. One that is off fetches when it is enabled. */
  const steWritten = (
    modes: readonly ReadonlySet<string>[],
    stream: Sid,
    held: HeldValue,
    words: SteValue,
    cds: CdAt,
  ) => (modes[smmuOfSid(stream)].has('TRANSLATE') ? fetched(held, words, cds) : held);
  /** A CD in memory changes: all who may name its table may fetch it. */
  const cdWritten = (seen: Seen, t: CdTable, p: Pasid, words: CdValue): Seen =>
    sid.values.reduce((own, stream) => {
      const join = (held: HeldValue): HeldValue =>
        pasidsInTable.includes(p) && held.w0.has(stage1(t)) ? fetchedCd(held, p, words) : held;
      return {
        cfg: own.cfg.set(stream, join(own.cfg.at(stream))),
        cfgOld: own.cfgOld.set(stream, join(own.cfgOld.at(stream))),
      };
    }, seen);

  m.explain(ste, 'the stream table entry in memory: its word 0 (what translates), its VMID and its table');
  m.explain(cfg, 'what the SMMU may hold of this stream table entry, in memory or cached: every value of each word');
  m.explain(cfgOld, 'what a CFGI has covered of it: it may be in use until a CMD_SYNC completes');
  return {
    ...descriptors,
    switches,
    steWritten,
    Ste,
    zero,
    ste,
    cfg,
    cfgOld,
    stage1,
    noCd,
    cdTables,
    fetched,
    refetchedCd,
    bothCds,
    cdWritten,
    both,
    walksOf,
    walksBehind,
    mayConfig,
    walkers,
    attachedTo,
    nothing,
  };
}

/** Does the SMMU walk this table under a VMID that is somebody's? Walks under VMID 0 of zeroed words are nobody's. */
export const walksTable = (walks: readonly Walk[], ttb: Domain): Domain[] =>
  walks.flatMap((walk) => (walk.ttb === ttb && walk.vmid !== null ? [walk.vmid] : []));
