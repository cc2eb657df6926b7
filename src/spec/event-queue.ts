/**
 * The event queue of an SMMU, PV design (B8): memory of the host, which reads the events. Take-over shares it with EL2 and
 * pins it, so that it can neither be unshared nor given away: the SMMU writes there by itself, whenever a transaction
 * faults, and no stage-2 stops it (I-9). Nothing ever unpins it.
 */
import type { Builder } from '../language/index.js';
import type { PageOwnership } from './page-ownership.js';
import { hostSharedWithHyp } from './page-ownership.js';
import type { Page, Parts, Smmu } from './parts.js';

export type EventQueues = ReturnType<typeof eventQueues>;

/**
 * One page for each SMMU, the last ones, as smmu_init_evtq leaves them.
 * @param pinned an early snapshot shares them, and does not pin them
 */
export function eventQueues(m: Builder, { page, smmu }: Parts, { ownership, ref }: PageOwnership, pinned: boolean) {
  const pageOf = (s: Smmu): Page => page.of(page.size - 1 - s);
  m.start(
    ...smmu.values.map((s) => [ownership(pageOf(s)), hostSharedWithHyp] as const),
    ...(pinned ? smmu.values.map((s) => [ref(pageOf(s)), 1] as const) : []),
  );
  return { pageOf };
}
