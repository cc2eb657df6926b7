/** The models that ringfence ships with: where each file is, so that a worker can import it, and what it exports. */
import benchIommu from './bench-iommu.js';
import sc01, { defects as sc01Defects } from './sc-01.js';
import sc02, { defects as sc02Defects } from './sc-02.js';
import sc03, { defects as sc03Defects } from './sc-03.js';
import sc04, { defects as sc04Defects } from './sc-04.js';
import sc05, { defects as sc05Defects } from './sc-05.js';
import sc06, { defects as sc06Defects } from './sc-06.js';
import sc07, { defects as sc07Defects } from './sc-07.js';
import sc07Ranges, { defects as sc07RangesDefects } from './sc-07-ranges.js';
import sc08, { defects as sc08Defects } from './sc-08.js';
import sc09, { defects as sc09Defects } from './sc-09.js';
import sc10, { defects as sc10Defects } from './sc-10.js';
import sc11, { defects as sc11Defects } from './sc-11.js';
import sc12, { defects as sc12Defects } from './sc-12.js';
import sc13, { defects as sc13Defects } from './sc-13.js';
import sc14, { defects as sc14Defects } from './sc-14.js';
import sc15, { defects as sc15Defects } from './sc-15.js';
import sc16, { defects as sc16Defects } from './sc-16.js';
import sc17, { defects as sc17Defects } from './sc-17.js';
import sc18, { defects as sc18Defects } from './sc-18.js';
import sc19, { defects as sc19Defects } from './sc-19.js';
import sc19Unbind, { defects as sc19UnbindDefects } from './sc-19-unbind.js';
import sc20, { defects as sc20Defects } from './sc-20.js';
import sc21, { defects as sc21Defects } from './sc-21.js';
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
  { file: './sc-01.js', models: sc01, defects: sc01Defects },
  { file: './sc-02.js', models: sc02, defects: sc02Defects },
  { file: './sc-03.js', models: sc03, defects: sc03Defects },
  { file: './sc-04.js', models: sc04, defects: sc04Defects },
  { file: './sc-05.js', models: sc05, defects: sc05Defects },
  { file: './sc-06.js', models: sc06, defects: sc06Defects },
  { file: './sc-07.js', models: sc07, defects: sc07Defects },
  { file: './sc-07-ranges.js', models: sc07Ranges, defects: sc07RangesDefects },
  { file: './sc-08.js', models: sc08, defects: sc08Defects },
  { file: './sc-09.js', models: sc09, defects: sc09Defects },
  { file: './sc-10.js', models: sc10, defects: sc10Defects },
  { file: './sc-11.js', models: sc11, defects: sc11Defects },
  { file: './sc-12.js', models: sc12, defects: sc12Defects },
  { file: './sc-13.js', models: sc13, defects: sc13Defects },
  { file: './sc-14.js', models: sc14, defects: sc14Defects },
  { file: './sc-15.js', models: sc15, defects: sc15Defects },
  { file: './sc-16.js', models: sc16, defects: sc16Defects },
  { file: './sc-17.js', models: sc17, defects: sc17Defects },
  { file: './sc-18.js', models: sc18, defects: sc18Defects },
  { file: './sc-19.js', models: sc19, defects: sc19Defects },
  { file: './sc-19-unbind.js', models: sc19Unbind, defects: sc19UnbindDefects },
  { file: './sc-20.js', models: sc20, defects: sc20Defects },
  { file: './sc-21.js', models: sc21, defects: sc21Defects },
  { file: './bench-iommu.js', models: [benchIommu] },
];
