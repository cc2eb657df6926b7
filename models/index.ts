/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01 from './sc-01.js';
import sc03 from './sc-03.js';
import sc04 from './sc-04.js';
import sc06 from './sc-06.js';
import type { Model } from '../src/index.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01 },
  { file: './sc-03.js', models: sc03 },
  { file: './sc-04.js', models: sc04 },
  { file: './sc-06.js', models: sc06 },
  { file: './bench-iommu.js', models: [benchIommu] },
];
