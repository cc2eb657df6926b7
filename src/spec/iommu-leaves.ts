/** What becomes of a table and of the caches when a leaf changes (B4, B8): all hypercalls that map and unmap do it so. */
import { next, type Result } from '../language/index.js';
import type { IoPageTable, Pte } from './io-page-table.js';
import type { Domain, Iova, Page } from './parts.js';
import type { ValueOf } from '../language/index.js';
import type { Smmuv3 } from './smmuv3.js';

type TableSeen = Parameters<Smmuv3['leafChanged']>[0] & { readonly table: ValueOf<IoPageTable['Table']> };
interface LeafAt {
  readonly domain: Domain;
  readonly iova: Iova;
}

export function ioLeaves({ Pte }: IoPageTable, { leafChanged }: Smmuv3) {
  const leafOf = ({ table }: Pick<TableSeen, 'table'>, { iova }: Pick<LeafAt, 'iova'>): Pte => table.get(iova)!; // tables have a leaf for every iova

  /** A leaf that was valid stays behind in caches. */
  const change = (s: TableSeen, at: LeafAt, leaf: Pte) => ({
    table: s.table.set(at.iova, leaf),
    stale: leafChanged(s, at.domain, at.iova, leafOf(s, at)),
  });
  type Changed = ReturnType<typeof change>;

  return {
    leafOf,
    change,

    /** The leaf names the page from now on. @param exit where the step goes then */
    install(
      s: TableSeen,
      at: LeafAt,
      page: Page,
      exit: (changed: Changed) => Result<Changed, object> = next,
    ): Result<Changed, object> {
      return exit(change(s, at, Pte.make.V(page))).emit('PTE installed', {
        domain: at.domain,
        iova: at.iova,
        page,
      });
    },

    /** The leaf names no page any more for the walker. If it was valid, its use goes over to the handler. */
    invalidate(
      s: TableSeen,
      at: LeafAt,
      leaf: Pte,
      exit: (changed: Changed) => Result<Changed, object> = next,
    ): Result<Changed, object> {
      const before = leafOf(s, at);
      const after = exit(change(s, at, leaf));
      return before.tag === 'V'
        ? after.emit('PTE invalidated', { domain: at.domain, iova: at.iova, page: before.value })
        : after;
    },
  };
}
