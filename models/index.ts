/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01, { defects as sc01Defects } from './sc-01.js';
import sc02, { defects as sc02Defects } from './sc-02.js';
import sc03, { defects as sc03Defects } from './sc-03.js';
import sc07, { defects as sc07Defects } from './sc-07.js';
import type { Model } from '../src/index.js';
import type { Defect } from './defect.js';

/** A file of models, relative to this one. */
export interface Builtin {
  readonly file: string;
  readonly models: readonly Model[];
  readonly defects?: readonly Defect[];
}

export const builtin: readonly Builtin[] = [
  { file: './sc-01.js', models: sc01, defects: sc01Defects },
  { file: './sc-02.js', models: sc02, defects: sc02Defects },
  { file: './sc-03.js', models: sc03, defects: sc03Defects },
  { file: './sc-07.js', models: sc07, defects: sc07Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
