/** Runs the built command as a user would. Builds it first, once, if a source is newer. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const main = path.join(root, 'dist/src/cli/main.js');

/** Makes sure that dist is what src says. Safe where several test files want it at once. */
export async function built(): Promise<void> {
  const lock = path.join(root, 'node_modules/.ringfence-build');
  for (let waited = 0; waited < 600; waited++) {
    if (!stale()) return;
    try {
      mkdirSync(lock);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    try {
      if (stale()) build();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  throw new Error(`the build never ended; if none is running, remove ${lock}`);
}

function build(): void {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build fails:\n${stdout}${stderr}`);
}

function stale(): boolean {
  return (
    !existsSync(main) ||
    !existsSync(path.join(root, 'dist/page/main.js')) ||
    newest(path.join(root, 'dist/src')) < Math.max(newest(path.join(root, 'src')), newest(path.join(root, 'models')))
  );
}

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.([jt]sx?|css)$/.test(entry.name))
    .reduce((time, entry) => Math.max(time, statSync(path.join(entry.parentPath, entry.name)).mtimeMs), 0);
}

/** What a run of the command gave. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `ringfence ARGS` in a folder. */
export function ringfence(cwd: string, ...args: readonly string[]): Run {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: undefined, FORCE_COLOR: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 100_000,
  });
  return { code: status, stdout, stderr };
}

/** The path of the command's main module. */
export const command = main;
