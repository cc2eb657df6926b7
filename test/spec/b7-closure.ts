/**
 * The deterministic may-cache semantics of the domain brief, B7, word for word, where streams are attached all the time:
 * sets of translations that grow by closure after every step, in two generations. Slow, and only for tests.
 */

/** A translation: `domain/iova/page`. */
type Entry = `${number}/${number}/${number}`;

/** What one SMMU may hold: `tlb`, and `tlbOld` that a TLBI has hit and no SYNC has completed since. */
export interface May {
  readonly tlb: ReadonlySet<Entry>;
  readonly tlbOld: ReadonlySet<Entry>;
}

/** The valid leaves that the SMMU can walk to now. */
export type Walkable = readonly { readonly domain: number; readonly iova: number; readonly page: number }[];

const entry = ({ domain, iova, page }: Walkable[number]): Entry => `${domain}/${iova}/${page}`;
export const pageOf = (e: Entry): number => Number(e.slice(e.lastIndexOf('/') + 1));

/** closure(): every valid leaf of a table that some configuration names joins the TLB. */
export const closure = (may: May, walkable: Walkable): May => ({
  ...may,
  tlb: new Set([...may.tlb, ...walkable.map(entry)]),
});

/** Consume TLBI: matching entries move to `tlbOld`. Closure follows: those still walkable come back. */
export function consumeTlbi(may: May, domain: number, iova: number): May {
  const hit = [...may.tlb].filter((e) => e.startsWith(`${domain}/${iova}/`));
  return { tlb: new Set([...may.tlb].filter((e) => !hit.includes(e))), tlbOld: new Set([...may.tlbOld, ...hit]) };
}

/** SYNC completes: the old generation is gone. */
export const completeSync = (may: May): May => ({ ...may, tlbOld: new Set() });

/** Everything the SMMU may still translate, under one VMID. */
export const translations = (may: May, vmid: number): Entry[] =>
  [...new Set([...may.tlb, ...may.tlbOld])].filter((e) => e.startsWith(`${vmid}/`)).sort();

export const keyOfMay = ({ tlb, tlbOld }: May): string => `${[...tlb].sort().join()}|${[...tlbOld].sort().join()}`;
