/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc09, { defects as sc09Defects } from './sc-09.js';
import sc10, { defects as sc10Defects } from './sc-10.js';
import type { Defect } from './defect.js';
import type { Model } from '../src/index.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  /** Seeded defects of these models, each with what it breaks. */
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-09.js', models: sc09, defects: sc09Defects },
  { file: './sc-10.js', models: sc10, defects: sc10Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
