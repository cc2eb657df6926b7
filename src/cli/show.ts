/** `ringfence show`: a stored trace as text. It needs no model; where there is one, it says whether it has changed. */
import { ModelError, describe, type Machine } from '../language/index.js';
import {
  pairs,
  stateLines,
  stepsByProcess,
  storyLine,
  storyOf,
  styled,
  traceLines,
  type Line,
  type SeenGuard,
  type StoredTrace,
} from '../report/index.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { commandLine } from './options.js';
import type { Found } from './models.js';
import { writePage } from './page.js';
import { modelOf, readTraceFile, rebuild } from './trace-input.js';
import { say, warn, type Terminal } from './terminal.js';

/** Options of `show`. */
export interface ShowOptions {
  /** Print the whole state after this step instead. */
  readonly state?: number;
  readonly json: boolean;
  /** Write a page of HTML to this file instead. */
  readonly html?: string;
  /** Open that page. */
  readonly open?: boolean;
  /** Neighbouring steps of one handler call on one line. */
  readonly compact?: boolean;
  /** Also documents, guards that passed, and all variables after each step. */
  readonly verbose?: boolean;
  /** Characters of a line; without it, those of the terminal. */
  readonly width?: number;
  /** The file of a model that is not built in. */
  readonly model?: string;
}

/** Prints a trace. @throws InputError for a file that is no intact trace */
export async function show(file: string, options: ShowOptions, terminal: Terminal): Promise<ExitCode> {
  const trace = readTraceFile(file, terminal.cwd);
  if (options.state !== undefined && options.state > trace.steps.length) {
    throw new InputError(`there is no state ${options.state}: the trace has ${trace.steps.length} steps`);
  }
  const { state, json, compact = false, verbose = false, width = terminal.width, html, open = false } = options;
  if (compact && verbose) throw new InputError('--compact and --verbose exclude each other');
  if (open && html === undefined) throw new InputError('--open opens a page: say with --html FILE where it is written');
  const found = await modelOf(trace, options.model, terminal.cwd);
  const now = modelNow(found, trace, options.model);
  const wide = { ...terminal, width };
  if (html !== undefined) await writePage(trace, now.machine, file, { html, open }, terminal);
  else if (json) terminal.stdout.write(`${JSON.stringify({ ...trace, story: storyOf(trace) })}\n`);
  else if (state !== undefined) say(wide, stateLines(trace, state));
  else {
    const detail = { compact, ...(verbose ? { verbose: { guardsOf: guardsOf(found, trace) } } : {}) };
    const story = storyLine(trace);
    say(wide, [...headLines(trace), story, [], ...traceLines(trace, detail), [], ...footLines(file, trace)]);
  }
  if (now.change !== undefined) warn(terminal, [[styled('warn', 'warning:'), ` ${now.change}`]]);
  return Exit.asExpected;
}

/** Model, scope, edits and denied assumptions of a trace. */
export function headLines(trace: StoredTrace): Line[] {
  const lines: Line[] = [[styled('bold', trace.model), `  ${trace.title}`]];
  if (Object.keys(trace.scope).length > 0) lines.push(['  ', styled('dim', 'scope     '), pairs(trace.scope)]);
  trace.edits.forEach((edit, i) =>
    lines.push(['  ', styled('dim', i === 0 ? 'edits     ' : '          '), styled('warn', edit)]),
  );
  if (trace.denied.length > 0) lines.push(['  ', styled('dim', 'denied    '), styled('warn', trace.denied.join(', '))]);
  return lines;
}

function footLines(file: string, trace: StoredTrace): Line[] {
  const model = trace.file === '' ? [] : ['--model', trace.file];
  return [
    [
      '  ',
      styled('dim', 'state     '),
      commandLine(['npx', 'ringfence', 'show', file, '--state', '0']),
      styled('dim', '  (the whole state after a step)'),
    ],
    ['  ', styled('dim', 'replay    '), commandLine(['npx', 'ringfence', 'replay', file, ...model])],
  ];
}

/** The guards of each step, where the model is here and allows the trace's scope; none elsewhere. */
function guardsOf(
  found: Found | undefined,
  { scope, denied }: StoredTrace,
): (process: string, action: string) => readonly SeenGuard[] {
  if (!found) return () => [];
  try {
    const steps = stepsByProcess(describe(found.model, { scope, denied }));
    return (process, action) => steps.get(process)?.get(action.replace(/~.*$/, ''))?.node.spec.guards ?? [];
  } catch (error) {
    if (error instanceof ModelError) return () => [];
    throw error;
  }
}

/** The model as it is now, and in words how it differs from the one that was checked; nothing if it is the same. */
function modelNow(
  found: Found | undefined,
  trace: StoredTrace,
  file: string | undefined,
): { machine?: Machine; change?: string } {
  if (!found) {
    if (trace.file !== '' && file === undefined) return {};
    return { change: `the model ${trace.model} is not here, so nobody can say whether it has changed since` };
  }
  const changed = `the model ${trace.model} has changed since this trace was found: `;
  try {
    const machine = rebuild(found, trace);
    if (machine.digest === trace.digest) return { machine };
    return { machine, change: `${changed}"ringfence replay" says whether the trace still goes through` };
  } catch (error) {
    return { change: `${changed}${(error as Error).message}` };
  }
}
