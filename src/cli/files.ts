/** Writing files whole or not at all, and saying early what would fail for sure. */
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import path from 'node:path';

/**
 * Writes a file whole or not at all; folders above it are made.
 * @param file its absolute path
 * @throws the file system's error; nothing is left behind then
 */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const partial = `${file}.${process.pid}.partial`;
  try {
    makeFolder(path.dirname(file));
    writeFileSync(partial, content);
    renameSync(partial, file);
  } catch (error) {
    discard(partial);
    throw error;
  }
}

/** What stands in the way of a folder: the file that is at its path, or at that of one above it. */
export function fileInsteadOf(folder: string): string | undefined {
  let there = isAt(folder);
  while (!there && folder !== path.dirname(folder)) {
    folder = path.dirname(folder);
    there = isAt(folder);
  }
  return there && !there.isDirectory() ? folder : undefined;
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
export function isAt(file: string): Stats | undefined {
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
