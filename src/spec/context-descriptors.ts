/**
 * Tables of context descriptors (B7, B8): stage 1. A stream's STE names a table, the PASID picks the CD in it, and the CD
 * names the page table. The tables are EL2 memory that is allocated when the first domain is attached to a stream.
 */
import { enumOf, optional, record, type Builder, type FamilyView, type ValueOf } from '../language/index.js';
import type { CdTable, Parts, Pasid } from './parts.js';

export type CdValue = ValueOf<ReturnType<typeof contextDescriptors>['Cd']>;

/** CDs in memory, as a step sees them. */
export type CdAt = Pick<FamilyView<readonly [CdTable, Pasid] & readonly number[], CdValue>, 'at'>;

/**
 * Declares the CDs, and who has the memory that they lie in. A SubstreamID that a table has no room for is the memory
 * behind it: somebody else's. The SMMU does not look there (S1CDMax); EL2 must not either.
 */
export function contextDescriptors(m: Builder, { domain, pasid, cdTable }: Parts) {
  /** Word 0 is V and the ASID, `null` if V=0; word 1 is TTB0. */
  const Cd = record('Cd', { w0: optional(domain), ttb: optional(domain) });
  const zeroCd = Cd.make({ w0: null, ttb: null });
  const cd = m.family('cd', [cdTable, pasid], Cd, zeroCd);
  const cdMemory = m.family('cdMemory', [cdTable], enumOf('HOST', 'FREE', 'CD'), 'FREE');
  m.explain(
    cd,
    'the context descriptor for a PASID in this table: w0 is the ASID, null if invalid (V=0), ttb is the domain whose stage-1 table it names',
  );
  m.explain(
    cdMemory,
    'whose memory the table of context descriptors lies in: the host’s, free in EL2’s allocator, or in use as a table (CD)',
  );
  return { Cd, zeroCd, cd, cdMemory };
}
