/** One IO page table per domain, at EL2 (B4, B8): leaves only, as the walker and the driver see them. */
import { union, unit, vector, type Builder, type IndexSort, type ValueOf } from '../language/index.js';
import type { Parts } from './parts.js';

/** `INV` is invalid for the walker, but still holds the output address (IO_PGTABLE_QUIRK_UNMAP_INVAL). */
export type Pte = ValueOf<ReturnType<typeof pteSort>>;

function pteSort(page: IndexSort<'page'>) {
  return union('Pte', { ZERO: unit, V: page, INV: page });
}

export type IoPageTable = ReturnType<typeof ioPageTable>;

/** Declares the tables, and the lock that software takes to change them. The walker takes no lock. */
export function ioPageTable(m: Builder, { domain, iova, page }: Parts) {
  m.event('PTE installed', { domain, iova, page });
  m.event('PTE invalidated', { domain, iova, page });
  const Pte = pteSort(page);
  const Table = vector(iova, Pte);
  const table = m.family('table', [domain], Table, Table.fill(Pte.make.ZERO()));
  const pgtLock = m.locks('pgt_lock', domain, (d) => ({ protects: [table(d)] }));
  m.explain(
    table,
    'the domain’s IO page table, by IOVA: ZERO is no mapping, V(page) a valid leaf, INV(page) a leaf that is invalid for the SMMU and still says which page it mapped',
  );
  m.explain(pgtLock, 'protects the domain’s IO page table against other CPUs; the SMMU’s walker takes no lock');
  return { Pte, Table, table, pgtLock };
}
