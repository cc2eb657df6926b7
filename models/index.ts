/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc14, { defects as sc14Defects } from './sc-14.js';
import type { Model } from '../src/index.js';
import type { Defect } from './defect.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  /** Seeded defects, each with what it violates. */
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-14.js', models: sc14, defects: sc14Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
