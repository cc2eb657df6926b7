/** Which reporters run, and where each of them writes: at most one to stdout, others to files, all at once. */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { Exit, InputError, combine, type ExitCode } from '../exit.js';
import { fileInsteadOf, isAt, writeWhole } from '../files.js';
import type { CheckOptions, ReporterChoice } from '../options.js';
import { complain, type Output, type Terminal } from '../terminal.js';
import { githubReporter } from './github.js';
import { jsonReporter } from './json.js';
import { junitReporter } from './junit.js';
import { Locator } from './location.js';
import type { Checked, Ended, Reporter } from './reporter.js';
import { sarifReporter } from './sarif.js';
import { textReporter } from './text.js';

/** The reporters of one run. */
export interface Reporters {
  model(checked: Checked): void;
  /** Writes the files. @returns the run's exit code; that of an error if a file can't be written, which is said on stderr */
  end(ended: Ended): ExitCode;
}

/** @throws InputError for two that want one place, and for a file that can't be written for sure */
export function openReporters(
  { reporter, json }: Pick<CheckOptions, 'reporter' | 'json'>,
  terminal: Terminal,
): Reporters {
  const choices: ReporterChoice[] = [...reporter, ...(json ? [{ name: 'json' } as const] : [])];
  const onStdout = choices.filter(({ name, file }) => file === undefined && name !== 'github');
  if (onStdout.length > 1) {
    throw new InputError(
      `only one reporter can have stdout, and these want it: ${onStdout.map(({ name }) => name).join(', ')}\ngive the others a file, for instance --reporter ${onStdout[1].name}=FILE`,
    );
  }
  checkFiles(choices, terminal.cwd);
  // Whoever sends formats to files still wants to see what goes on.
  if (onStdout.length === 0) choices.unshift({ name: 'text' });
  const failures: string[] = [];
  const open = choices.map((choice) => opened(choice, terminal, failures));
  return {
    model(checked) {
      for (const { reporter: own, sink } of open) write(sink, own.model(checked));
    },
    end(ended) {
      for (const { reporter: own, sink, finish } of open) {
        write(sink, own.end(ended));
        finish();
      }
      for (const failure of failures) complain(terminal, failure);
      return combine([ended.code, ...failures.map(() => Exit.error)]);
    },
  };
}

function checkFiles(choices: readonly ReporterChoice[], cwd: string): void {
  const seen = new Set<string>();
  const github = choices.filter(({ name, file }) => name === 'github' && file === undefined);
  if (github.length > 1) throw new InputError('--reporter github is given twice');
  for (const { name, file } of choices) {
    if (file === undefined) continue;
    const whole = path.resolve(cwd, file);
    if (seen.has(whole)) throw new InputError(`two reporters can't write one file: ${file}`);
    seen.add(whole);
    const blocked = fileInsteadOf(path.dirname(whole));
    if (blocked !== undefined)
      throw new InputError(`--reporter ${name}=${file} can't be written: ${blocked} is a file`);
    if (isAt(whole)?.isDirectory()) throw new InputError(`--reporter ${name}=${file} can't be written: it is a folder`);
  }
}

interface Open {
  readonly reporter: Reporter;
  readonly sink: Output;
  readonly finish: () => void;
}

function opened(choice: ReporterChoice, terminal: Terminal, failures: string[]): Open {
  const { name, file } = choice;
  if (file === undefined) {
    const sink = name === 'github' ? terminal.stderr : terminal.stdout;
    return { reporter: make(name, sink, terminal, failures), sink, finish: () => undefined };
  }
  let content = '';
  const sink: Output = { write: (text) => (content += text) };
  const finish = (): void =>
    attempt(failures, `--reporter ${name}=${file} can't be written`, () =>
      writeWhole(path.resolve(terminal.cwd, file), content),
    );
  return { reporter: make(name, sink, terminal, failures), sink, finish };
}

function make(name: ReporterChoice['name'], sink: Output, terminal: Terminal, failures: string[]): Reporter {
  switch (name) {
    case 'text':
      return textReporter(sink, terminal.env);
    case 'json':
      return jsonReporter();
    case 'junit':
      return junitReporter();
    case 'sarif':
      return sarifReporter(new Locator(terminal));
    case 'github': {
      const file = terminal.env.GITHUB_STEP_SUMMARY;
      const summarize = (markdown: string): void =>
        attempt(failures, `the job summary (GITHUB_STEP_SUMMARY) can't be written`, () =>
          appendFileSync(path.resolve(terminal.cwd, file as string), markdown),
        );
      return githubReporter(new Locator(terminal), file ? summarize : undefined);
    }
  }
}

function write(sink: Output, text: string): void {
  if (text !== '') sink.write(text);
}

function attempt(failures: string[], what: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    failures.push(`${what}: ${(error as Error).message}`);
  }
}
