/** Pages of HTML: the bundled script and style, and the page of a trace as a file. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  TraceError,
  htmlPage,
  pageTrace,
  visible,
  type PageAssets,
  type PageData,
  type StoredTrace,
} from '../report/index.js';
import { openInBrowser } from './browser.js';
import { codesIn } from './codes.js';
import { InputError } from './exit.js';
import type { Machine } from '../language/index.js';
import { builtinModels } from './models.js';
import { commandLine } from './options.js';
import { packageRoot } from './package.js';
import { warn, type Terminal } from './terminal.js';

/** Reads what the build bundled. @throws InputError if there is none */
export function pageAssets(): PageAssets {
  const read = (name: string): string => readFileSync(path.join(packageRoot, 'dist/page', name), 'utf8');
  try {
    return { script: read('main.js'), style: read('main.css') };
  } catch (error) {
    throw new InputError(`the page's script is missing: ${(error as Error).message} ("npm run build" makes it)`);
  }
}

/** Where a page is written, and whether it is opened. */
export interface PageOptions {
  readonly html: string;
  readonly open: boolean;
}

/**
 * Writes the page of a trace, and opens it.
 * @param machine the trace's model as it is now, if it is here: it says what its variables are
 * @param file the trace's own file, for the commands at the end of the page
 * @throws InputError if it can't be written or opened
 */
export async function writePage(
  trace: StoredTrace,
  machine: Machine | undefined,
  file: string,
  options: PageOptions,
  to: Terminal,
): Promise<void> {
  const whole = path.resolve(to.cwd, options.html);
  const partial = `${whole}.${process.pid}.partial`;
  let skipped: number;
  try {
    const shown = pageTrace(trace, machine?.variables);
    ({ skipped } = shown);
    const codes = visible(codesIn(JSON.stringify(shown), machine));
    const commands = commandsOf(trace, file);
    const data: PageData = { kind: 'trace', trace: shown, about: about(trace), commands, codes };
    writeFileSync(partial, htmlPage(`${shown.property.id}: ${shown.model}`, data, pageAssets()));
    renameSync(partial, whole);
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof TraceError) throw new InputError(`there can be no page of ${file}: ${error.message}`);
    throw new InputError(`the page ${options.html} can't be written: ${(error as Error).message}`);
  }
  warn(to, [[`the page is ${options.html}`]]);
  if (skipped > 0) warn(to, [[`it shows the last ${trace.steps.length - skipped} of ${trace.steps.length} steps`]]);
  if (options.open) await openInBrowser(pathToFileURL(whole).href, to, `the page is kept: ${options.html}`);
}

/** What the model is a variant of: the title of `SC-01/upstream` says only what is other than in `SC-01`. */
function about({ model, file }: StoredTrace): string {
  const [base, variant] = model.split('/');
  if (file !== '' || variant === undefined) return '';
  const found = builtinModels().find((one) => one.model.name === base);
  return found ? `${base}: ${found.model.title}` : '';
}

/** What a reader of the page can do at a terminal. */
function commandsOf(trace: StoredTrace, file: string): Extract<PageData, { kind: 'trace' }>['commands'] {
  const model = trace.file === '' ? [] : ['--model', trace.file];
  return [
    { what: 'Find it again', line: checkCommand(trace) },
    {
      what: 'Run this trace against the model as it is now',
      line: commandLine(['npx', 'ringfence', 'replay', file, ...model]),
    },
  ];
}

/** The command that searches for the same violation. */
function checkCommand({ model, file, scope, edits, denied, property }: StoredTrace): string {
  const words = ['npx', 'ringfence', 'check', file === '' ? model : file];
  const pairs = Object.entries(scope).map(([name, value]) => `${name}=${value}`);
  if (pairs.length > 0) words.push('--scope', pairs.join());
  for (const edit of edits.flatMap((own) => own.split('; '))) words.push('--edit', edit);
  for (const id of denied) words.push('--deny', id);
  if (property.kind !== 'fault' && property.kind !== 'walk') words.push('--property', property.id);
  return commandLine(words);
}
