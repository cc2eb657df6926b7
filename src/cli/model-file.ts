/**
 * A user's own model file: bundled once, in the main thread, into one ES module that workers can load too.
 * `ringfence` and `immutable` stay outside and are ours: two copies of the language would not know each other's values.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Message, Plugin } from 'esbuild';
import type { Model } from '../language/index.js';
import { InputError } from './exit.js';
import { packageRoot } from './package.js';

/** What a model file gives. */
export interface Loaded {
  /** URL of the bundled module. */
  readonly module: string;
  readonly models: readonly Model[];
}

/**
 * Bundles and imports a model file.
 * @param file its absolute path
 * @param shown as the user named it, for messages
 * @throws InputError for a file that is not there, does not compile, throws, or exports no model
 */
export async function loadFile(file: string, shown: string): Promise<Loaded> {
  if (!isFileAt(file)) throw new InputError(`there is no file ${shown}`);
  const module = pathToFileURL(await bundle(file, shown)).href;
  let exported: unknown;
  try {
    exported = ((await import(module)) as { default?: unknown }).default;
  } catch (error) {
    throw new InputError(`${shown} can't be loaded: ${stackOf(error)}`);
  }
  const models = Array.isArray(exported) ? (exported as unknown[]) : exported === undefined ? [] : [exported];
  if (models.length === 0) {
    throw new InputError(
      `${shown} exports no model: write "export default model({ name: ..., ... })", or an array of models`,
    );
  }
  if (!models.every(isModel))
    throw new InputError(`what ${shown} exports by default is not made with "model({ ... })" of 'ringfence'`);
  const names = models.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(`${shown} exports two models called "${twice}"`);
  return { module, models };
}

function isModel(value: unknown): value is Model {
  if (typeof value !== 'object' || value === null) return false;
  const { name, title, scope, build, expected } = value as Partial<Model>;
  return (
    typeof name === 'string' &&
    typeof title === 'string' &&
    typeof scope === 'object' &&
    typeof build === 'function' &&
    typeof expected === 'function'
  );
}

async function bundle(file: string, shown: string): Promise<string> {
  const outfile = path.join(temporaryFolder(), `${path.basename(file).replace(/\W+/g, '-')}.mjs`);
  const esbuild = await import('esbuild');
  try {
    await esbuild.build({
      entryPoints: [file],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'silent',
      plugins: [ours],
    });
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    throw new InputError(`${shown} does not compile: ${errors ? errors.map(located).join('\n') : stackOf(error)}`);
  } finally {
    // The service process would outlive the search otherwise.
    await esbuild.stop();
  }
  return outfile;
}

/** What a model imports of ours, by name or by path, is the copy that runs. */
const ours: Plugin = {
  name: 'ringfence',
  setup(build) {
    const language = pathToFileURL(path.join(packageRoot, 'dist/src/index.js')).href;
    build.onResolve({ filter: /^ringfence$/ }, () => ({ path: language, external: true }));
    build.onResolve({ filter: /^immutable$/ }, () => ({ path: import.meta.resolve('immutable'), external: true }));
    build.onResolve({ filter: /^\.{1,2}(\/|$)/ }, ({ path: specifier, resolveDir }) => {
      const target = path.relative(packageRoot, path.resolve(resolveDir, specifier)).split(path.sep);
      if (target[0] === 'dist') target.shift();
      if (target[0] !== 'src') return undefined;
      const script = path.join(packageRoot, 'dist', ...target).replace(/\.ts$/, '.js');
      return { path: pathToFileURL(script).href, external: true };
    });
  },
};

let folder: string | undefined;

/** One folder for all bundles of this process; gone when it ends. */
function temporaryFolder(): string {
  if (folder === undefined) {
    try {
      folder = mkdtempSync(path.join(tmpdir(), 'ringfence-'));
    } catch (error) {
      throw new InputError(
        `there is no room for temporary files: ${stackOf(error)} (set TMPDIR to a folder that can be written)`,
      );
    }
    process.on('exit', removeTemporaryFolder);
  }
  return folder;
}

/** Removes what was bundled: at exit, and before a second Ctrl-C kills. */
export function removeTemporaryFolder(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

function isFileAt(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function located({ text, location }: Message): string {
  return location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text;
}

/** An error's message and the first place of its stack. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place =
    error.stack
      ?.split('\n')
      .find((line) => /^\s+at /.test(line))
      ?.trim() ?? '';
  return `${error.name}: ${error.message}${place === '' ? '' : `\n${place}`}`;
}
