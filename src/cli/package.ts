/** Where this package lies, and what it calls itself. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const packageRoot = findRoot(path.dirname(fileURLToPath(import.meta.url)));

/** The version in package.json. */
export const version = (JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string })
  .version;

function findRoot(folder: string): string {
  while (!existsSync(path.join(folder, 'package.json'))) {
    const above = path.dirname(folder);
    if (above === folder) throw new Error('ringfence is not installed as a package: there is no package.json above it');
    folder = above;
  }
  return folder;
}

/** A `file:line` for people: relative to where they are, or to this package. */
export function shortPlace(at: string, cwd: string): string {
  for (const base of [cwd, packageRoot]) {
    const relative = path.relative(base, at);
    if (relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)) return relative;
  }
  return at;
}
