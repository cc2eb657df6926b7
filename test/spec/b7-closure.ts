/**
 * The deterministic may-cache semantics of the domain brief, B7, word for word, for one SMMU: sets of STE words and of
 * translations that grow by closure after every step, in two generations. Slow, and only for tests.
 */

/** The words of an STE in memory. `null` is what zeroed words say. */
export interface Words {
  readonly w0: string;
  readonly vmid: number | null;
  readonly ttb: number | null;
}

/** Memory as the SMMU sees it: the STE of each stream, and the valid leaves of each table. */
export interface Memory {
  readonly ste: readonly Words[];
  readonly leaves: readonly { readonly table: number; readonly iova: number; readonly page: number }[];
}

/** The values that the SMMU may hold of each word of an STE. */
interface Fetched {
  readonly w0: ReadonlySet<string>;
  readonly vmid: ReadonlySet<number | null>;
  readonly ttb: ReadonlySet<number | null>;
}

/** A translation: `vmid/iova/page`. */
type Entry = `${number | null}/${number}/${number}`;

/** What the SMMU may hold: `cfg` by stream, and `tlb`; the old generations that no SYNC has completed since. */
export interface May {
  readonly cfg: readonly Fetched[];
  readonly cfgOld: readonly Fetched[];
  readonly tlb: ReadonlySet<Entry>;
  readonly tlbOld: ReadonlySet<Entry>;
}

const none: Fetched = { w0: new Set(), vmid: new Set(), ttb: new Set() };
const both = (a: Fetched, b: Fetched): Fetched => ({
  w0: new Set([...a.w0, ...b.w0]),
  vmid: new Set([...a.vmid, ...b.vmid]),
  ttb: new Set([...a.ttb, ...b.ttb]),
});
const only = ({ w0, vmid, ttb }: Words): Fetched => ({
  w0: new Set([w0]),
  vmid: new Set([vmid]),
  ttb: new Set([ttb]),
});

/** Before anything was fetched. */
export const empty = (streams: number): May => ({
  cfg: Array.from({ length: streams }, () => none),
  cfgOld: Array.from({ length: streams }, () => none),
  tlb: new Set(),
  tlbOld: new Set(),
});

/** Every combination of words that translates. */
export const combinations = (may: May, sid: number): { vmid: number | null; ttb: number | null }[] => {
  const held = both(may.cfg[sid], may.cfgOld[sid]);
  if (!held.w0.has('S2')) return [];
  return [...held.vmid].flatMap((vmid) => [...held.ttb].map((ttb) => ({ vmid, ttb })));
};

/** closure(): the words in memory may be fetched, and what any combination of words can walk to joins the TLB. */
export function closure(may: May, { ste, leaves }: Memory): May {
  const fetched: May = { ...may, cfg: may.cfg.map((held, sid) => both(held, only(ste[sid]))) };
  const walked = ste.flatMap((_, sid) =>
    combinations(fetched, sid).flatMap(({ vmid, ttb }) =>
      leaves.filter(({ table }) => table === ttb).map(({ iova, page }): Entry => `${vmid}/${iova}/${page}`),
    ),
  );
  return { ...fetched, tlb: new Set([...may.tlb, ...walked]) };
}

/** Consume CFGI_STE: the words move to the old generation, and memory is fetched anew. */
export const consumeCfgi = (may: May, sid: number, { ste }: Memory): May => ({
  ...may,
  cfg: may.cfg.map((held, at) => (at === sid ? only(ste[sid]) : held)),
  cfgOld: may.cfgOld.map((held, at) => (at === sid ? both(held, may.cfg[sid]) : held)),
});

/** Consume TLBI: matching entries move to `tlbOld`. Closure follows: those still walkable come back. Without an IOVA, all of the VMID. */
export function consumeTlbi(may: May, vmid: number, iova?: number): May {
  const hit = [...may.tlb].filter((entry) => entry.startsWith(iova === undefined ? `${vmid}/` : `${vmid}/${iova}/`));
  return {
    ...may,
    tlb: new Set([...may.tlb].filter((entry) => !hit.includes(entry))),
    tlbOld: new Set([...may.tlbOld, ...hit]),
  };
}

/** SYNC completes: the old generations are gone. */
export const completeSync = (may: May): May => ({ ...may, cfgOld: may.cfgOld.map(() => none), tlbOld: new Set() });

/** The pages that the SMMU may still translate to under one VMID. */
export const pagesUnder = (may: May, vmid: number | null): number[] =>
  [...may.tlb, ...may.tlbOld]
    .filter((entry) => entry.startsWith(`${vmid}/`))
    .map((entry) => Number(entry.slice(entry.lastIndexOf('/') + 1)));

/** mayReach: the pages that a stream may still read or write. */
export function mayReach(may: May, sid: number, pages: readonly number[]): readonly number[] {
  const held = both(may.cfg[sid], may.cfgOld[sid]);
  const walks = combinations(may, sid);
  if (held.w0.has('BYPASS') || walks.some(({ ttb }) => ttb === null)) return pages;
  return walks.flatMap(({ vmid }) => pagesUnder(may, vmid));
}

const sorted = (values: Iterable<unknown>): string => [...values].map(String).sort().join();
export const keyOfMay = ({ cfg, cfgOld, tlb, tlbOld }: May): string =>
  [...[...cfg, ...cfgOld].flatMap(({ w0, vmid, ttb }): Iterable<unknown>[] => [w0, vmid, ttb]), tlb, tlbOld]
    .map(sorted)
    .join('|');
