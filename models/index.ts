/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc03 from './sc-03.js';
import sc04, { defects as sc04Defects } from './sc-04.js';
import sc06, { defects as sc06Defects } from './sc-06.js';
import type { Defect } from './defect.js';
import type { Model } from '../src/index.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  /** The seeded defects that are tried on them. */
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-03.js', models: sc03 },
  { file: './sc-04.js', models: sc04, defects: sc04Defects },
  { file: './sc-06.js', models: sc06, defects: sc06Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
