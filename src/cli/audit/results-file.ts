/** The results file of an audit: one line for each edit as soon as it is explored, so that an interruption loses nothing. */
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  difference,
  lineOf,
  readResults,
  type Entry,
  type Header,
  type Stored,
  type Subject,
} from '../../audit/record.js';
import { ShapeError } from '../../report/validate.js';
import { InputError } from '../exit.js';
import type { Found } from '../models.js';
import { makeFolder } from '../files.js';

/** Far above what an audit writes. */
const LARGEST = 64 * 2 ** 20;

export class ResultsFile {
  private readonly file: string;

  /** @param shown the path as the user can use it, relative to `cwd` */
  constructor(
    readonly shown: string,
    cwd: string,
  ) {
    this.file = path.resolve(cwd, shown);
  }

  /**
   * What the file has for this audit, or in `stale` in what its audit was another; neither if there is no file.
   * @throws InputError for a file that can't be read or is none of ours
   */
  read(subject: Subject): { readonly stored?: Stored; readonly stale?: string } {
    let content: string;
    try {
      const { size } = statSync(this.file);
      if (size > LARGEST) throw new InputError(`it is larger than ${LARGEST} bytes`);
      content = readFileSync(this.file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw this.refused((error as Error).message);
    }
    try {
      const stored = readResults(content);
      const stale = difference(stored.header, subject);
      if (stale !== undefined) return { stale };
      // Otherwise the next line would be written behind the rest of one that was cut off.
      if (stored.length < content.length) truncateSync(this.file, Buffer.byteLength(content.slice(0, stored.length)));
      return { stored };
    } catch (error) {
      if (error instanceof ShapeError) throw this.refused(error.message);
      throw error;
    }
  }

  /** Starts the file anew. @throws InputError */
  begin(header: Header): void {
    this.write(() => {
      makeFolder(path.dirname(this.file));
      writeFileSync(this.file, lineOf(header));
    });
  }

  /** Adds the result of an edit. @throws InputError */
  add(entry: Entry): void {
    this.write(() => appendFileSync(this.file, lineOf(entry)));
  }

  private write(how: () => void): void {
    try {
      how();
    } catch (error) {
      throw new InputError(
        `the results ${this.shown} can't be written: ${(error as Error).message} (--out DIR names another folder)`,
      );
    }
  }

  private refused(why: string): InputError {
    return new InputError(
      `the results ${this.shown} can't be taken up: ${why}\nremove the file, or explore everything anew with --fresh`,
    );
  }
}

/** Folders of our own code that decide what a search finds. */
const ours = ['src/language', 'src/spec', 'src/invariants', 'src/explorer', 'src/audit', 'models'];

/** Digest of all code that results depend on: ours, and the user's own model file with what it imports. */
export function codeDigest({ file, module }: Pick<Found, 'file' | 'module'>): string {
  const hash = createHash('sha256');
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  for (const folder of ours) {
    const files = readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
      .map((entry) => path.join(entry.parentPath, entry.name));
    for (const one of files.sort()) hash.update(path.relative(root, one)).update('\0').update(readFileSync(one));
  }
  // The bundle of a file ends in a source map, which names the folder that the bundle lies in.
  if (file !== '') hash.update(readFileSync(fileURLToPath(module), 'utf8').replace(/\n\/\/# sourceMappingURL=.*/g, ''));
  return hash.digest('hex').slice(0, 32);
}
