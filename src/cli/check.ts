/** `ringfence check`: searches models, prints what was found, writes traces. */
import { build, describe, type Described, type Expected, type Machine } from '../language/index.js';
import { search as defaultSearch, type SearchResult } from '../explorer/index.js';
import {
  countLines,
  coverageLines,
  coverageOf,
  guardDocs,
  droppedFinder,
  guardFinder,
  marginOf,
  profileLines,
  profileOf,
  recordTrace,
  searchedLines,
  storyLine,
  styled,
  summaryLines,
  traceLines,
  verdictLines,
  type Counts,
  type Coverage,
  type Judged,
  type Line,
  type Profile,
  type StoredTrace,
} from '../report/index.js';
import { BaselineRun } from './baseline.js';
import { Exit, combine, type ExitCode } from './exit.js';
import { exitCodeOf, expectations, judge } from './expected.js';
import { interruptible } from './interrupt.js';
import { explained } from './impasse.js';
import { jsonFailure, jsonResult } from './json.js';
import { programLines } from './list.js';
import { findModels, type Found } from './models.js';
import { commandLine, type CheckOptions } from './options.js';
import { reproduce, shortest } from './reproduce.js';
import { smallerScopes } from './smaller.js';
import { shortPlace, version } from './package.js';
import { ProgressLine } from './progress.js';
import { openReporters } from './reporters/open.js';
import type { Asked, Checked } from './reporters/reporter.js';
import { TraceFolder } from './trace-output.js';
import { complain, warn, type Terminal } from './terminal.js';

/** The engine's `search`; tests give another. */
export type Search = typeof defaultSearch;

/** A model to check, built. */
export interface Task {
  readonly found: Found;
  readonly machine: Machine;
  readonly expected: ReadonlyMap<string, Expected>;
}

/** Checks the named models, or all. @throws InputError and ModelError before anything is searched */
export async function check(
  names: readonly string[],
  options: CheckOptions,
  terminal: Terminal,
  search: Search = defaultSearch,
): Promise<ExitCode> {
  const tasks = (await findModels(names, terminal.cwd)).map((found) => prepare(found, options));
  const traces = new TraceFolder(options.out, terminal.cwd);
  traces.check();
  const baseline = BaselineRun.open(names, tasks, options, terminal);
  const reporters = openReporters(options, terminal);
  const { signal, release } = interruptible(terminal);
  const codes: ExitCode[] = [];
  let done = 0;
  try {
    for (const task of tasks) {
      if (signal.aborted) break;
      const checked = await checkOne(task, options, terminal, { search, signal, traces, baseline });
      codes.push(checked.code);
      reporters.model(checked);
      done++;
    }
  } finally {
    release();
  }
  const unchecked = tasks.slice(done).map((task) => asked(task, options));
  if (unchecked.length > 0) {
    warn(terminal, [[`not checked: ${unchecked.map(({ machine }) => machine.model).join(', ')}`]]);
    codes.push(Exit.undecided);
  }
  const compared = baseline?.end();
  if (compared) codes.push(compared.code);
  return reporters.end({ unchecked, differences: [], ...compared, code: combine(codes) });
}

/** What says which machine of a model is meant. */
export type Choice = Pick<CheckOptions, 'scope' | 'edits' | 'property' | 'deny'>;

/** Builds before anything is searched: what is wrong with the input is said at once. @throws ModelError */
export function prepare(found: Found, { scope, edits, property, deny: denied }: Choice): Task {
  const properties = property.length > 0 ? property : undefined;
  const machine = build(found.model, { scope, edits, denied, properties });
  const changed = machine.edits.length > 0 || machine.denied.length > 0;
  return { found, machine, expected: expectations(found.model, machine.scope, changed) };
}

interface Means {
  readonly search: Search;
  readonly signal: AbortSignal;
  readonly traces: TraceFolder;
  readonly baseline?: BaselineRun;
}

const asked = ({ found, machine }: Task, options: CheckOptions): Asked => ({
  found,
  machine,
  reproduce: reproduce(found, machine, options),
});

async function checkOne(
  task: Task,
  options: CheckOptions,
  terminal: Terminal,
  { search, signal, traces, baseline }: Means,
): Promise<Checked> {
  const { found, machine, expected } = task;
  const line = new ProgressLine(machine.model, terminal);
  let result: SearchResult;
  try {
    result = await search(machine, {
      workers: options.workers,
      source: {
        module: found.module,
        model: machine.model,
        scope: machine.scope,
        edits: options.edits,
        denied: machine.denied,
        ...(options.property.length > 0 ? { properties: options.property } : {}),
      },
      maxStates: options.maxStates,
      maxDepth: options.maxDepth,
      maxMemory: options.maxMemory,
      timeout: options.timeout,
      stopAtFirst: options.stopAtFirst,
      selfCheck: options.selfCheck,
      census: wantsCoverage(options) || options.profile,
      signal,
      onProgress: (progress) => line.show(progress),
    });
  } catch (error) {
    line.clear();
    const message = error instanceof Error ? error.message : String(error);
    complain(terminal, `${machine.model}: the search broke down, so there is no verdict: ${message}`);
    return {
      ...asked(task, options),
      ...{ broke: message, judged: [], stored: new Map(), paths: new Map(), places: new Map(), failures: [] },
      ...{ code: Exit.error, text: () => [], json: jsonFailure(machine, options.workers, message) },
    };
  }
  line.tell(() => 'looking for what stands in the way');
  result = await explained(task, result, signal);
  line.clear();
  const judged = judge(result, expected);
  const { paths, stored, places, failures } = writeTraces(task, result, traces, terminal);
  const coverage = wantsCoverage(options) ? coverageOf(result, describedOf(task, true)) : undefined;
  let profile: Profile | undefined;
  if (options.profile && result.census) {
    const onScope = (words: string): void => line.tell(() => `searching with ${words}`);
    profile = profileOf(result, result.census, await smallerScopes(task, options, search, { signal, onScope }));
    line.clear();
  }
  for (const failure of failures) complain(terminal, failure);
  const differences = baseline?.model(result);
  const code = combine([
    exitCodeOf(result, judged),
    ...failures.map(() => Exit.error),
    ...(differences && differences.length > 0 ? [Exit.notAsExpected] : []),
  ]);
  return {
    ...asked(task, options),
    ...{ result, judged, stored, paths, places, failures, differences, code },
    text: () => reportLines(task, options, terminal, { result, judged, paths, stored, coverage, profile }),
    json: {
      ...jsonResult(result, judged, paths, { coverage, profile, stored }),
      ...(differences ? { differences } : {}),
    },
  };
}

/** The model without its edits, or as they leave it. */
export const describedOf = ({ found: { model }, machine }: Pick<Task, 'found' | 'machine'>, edited = false) => {
  const { scope, denied, edits } = machine;
  return describe(model, { scope, denied, edits: edited ? edits.flatMap((edit) => edit.split('; ')) : [] });
};

/** Stores the counterexamples, all of one property together; what can't be written is still printed. */
export function writeTraces(
  { found, machine }: Task,
  result: Pick<SearchResult, 'properties'>,
  traces: TraceFolder,
  terminal: Terminal,
) {
  const paths = new Map<string, string[]>();
  const stored = new Map<string, StoredTrace[]>();
  const places = new Map<string, string>();
  const failures: string[] = [];
  const broken = result.properties.filter(({ verdict }) => verdict === 'violated' || verdict === 'error');
  if (broken.every(({ trace }) => !trace)) return { paths, stored, places, failures };
  const described = describedOf({ found, machine });
  const guard = guardFinder(machine, described);
  const docOf = guardDocs(described);
  const place = (at: string): string => {
    const short = shortPlace(at, terminal.cwd);
    places.set(short, at);
    return short;
  };
  const { scope, denied } = machine;
  const dropped = droppedFinder(machine, build(found.model, { scope, denied }));
  const setting = { tool: version, model: found.model, file: found.file, place, guard, dropped, docOf };
  for (const { id, trace, further = [] } of broken) {
    if (!trace) continue;
    const kept = [trace, ...further].map((own) => recordTrace(machine, own, setting));
    stored.set(id, kept);
    try {
      paths.set(
        id,
        kept.map((own) => traces.write(own)),
      );
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  return { paths, stored, places, failures };
}

interface Outcome {
  readonly result: SearchResult;
  readonly judged: readonly Judged[];
  readonly paths: ReadonlyMap<string, readonly string[]>;
  readonly stored: ReadonlyMap<string, readonly StoredTrace[]>;
  readonly coverage: Coverage | undefined;
  readonly profile: Profile | undefined;
}

function reportLines(
  { found, machine }: Task,
  options: CheckOptions,
  terminal: Terminal,
  { result, judged, paths, stored, coverage, profile }: Outcome,
): Line[] {
  const sentences = new Map(machine.properties.map(({ id, text }) => [id, text]));
  const report = { model: found.model, result, judged, sentences };
  const shown = shortest(judged, stored);
  const lines: Line[] = [...verdictLines(report)];
  for (const trace of shown) lines.push([], ...traceLines(trace), [], storyLine(trace, { brief: true }));
  if (shown.length > 0) lines.push([]);
  lines.push(...summaryLines(report, searchedLines(result)));
  if (coverage) lines.push(...coverageLines(coverage));
  if ((wantsCoverage(options) || options.profile) && !result.census)
    lines.push(warning('the count was interrupted: there are no numbers'));
  lines.push(['  ', styled('dim', 'reproduce '), reproduce(found, machine, options)]);
  lines.push(...fileLines(paths, shown));
  const described = (): Described => describedOf({ found, machine }, true);
  if (coverage?.counts) lines.push(...numbersOf(coverage.counts, described, options, terminal));
  if (profile) lines.push(...profileLines(profile));
  return lines;
}

/** Where the traces are; those that are not printed can be shown. */
export function fileLines(paths: ReadonlyMap<string, readonly string[]>, shown: readonly StoredTrace[]): Line[] {
  return [...paths].flatMap(([id, files]) =>
    files.map((file): Line => [
      '  ',
      styled('dim', 'trace     '),
      file,
      ...(id === shown.at(0)?.property.id ? [] : [styled('dim', `  (npx ringfence show ${commandLine([file])})`)]),
    ]),
  );
}

const wantsCoverage = ({ coverage, coverageTransitions, coverageListing }: CheckOptions): boolean =>
  coverage || coverageTransitions || coverageListing;

const warning = (text: string): Line => ['  ', styled('dim', 'warning   '), styled('warn', text)];

/** How often everything was seen: as tables, or as a listing of the program. */
function numbersOf(counts: Counts, described: () => Described, options: CheckOptions, { cwd }: Terminal): Line[] {
  const unit = options.coverageTransitions ? 'transitions' : 'projections';
  if (!options.coverageListing) return countLines(counts, unit);
  const { margin, head } = marginOf(counts, unit);
  return [[], head, ...programLines(described(), (at) => shortPlace(at, cwd), margin)];
}
