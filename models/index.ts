/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc11, { defects as sc11Defects } from './sc-11.js';
import type { Model } from '../src/index.js';
import type { Defect } from './defect.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  /** Seeded defects that its models must find. */
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-11.js', models: sc11, defects: sc11Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
