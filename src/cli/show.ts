/** `ringfence show`: a stored trace as text. It needs no model; where there is one, it says whether it has changed. */
import type { Machine } from '../language/index.js';
import { pairs, stateLines, styled, traceLines, type Line, type StoredTrace } from '../report/index.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { commandLine } from './options.js';
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
  readonly open: boolean;
  /** The file of a model that is not built in. */
  readonly model?: string;
}

/** Prints a trace. @throws InputError for a file that is no intact trace */
export async function show(file: string, options: ShowOptions, terminal: Terminal): Promise<ExitCode> {
  const trace = readTraceFile(file, terminal.cwd);
  if (options.state !== undefined && options.state > trace.steps.length) {
    throw new InputError(`there is no state ${options.state}: the trace has ${trace.steps.length} steps`);
  }
  const { html, open } = options;
  if (open && html === undefined) throw new InputError('--open opens a page: say with --html FILE where it is written');
  const now = await modelNow(trace, options.model, terminal);
  if (html !== undefined) await writePage(trace, now.machine, file, { html, open }, terminal);
  else if (options.json) terminal.stdout.write(`${JSON.stringify(trace)}\n`);
  else if (options.state !== undefined) say(terminal, stateLines(trace, options.state));
  else say(terminal, [...headLines(trace), [], ...traceLines(trace), [], ...footLines(file, trace)]);
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

/** The model as it is now, and in words how it differs from the one that was checked; nothing if it is the same. */
async function modelNow(
  trace: StoredTrace,
  file: string | undefined,
  terminal: Terminal,
): Promise<{ machine?: Machine; change?: string }> {
  const found = await modelOf(trace, file, terminal.cwd);
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
