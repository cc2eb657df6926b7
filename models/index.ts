/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc05, { defects as sc05Defects } from './sc-05.js';
import type { Defect } from './defect.js';
import type { Model } from '../src/index.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  /** Seeded defects that its tests hold it to. */
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-05.js', models: sc05, defects: sc05Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
