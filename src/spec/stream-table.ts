/**
 * SMMUv3 stream table (B7, Arm IHI 0070 §3.21, §5.2): the words of each STE in memory, and what the configuration cache
 * may hold of them. The SMMU may fetch a reachable STE at any time, word by word, in any order; a cached word stays until
 * a CFGI command covers it and a CMD_SYNC completes. So every combination of words that it may hold counts.
 */
import {
  enumOf,
  optional,
  record,
  set,
  type Builder,
  type Derived,
  type FamilyView,
  type ValueOf,
} from '../language/index.js';
import type { Domain, Parts, Sid, Smmu } from './parts.js';

export type StreamTable = ReturnType<typeof streamTable>;

/** A table under a VMID: what a configuration that translates lets the walker do. */
export interface Walk {
  readonly vmid: Domain | null;
  /** Whose table; `null`: S2TTB is zero, nobody's table. */
  readonly ttb: Domain | null;
}

/** Who may walk what: for each SMMU the walks of all its streams, each once. */
export type Walkers = readonly (readonly Walk[])[];

/**
 * Declares the stream table and its caches.
 * @param attached the domain that each stream is attached to at the start
 */
export function streamTable(m: Builder, all: Parts, attached: (sid: Sid) => Domain | undefined) {
  const { domain, sid, smmu, smmuOfSid } = all;
  const Word0 = enumOf('INVALID', 'ABORT', 'BYPASS', 'S2', 'S1S2');
  const Name = optional(domain);
  /** Word 0 is V and Config; word 2 the VMID; word 3 S2TTB. VMID = domain id (B8), and a domain has one table. */
  const Ste = record('Ste', { w0: Word0, vmid: Name, ttb: Name });
  const Held = record('MayHold', { w0: set(Word0), vmid: set(Name), ttb: set(Name) });
  type SteValue = ValueOf<typeof Ste>;
  type HeldValue = ValueOf<typeof Held>;

  const zero = Ste.make({ w0: 'INVALID', vmid: null, ttb: null });
  const nothing = Held.make({ w0: set(Word0).make(), vmid: set(Name).make(), ttb: set(Name).make() });

  /** What is held, and the words of this STE. */
  const fetched = (held: HeldValue, ste: SteValue): HeldValue =>
    held.merge({ w0: held.w0.add(ste.w0), vmid: held.vmid.add(ste.vmid), ttb: held.ttb.add(ste.ttb) });
  const both = (a: HeldValue, b: HeldValue): HeldValue =>
    a.merge({ w0: a.w0.union(b.w0), vmid: a.vmid.union(b.vmid), ttb: a.ttb.union(b.ttb) });

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
    if (!may.w0.has('S2') && !may.w0.has('S1S2')) return [];
    return [...may.vmid].flatMap((vmid) => [...may.ttb].map((ttb) => ({ vmid, ttb })));
  };

  /** The walks that a stream's configuration may allow, and whether it may pass untranslated. */
  const mayConfig = (s: Sid) =>
    m.derived(`mayConfig[${sid.print(s)}]`, { cfg: cfg(s), cfgOld: cfgOld(s) }, (seen) => ({
      walks: walksOf(seen),
      bypass: seen.cfg.w0.has('BYPASS') || seen.cfgOld.w0.has('BYPASS'),
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

  const walkers: Derived<Walkers> = m.derived('walkers', caches, (seen) =>
    smmu.values.map((s) => walksBehind(seen, s)),
  );

  return { Ste, zero, ste, cfg, cfgOld, fetched, both, walksOf, walksBehind, mayConfig, walkers, nothing };
}

/** Does the SMMU walk this table under a VMID that is somebody's? Walks under VMID 0 of zeroed words are nobody's. */
export const walksTable = (walks: readonly Walk[], ttb: Domain): Domain[] =>
  walks.flatMap((walk) => (walk.ttb === ttb && walk.vmid !== null ? [walk.vmid] : []));
