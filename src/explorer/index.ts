/** The engine: it knows machines, not handlers, and no SMMU. */
export * from './result.js';
export type { Census, Count, Flight } from './census.js';
export type { Evidence } from './evidence.js';
export { suspects, type LockEdge } from './lock-order.js';
export { search } from './search.js';
export { simulate, type Simulation, type SimulationOptions, type SimulationProgress } from './simulate.js';
export { execute } from './execute.js';
export { loadModel } from './source.js';
export { endPool, meet } from './threads.js';
export { impasseOf, type Aside, type Choice, type Impasse, type ImpasseOptions } from './impasse.js';
export type { Reading, Refusal, Wait } from './obstacles.js';
