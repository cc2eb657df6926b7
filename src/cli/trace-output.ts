/** Writing trace files: whole or not at all, under names that no model or property can break out of. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { encodeTrace, type StoredTrace } from '../report/index.js';
import { InputError } from './exit.js';
import { fileInsteadOf, writeWhole } from './files.js';

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

  /**
   * @param folder as the user named it, relative to `cwd`
   * @param keep write no file over one that is there
   */
  constructor(
    private readonly folder: string,
    private readonly cwd: string,
    private readonly keep = false,
  ) {}

  /** Says at once what would fail for sure. @throws InputError if the folder, or one above it, is a file */
  check(): void {
    const file = fileInsteadOf(path.resolve(this.cwd, this.folder));
    if (file !== undefined) throw new InputError(`--out ${this.folder} can't be a folder: ${file} is a file`);
  }

  /** Writes a trace, named by its model and by what it is about. @returns its path as the user can use it. @throws InputError for a full disk and the like */
  write(trace: StoredTrace, about = trace.property.id): string {
    return this.writeAs(traceName(trace.model, about), () => encodeTrace(trace));
  }

  /** Writes a trace under a name of the caller's, made by {@link traceName}. @returns and @throws like `write` */
  writeAs(wanted: string, encoded: () => Uint8Array): string {
    const name = this.freeName(wanted);
    const shown = path.join(this.folder, name);
    try {
      writeWhole(path.resolve(this.cwd, shown), encoded());
    } catch (error) {
      throw new InputError(
        `the trace ${shown} can't be written: ${(error as Error).message} (--out DIR names another folder)`,
      );
    }
    return shown;
  }

  private freeName(name: string): string {
    const free = (n: number): string => (n === 1 ? name : name.replace(/\.trace$/, `-${n}.trace`));
    let n = 1;
    const there = (name: string): boolean => this.keep && existsSync(path.resolve(this.cwd, this.folder, name));
    while (this.taken.has(free(n)) || there(free(n))) n++;
    this.taken.add(free(n));
    return free(n);
  }
}
