/** Where our own models, specifications and pages name an id. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './package.js';

/** The most telling first. */
const folders = ['models', 'src/spec', 'src/invariants', 'docs/scenarios', 'docs'];

/** Ids that can't be mistaken for words: `W-22`, `SC-01/upstream`. */
const UNMISTAKABLE = /^[A-Z]+[0-9]*-[\w/.-]+$/;

/** `file:line` of each line that names the id, relative to this package; none for an id that is also a word. */
export function mentionsOf(id: string): string[] {
  if (!UNMISTAKABLE.test(id)) return [];
  const whole = new RegExp(`(?<![\\w-])${id.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-]|/\\w)`);
  return files().flatMap((file) =>
    readFileSync(path.join(packageRoot, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (whole.test(line) ? [`${file}:${i + 1}`] : [])),
  );
}

function files(): string[] {
  return folders
    .filter((folder) => existsSync(path.join(packageRoot, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(packageRoot, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && /\.(ts|md)$/.test(entry.name))
        .map((entry) => path.relative(packageRoot, path.join(entry.parentPath, entry.name)))
        .sort(),
    )
    .filter((file, i, all) => all.indexOf(file) === i);
}
