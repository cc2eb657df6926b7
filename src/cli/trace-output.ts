/** Writing trace files: whole or not at all, under names that no model or property can break out of. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import path from 'node:path';
import { encodeTrace, type StoredTrace } from '../report/index.js';
import { InputError } from './exit.js';

const LONGEST = 120;

/** The name of a trace's file: `<model>-<property>.trace`, with everything else than letters, digits, `.`, `_` as `-`. */
export function traceName(model: string, property: string): string {
  const safe = `${model}-${property}`.replace(/[^A-Za-z0-9._]+/g, '-').replace(/^[.-]+/, '');
  if (safe.length > 0 && safe.length <= LONGEST) return `${safe}.trace`;
  const hash = createHash('sha256').update(`${model}\0${property}`).digest('hex').slice(0, 12);
  return `${safe.slice(0, LONGEST)}-${hash}.trace`;
}

/** Writes traces of one run into a folder, which is made when the first comes. */
export class TraceFolder {
  private readonly taken = new Set<string>();

  /** @param folder as the user named it, relative to `cwd` */
  constructor(
    private readonly folder: string,
    private readonly cwd: string,
  ) {}

  /** Says at once what would fail for sure. @throws InputError if the folder, or one above it, is a file */
  check(): void {
    let folder = path.resolve(this.cwd, this.folder);
    let there = isAt(folder);
    while (!there && folder !== path.dirname(folder)) {
      folder = path.dirname(folder);
      there = isAt(folder);
    }
    if (there && !there.isDirectory())
      throw new InputError(`--out ${this.folder} can't be a folder: ${folder} is a file`);
  }

  /** Writes a trace. @returns its path as the user can use it. @throws InputError for a full disk and the like */
  write(trace: StoredTrace): string {
    return this.writeAs(traceName(trace.model, trace.property.id), () => encodeTrace(trace));
  }

  /** Writes a trace under a name of the caller's, made by {@link traceName}. @returns and @throws like `write` */
  writeAs(wanted: string, encoded: () => Uint8Array): string {
    const name = this.freeName(wanted);
    const shown = path.join(this.folder, name);
    const file = path.resolve(this.cwd, shown);
    const partial = `${file}.${process.pid}.partial`;
    try {
      const content = encoded();
      makeFolder(path.dirname(file));
      writeFileSync(partial, content);
      renameSync(partial, file);
    } catch (error) {
      discard(partial);
      throw new InputError(
        `the trace ${shown} can't be written: ${(error as Error).message} (--out DIR names another folder)`,
      );
    }
    return shown;
  }

  private freeName(name: string): string {
    const free = (n: number): string => (n === 1 ? name : name.replace(/\.trace$/, `-${n}.trace`));
    let n = 1;
    while (this.taken.has(free(n))) n++;
    this.taken.add(free(n));
    return free(n);
  }
}

/** Makes a folder and those above it. Node's own `recursive` never returns where a file system makes none (`/proc/x`). */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = path.dirname(folder);
    const there = statSync(folder, { throwIfNoEntry: false });
    if (there?.isDirectory()) return;
    if (code !== 'ENOENT' || statSync(above, { throwIfNoEntry: false })) throw error;
    makeFolder(above);
    mkdirSync(folder);
  }
}

/** What is at a path; nothing where a part of it is a file. */
function isAt(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Removes what was begun; where that fails too, the first error is the one to tell. */
function discard(partial: string): void {
  try {
    rmSync(partial, { force: true });
  } catch {
    // The folder is not there, or is none.
  }
}
