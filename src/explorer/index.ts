/** The engine: it knows machines, not handlers, and no SMMU. */
export * from './result.js';
export { search } from './search.js';
export { execute } from './execute.js';
