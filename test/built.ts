/** Workers are plain Node threads: they load the built models (`npm test` builds first), not the TypeScript that vitest runs. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as explorer from '../src/explorer/index.js';
import type * as layout from '../src/explorer/layout.js';
import type * as pool from '../src/explorer/pool.js';
import type * as store from '../src/explorer/store.js';
import type * as valueLog from '../src/explorer/value-log.js';
import type * as language from '../src/language/index.js';

type MachineSource = explorer.MachineSource;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where a worker finds a built-in model. */
export function builtSource(
  model: string,
  scope: Readonly<Record<string, unknown>>,
  edits: readonly string[],
): MachineSource {
  return { module: pathToFileURL(`${root}dist/models/${model}.js`).href, model, scope, edits };
}

/** Where a worker finds a model that only tests need. */
export function fixtureSource(file: string, model: string): MachineSource {
  return { module: pathToFileURL(`${root}test/fixtures/${file}`).href, model, scope: {}, edits: [] };
}

/** The built explorer and language: several workers can only be started from there. */
export async function builtEngine(): Promise<{ search: typeof explorer.search; build: typeof language.build }> {
  const { search } = (await import(pathToFileURL(`${root}dist/src/explorer/index.js`).href)) as typeof explorer;
  const { build } = (await import(pathToFileURL(`${root}dist/src/language/index.js`).href)) as typeof language;
  return { search, build };
}

/** Parts of the built explorer that start threads, or are shared with them. */
export async function internals(): Promise<typeof pool & typeof store & typeof layout & typeof valueLog> {
  const files = ['pool', 'store', 'layout', 'value-log'];
  const parts = files.map((file): Promise<object> => import(pathToFileURL(`${root}dist/src/explorer/${file}.js`).href));
  return Object.assign({}, ...(await Promise.all(parts))) as Awaited<ReturnType<typeof internals>>;
}

/** The default export of a built or plain module. */
export async function defaultOf<T>(module: string): Promise<T> {
  return ((await import(module)) as { default: T }).default;
}
