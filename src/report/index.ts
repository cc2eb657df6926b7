/** Reports: trace files, and text for people. */
export * from './lines.js';
export * from './stored-trace.js';
export { TraceError, decodeTrace, encodeTrace } from './trace-file.js';
export { limits } from './trace-shape.js';
export { recordTrace, type Setting } from './record.js';
export { guardEnd, guardFinder, stepsByProcess, type GuardFinder } from './guards.js';
export { coverageLines, coverageOf, type Coverage } from './coverage.js';
export {
  endLines,
  functionName,
  stateLines,
  storyLine,
  traceLines,
  type Detail,
  type SeenGuard,
} from './counterexample.js';
export { replayTrace, variableChanges, type Replayed } from './replay.js';
export { summaryLines, verdictLines, type Judged, type Report } from './summary.js';
export { fit } from './fit.js';
export { storyOf } from './story.js';
export { dotOf, type Graph } from './dot.js';
export { GraphTooLarge, stateGraph } from './state-graph.js';
export { programGraph } from './program-graph.js';
