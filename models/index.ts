/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc03 from './sc-03.js';
import sc12, { defects as sc12Defects } from './sc-12.js';
import sc13, { defects as sc13Defects } from './sc-13.js';
import type { Defect } from './defect.js';
import type { Model } from '../src/index.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  /** Defects that are seeded into them. */
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-03.js', models: sc03 },
  { file: './sc-12.js', models: sc12, defects: sc12Defects },
  { file: './sc-13.js', models: sc13, defects: sc13Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
