/** Finding the models that a user names: built-in ones by name, others by the path of their file. */
import path from 'node:path';
import { builtin } from '../../models/index.js';
import { nearest, type Model } from '../language/index.js';
import { InputError } from './exit.js';
import { loadFile } from './model-file.js';

/** A model, and where a worker finds it. */
export interface Found {
  readonly model: Model;
  /** URL of the module that exports it. */
  readonly module: string;
  /** The file as the user named it; empty for a built-in model. */
  readonly file: string;
}

/** All models that ringfence brings. */
export function builtinModels(): Found[] {
  return builtin.flatMap(({ file, models }) => {
    const module = new URL(file, new URL('../../models/', import.meta.url)).href;
    return models.map((model): Found => ({ model, module, file: '' }));
  });
}

/** Is it the path of a file, and not a model's name? */
export const isFile = (name: string): boolean => /\.[cm]?[jt]s$/i.test(name);

/**
 * The models of the names, in their order; without names, all built-in ones but those that are `onlyByName`.
 * @throws InputError for an unknown name (with the nearest) or a file that has no usable model
 */
export async function findModels(names: readonly string[], cwd: string): Promise<Found[]> {
  const known = builtinModels();
  if (names.length === 0) return known.filter(({ model }) => !model.onlyByName);
  const found: Found[] = [];
  for (const name of names) {
    if (isFile(name)) found.push(...(await modelsOfFile(name, cwd)));
    else found.push(named(name, known));
  }
  return found.filter((one, i) => found.findIndex((other) => other.model === one.model) === i);
}

/** All models that a file exports. @throws InputError */
export async function modelsOfFile(file: string, cwd: string): Promise<Found[]> {
  const { module, models } = await loadFile(path.resolve(cwd, file), file);
  return models.map((model) => ({ model, module, file }));
}

/** The built-in model of that name. @throws InputError with the nearest names */
export function named(name: string, known: readonly Found[] = builtinModels()): Found {
  const exact =
    known.find(({ model }) => model.name === name) ??
    known.find(({ model }) => model.name.toLowerCase() === name.toLowerCase());
  if (exact) return exact;
  const names = known.map(({ model }) => model.name);
  const near = nearest(name, names);
  const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '';
  throw new InputError(
    `there is no model "${name}"${hint}\n"ringfence list" prints all models; a model of your own is named by its file, for instance ./${/^[\w-]+$/.test(name) ? name : 'my-model'}.ts`,
  );
}
