/** `ringfence replay`: a stored trace against the model as it is now. */
import { ModelError, type Machine } from '../language/index.js';
import { plural, replayTrace, styled, variableChanges, type Line, type StoredTrace } from '../report/index.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { headLines } from './show.js';
import { modelOf, readTraceFile, rebuild } from './trace-input.js';
import { say, warn, type Terminal } from './terminal.js';

/** Options of `replay`. */
export interface ReplayOptions {
  /** The file of a model that is not built in. */
  readonly model?: string;
}

/** Replays a trace: 0 if it still ends in the violation, 1 if not, 3 if that can't be told. @throws InputError */
export async function replay(file: string, options: ReplayOptions, terminal: Terminal): Promise<ExitCode> {
  const trace = readTraceFile(file, terminal.cwd);
  const found = await modelOf(trace, options.model, terminal.cwd);
  if (!found) {
    const mend =
      options.model !== undefined
        ? `${options.model} has no model of that name`
        : trace.file === ''
          ? 'this ringfence has no model of that name'
          : `it is no built-in model: name its file with --model (it was written from ${trace.file})`;
    throw new InputError(`${file} is a trace of ${trace.model}: ${mend}`);
  }
  say(terminal, headLines(trace));
  const say1 = (...lines: Line[]): void => say(terminal, lines);
  let machine: Machine;
  try {
    machine = rebuild(found, trace);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    say1([styled('bad', '✗ deviates'), `  before its first step: ${error.message}`]);
    return Exit.notAsExpected;
  }
  sayChanges(machine, trace, terminal);
  const outcome = replayTrace(machine, trace);
  const { id, text } = trace.property;
  if (outcome.kind === 'deviates') {
    say1([styled('bad', '✗ deviates'), `  at step ${outcome.step} of ${trace.steps.length}: ${outcome.why}`]);
    return Exit.notAsExpected;
  }
  const steps = plural(trace.steps.length, 'step');
  if (outcome.kind === 'walked') {
    say1([styled('good', '✓ goes through'), `  all ${steps} of this walk can still be taken`]);
    return Exit.asExpected;
  }
  const { kind, because } = outcome.standing;
  switch (kind) {
    case 'violated':
      say1([
        styled('good', '✓ reproduced'),
        `  all ${steps} still go through, and end where ${id} breaks: ${because || text}`,
      ]);
      return Exit.asExpected;
    case 'gone':
      say1([
        styled('bad', '✗ no violation'),
        `  all ${steps} still go through, but ${id} is not broken at their end: ${because}`,
      ]);
      return Exit.notAsExpected;
    case 'undecided':
      say1([
        styled('warn', '? undecided'),
        `  all ${steps} still go through; whether ${id} is broken at their end: ${because}`,
      ]);
      return Exit.undecided;
  }
}

function sayChanges(machine: Machine, trace: StoredTrace, terminal: Terminal): void {
  if (machine.digest === trace.digest) return;
  const { gone, added } = variableChanges(machine, trace);
  const words = [
    gone.length > 0 ? `without ${gone.join(', ')}` : '',
    added.length > 0 ? `with ${added.join(', ')}` : '',
  ].filter((part) => part !== '');
  warn(terminal, [
    [
      styled('warn', 'warning:'),
      ` the model has changed since this trace was found${words.length > 0 ? ` (now ${words.join(' and ')}, left out of the comparison)` : ''}`,
    ],
  ]);
}
