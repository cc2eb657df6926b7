/** Reports: trace files, and text for people. */
export * from './lines.js';
export * from './stored-trace.js';
export { TraceError, decodeTrace, encodeTrace } from './trace-file.js';
export { limits } from './trace-shape.js';
export { recordTrace, type Setting } from './record.js';
export { decisiveSteps, type Decisive } from './decisive.js';
export { droppedFinder } from './dropped.js';
export { guardDocs, guardEnd, guardFinder, stepsByProcess, type GuardFinder } from './guards.js';
export { coverageLines, coverageOf, type Counts, type Coverage, type Seen } from './coverage.js';
export { countLines, type Unit } from './coverage-counts.js';
export { marginOf, type Margin } from './coverage-listing.js';
export { compareSides, type Comparison, type Side, type Verdict } from './comparison.js';
export { comparisonLines } from './comparison-text.js';
export {
  endLines,
  functionName,
  stateLines,
  storyLine,
  traceLines,
  type Detail,
  type SeenGuard,
} from './counterexample.js';
export { impasseRows, type ImpasseRow } from './impasse.js';
export { profileLines, profileOf, type Profile, type Smaller } from './profile.js';
export { replayTrace, variableChanges, type Replayed } from './replay.js';
export { simulationLines } from './simulation.js';
export { searchedLines, summaryLines, verdictLines, verdictWords, type Judged, type Report } from './summary.js';
export {
  BaselineError,
  compareModel,
  differenceLines,
  entryOf,
  formatBaseline,
  readBaseline,
  sideWords,
  type Baseline,
  type BaselineEntry,
  type Difference,
} from './baseline.js';
export { pageLimits, pageTrace, visible, type PageStep, type PageTrace } from './page-trace.js';
export { contentSecurityPolicy, htmlPage, type PageAssets } from './html.js';
export type * from './page-data.js';
export { Walker, WalkError } from './walk.js';
export { fit } from './fit.js';
export { storyOf } from './story.js';
export { dotOf, type Graph } from './dot.js';
export { GraphTooLarge, stateGraph } from './state-graph.js';
export { programGraph } from './program-graph.js';
