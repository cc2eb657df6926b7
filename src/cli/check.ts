/** `ringfence check`: searches models, prints what was found, writes traces. */
import { build, describe, type Expected, type Machine } from '../language/index.js';
import { search as defaultSearch, type SearchResult } from '../explorer/index.js';
import {
  coverageLines,
  coverageOf,
  guardFinder,
  recordTrace,
  storyLine,
  styled,
  summaryLines,
  traceLines,
  verdictLines,
  type Coverage,
  type Judged,
  type Line,
  type StoredTrace,
} from '../report/index.js';
import { Exit, combine, type ExitCode } from './exit.js';
import { exitCodeOf, expectations, judge } from './expected.js';
import { interruptible } from './interrupt.js';
import { jsonFailure, jsonResult, type JsonResult } from './json.js';
import { findModels, type Found } from './models.js';
import { commandLine, type CheckOptions } from './options.js';
import { reproduce, shortest } from './reproduce.js';
import { shortPlace, version } from './package.js';
import { ProgressLine } from './progress.js';
import { TraceFolder } from './trace-output.js';
import { complain, say, warn, type Terminal } from './terminal.js';

/** The engine's `search`; tests give another. */
export type Search = typeof defaultSearch;

interface Task {
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
  const { signal, release } = interruptible(terminal);
  const codes: ExitCode[] = [];
  try {
    for (const [i, task] of tasks.entries()) {
      if (signal.aborted) {
        warn(terminal, [
          [
            `not checked: ${tasks
              .slice(i)
              .map(({ machine }) => machine.model)
              .join(', ')}`,
          ],
        ]);
        codes.push(Exit.undecided);
        break;
      }
      if (i > 0 && !options.json) say(terminal, [[]]);
      codes.push(await checkOne(task, options, terminal, { search, signal, traces }));
    }
  } finally {
    release();
  }
  return combine(codes);
}

/** Builds before anything is searched: what is wrong with the input is said at once. */
function prepare(found: Found, { scope, edits, property, deny: denied }: CheckOptions): Task {
  const properties = property.length > 0 ? property : undefined;
  const machine = build(found.model, { scope, edits, denied, properties });
  const changed = machine.edits.length > 0 || machine.denied.length > 0;
  return { found, machine, expected: expectations(found.model, machine.scope, changed) };
}

interface Means {
  readonly search: Search;
  readonly signal: AbortSignal;
  readonly traces: TraceFolder;
}

async function checkOne(
  task: Task,
  options: CheckOptions,
  terminal: Terminal,
  { search, signal, traces }: Means,
): Promise<ExitCode> {
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
      signal,
      onProgress: (progress) => line.show(progress),
    });
  } catch (error) {
    line.clear();
    const message = error instanceof Error ? error.message : String(error);
    complain(terminal, `${machine.model}: the search broke down, so there is no verdict: ${message}`);
    if (options.json) printJson(terminal, jsonFailure(machine, options.workers, message));
    return Exit.error;
  }
  line.clear();
  const judged = judge(result, expected);
  const { paths, stored, failures } = writeTraces(task, result, traces, terminal);
  const coverage = options.coverage ? coverageOf(result, describedOf(task)) : undefined;
  if (options.json) printJson(terminal, jsonResult(result, judged, paths, coverage));
  else printReport(task, options, terminal, { result, judged, paths, stored, coverage });
  for (const failure of failures) complain(terminal, failure);
  return combine([exitCodeOf(result, judged), ...failures.map(() => Exit.error)]);
}

/** The model without its edits. */
const describedOf = ({ found, machine }: Pick<Task, 'found' | 'machine'>) =>
  describe(found.model, { scope: machine.scope, denied: machine.denied });

/** Stores the counterexamples, all of one property together; what can't be written is still printed. */
function writeTraces({ found, machine }: Task, result: SearchResult, traces: TraceFolder, terminal: Terminal) {
  const paths = new Map<string, string[]>();
  const stored = new Map<string, StoredTrace[]>();
  const failures: string[] = [];
  const broken = result.properties.filter(({ verdict }) => verdict === 'violated' || verdict === 'error');
  if (broken.every(({ trace }) => !trace)) return { paths, stored, failures };
  const guard = guardFinder(machine, describedOf({ found, machine }));
  const place = (at: string): string => shortPlace(at, terminal.cwd);
  const setting = { tool: version, model: found.model, file: found.file, place, guard };
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
  return { paths, stored, failures };
}

interface Outcome {
  readonly result: SearchResult;
  readonly judged: readonly Judged[];
  readonly paths: ReadonlyMap<string, readonly string[]>;
  readonly stored: ReadonlyMap<string, readonly StoredTrace[]>;
  readonly coverage: Coverage | undefined;
}

function printReport(
  { found, machine }: Task,
  options: CheckOptions,
  terminal: Terminal,
  { result, judged, paths, stored, coverage }: Outcome,
): void {
  const sentences = new Map(machine.properties.map(({ id, text }) => [id, text]));
  const report = { model: found.model, result, judged, sentences };
  const shown = shortest(judged, stored);
  const lines: Line[] = [...verdictLines(report)];
  for (const trace of shown) lines.push([], ...traceLines(trace), [], storyLine(trace, { brief: true }));
  if (shown.length > 0) lines.push([]);
  lines.push(...summaryLines(report));
  if (coverage) lines.push(...coverageLines(coverage));
  lines.push(['  ', styled('dim', 'reproduce '), reproduce(found, machine, options)]);
  for (const [id, files] of paths) {
    for (const file of files)
      lines.push([
        '  ',
        styled('dim', 'trace     '),
        file,
        ...(id === shown.at(0)?.property.id ? [] : [styled('dim', `  (npx ringfence show ${commandLine([file])})`)]),
      ]);
  }
  say(terminal, lines);
}

function printJson(terminal: Terminal, result: JsonResult): void {
  terminal.stdout.write(`${JSON.stringify(result)}\n`);
}
