/**
 * What the checker has decided about the published designs and the seeds. Lengths and commands are not written here: they
 * are those of results/baseline.json and of the rows of seeded defects, which tests hold to what the checker finds.
 */
import type { Finding } from './finding.js';
import { crashFindings } from './findings-crash.js';
import { remoteprocFindings } from './findings-remoteproc.js';
import { smmuFindings } from './findings-smmu.js';

export const findings: readonly Finding[] = [...remoteprocFindings, ...crashFindings, ...smmuFindings];
