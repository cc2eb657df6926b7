/** `ringfence simulate`: random walks through models that are too large to be explored. */
import { simulate as walk, type Simulation } from '../explorer/index.js';
import {
  count,
  coverageLines,
  coverageOf,
  simulationLines,
  styled,
  summaryLines,
  traceLines,
  verdictLines,
  type Coverage,
  type Judged,
  type Line,
} from '../report/index.js';
import { describedOf, fileLines, prepare, writeTraces, type Choice, type Task } from './check.js';
import { combine, Exit, InputError, type ExitCode } from './exit.js';
import { exitCodeOf, judge } from './expected.js';
import { interruptible } from './interrupt.js';
import { propertiesOf } from './json.js';
import { findModels } from './models.js';
import { commandLine } from './options.js';
import { ProgressLine } from './progress.js';
import { clock } from './status-line.js';
import { machineWords, shortest } from './reproduce.js';
import { complain, say, type Terminal } from './terminal.js';
import { TraceFolder } from './trace-output.js';

/** Options of `simulate`. */
export interface SimulateOptions extends Choice {
  readonly walks: number;
  /** Of each walk. */
  readonly steps: number;
  readonly seed: number;
  /** Seconds. */
  readonly timeout?: number;
  readonly stopAtFirst: boolean;
  readonly json: boolean;
  readonly out: string;
}

/** Walks through one model. @throws InputError and ModelError before the first step */
export async function simulate(name: string, options: SimulateOptions, terminal: Terminal): Promise<ExitCode> {
  const [found, ...others] = await findModels([name], terminal.cwd);
  if (others.length > 0)
    throw new InputError(`${name} has several models, and simulate walks through one: put each into a file of its own`);
  const task = prepare(found, options);
  const traces = new TraceFolder(options.out, terminal.cwd);
  traces.check();
  const { machine, expected } = task;
  const line = new ProgressLine(machine.model, terminal);
  const { signal, release } = interruptible(terminal);
  let simulation: Simulation;
  try {
    simulation = await walk(machine, {
      ...options,
      signal,
      onProgress: ({ walks, steps, states, seconds }) =>
        line.tell(() => `walk ${count(walks)}  ${count(steps)} steps  ${count(states)} states  ${clock(seconds)}`),
    });
  } finally {
    release();
    line.clear();
  }
  const judged = judge(simulation, expected);
  const { paths, stored, failures } = writeTraces(task, simulation, traces, terminal);
  const coverage = coverageOf(simulation, describedOf(task, true));
  if (options.json) terminal.stdout.write(`${JSON.stringify(jsonOf(simulation, judged, paths, coverage))}\n`);
  else {
    const sentences = new Map(machine.properties.map(({ id, text }) => [id, text]));
    const report = { model: found.model, result: simulation, judged, sentences };
    const shown = shortest(judged, stored);
    const lines: Line[] = [...verdictLines(report)];
    for (const trace of shown) lines.push([], ...traceLines(trace));
    if (shown.length > 0) lines.push([]);
    lines.push(...summaryLines(report, simulationLines(simulation)), ...coverageLines(coverage));
    lines.push(['  ', styled('dim', 'reproduce '), reproduce(task, options)], ...fileLines(paths, shown));
    say(terminal, lines);
  }
  for (const failure of failures) complain(terminal, failure);
  return combine([exitCodeOf(simulation, judged), Exit.undecided, ...failures.map(() => Exit.error)]);
}

function jsonOf(
  { machine, verdict, incomplete, ...simulation }: Simulation,
  judged: readonly Judged[],
  paths: ReadonlyMap<string, readonly string[]>,
  coverage: Coverage,
): object {
  const { model, scope, edits, denied, digest } = machine;
  const { walks, steps, seed, states, deadlocks, lately, seconds, specCalls } = simulation;
  return {
    ...{ model, scope, edits, denied, verdict, incomplete },
    ...{ walks, steps, seed, states, deadlocks, lately, seconds, specCalls },
    properties: propertiesOf(judged, paths),
    coverage,
    digest,
  };
}

function reproduce({ found, machine }: Task, options: SimulateOptions): string {
  const { walks, steps, seed, timeout, stopAtFirst } = options;
  const words = ['npx', 'ringfence', 'simulate', ...machineWords(found, machine, options)];
  words.push('--walks', String(walks), '--steps', String(steps), '--seed', String(seed));
  if (timeout !== undefined) words.push('--timeout', `${timeout}s`);
  if (stopAtFirst) words.push('--stop-at-first');
  return commandLine(words);
}
