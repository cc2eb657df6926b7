/** A guest's own devices reach the guest's own pages: what the guest's stage-2 says is the authority for that (B4). */
import { check, Ownership, type OwnershipValue, type PageOwnership } from './page-ownership.js';

/** A page that a protected guest has for itself. */
export const guestOwned = Ownership.make({ owner: 'GUEST', host: 'NOPAGE', hyp: 'NOPAGE', guest: 'OWNED' });

/** The look-up in the guest's stage-2 and the count are under one lock: nobody takes the page away between (W-33). */
export const guestUseDma = (pages: PageOwnership): PageOwnership['useDma'] =>
  pages.useDmaIf(
    'pkvm_get_guest_pa_request_use_dma',
    check<{ readonly own: OwnershipValue }>(
      'guest-owns-page',
      'a guest may give its device only what it owns alone',
      'EPERM',
      ({ own }) => own.guest === 'OWNED',
    ),
  );
