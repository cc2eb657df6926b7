/**
 * P-13 for the ownership hypercalls, as one property: who keeps books by return codes alone, as the host and the
 * selftest do, knows each page's state. A call that returns 0 has its whole effect, any other has none.
 */
import { range, record, type Builder, type Seen, type ValueOf } from '../language/index.js';
import { Ownership, type OwnershipValue, type Page } from '../spec/index.js';
import { ownershipWords } from './isolation.js';
import type { OwnershipSystem } from './ownership.js';

const state = (
  owner: OwnershipValue['owner'],
  host: OwnershipValue['host'],
  hyp: OwnershipValue['hyp'],
  guest: OwnershipValue['guest'],
): OwnershipValue => Ownership.make({ owner, host, hyp, guest });

const hostsAlone = state('HOST', 'OWNED', 'NOPAGE', 'NOPAGE');
const guestsAlone = state('GUEST', 'NOPAGE', 'NOPAGE', 'OWNED');

export function returnCodesTellTheState(m: Builder, { parts: { page }, pages, stage2, guest }: OwnershipSystem): void {
  const shares = guest.gshare.all[0].sort;
  const Book = record('Book', { own: Ownership, ref: range(0, pages.maxRef), gshare: shares });
  type Told = ValueOf<typeof Book>;
  const told = m.family('told', [page], Book, Book.make({ own: hostsAlone, ref: 0, gshare: 0 }));
  m.explain(
    told,
    'no variable of the kernel: what the host can know of the page by the results of its calls alone, for P-13',
  );

  const to =
    (own: OwnershipValue) =>
    (t: Told): Told =>
      t.set('own', own);
  // A count that would leave its bounds is wrong already: what comes after need only stay finite.
  const ref =
    (by: number) =>
    (t: Told): Told =>
      t.set('ref', Math.min(pages.maxRef, Math.max(0, t.ref + by)));
  const borrowers = (t: Told, count: number): Told => {
    const gshare = Math.min(shares.cardinality - 1, Math.max(0, count));
    return t.merge({ gshare, own: gshare > 0 ? state('HOST', 'SHARED_OWNED', 'NOPAGE', 'SHARED_BORROWED') : hostsAlone });
  }; // prettier-ignore

  const effects: Readonly<Record<string, (told: Told) => Told>> = {
    __pkvm_host_share_hyp: to(state('HOST', 'SHARED_OWNED', 'SHARED_BORROWED', 'NOPAGE')),
    __pkvm_host_unshare_hyp: to(hostsAlone),
    __pkvm_host_donate_hyp: to(state('HYP', 'NOPAGE', 'OWNED', 'NOPAGE')),
    __pkvm_hyp_donate_host: to(hostsAlone),
    __pkvm_host_donate_guest: to(guestsAlone),
    __pkvm_host_share_guest: (t) => borrowers(t, t.gshare + 1),
    __pkvm_host_unshare_guest: (t) => borrowers(t, t.gshare - 1),
    __pkvm_guest_share_host: to(state('GUEST', 'SHARED_BORROWED', 'NOPAGE', 'SHARED_OWNED')),
    __pkvm_guest_unshare_host: to(guestsAlone),
    __pkvm_host_reclaim_page_guest: to(hostsAlone),
    __pkvm_host_share_ffa: to(state('HOST', 'SHARED_OWNED', 'NOPAGE', 'NOPAGE')),
    __pkvm_host_unshare_ffa: to(hostsAlone),
    __pkvm_host_donate_ffa: to(state('FFA', 'NOPAGE', 'NOPAGE', 'NOPAGE')),
    '__pkvm_host_use_dma (MMIO)': to(state('HOST', 'SHARED_BORROWED', 'NOPAGE', 'NOPAGE')),
    hyp_pin_shared_mem: ref(+1),
    hyp_unpin_shared_mem: ref(-1),
  };
  type Books = Seen<{ told: typeof told }>;
  const change = (books: Books, p: Page, effect: (told: Told) => Told) => ({
    told: books.told.set(p, effect(books.told.at(p))),
  });
  const monitor = m.monitor('told', { told }, {
    accepted: ({ call, page: p }: { call: string; page: Page }, books: Books) => change(books, p, effects[call]),
    use_dma: ({ page: p }: { page: Page }, books: Books) => change(books, p, ref(+1)),
    unuse_dma: ({ page: p }: { page: Page }, books: Books) => change(books, p, ref(-1)),
  }); // prettier-ignore

  m.quiescent('P-13', {
    text: 'Return 0 ⇒ effect done; non-zero ⇒ no effect: with no call in flight, each page is what the return codes say.',
    source: 'swallowed errors list',
    monitors: [monitor],
    forall: { p: page },
    reads: ({ p }) => ({
      told: told(p),
      own: pages.ownership(p),
      ref: pages.ref(p),
      gshare: guest.gshare(p),
      mapped: stage2.mapped(p),
    }),
    holds: ({ told: t, own, ref: count, gshare, mapped }) =>
      ownershipWords(t.own) === ownershipWords(own) &&
      t.ref === count &&
      t.gshare === gshare &&
      // The host is told of a page of a guest's only by finding it mapped: a fault does not map it.
      (mapped || t.own.guest !== 'SHARED_OWNED'),
    because: ({ told: t, own, ref: count, gshare, mapped }, { p }) =>
      `${page.print(p)} is ${ownershipWords(own)} with ref ${count} and gshare ${gshare}, ${mapped ? 'mapped' : 'not mapped'} for the host; by the return codes it is ${ownershipWords(t.own)} with ${t.ref} and ${t.gshare}`,
  });
}
