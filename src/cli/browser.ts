/** Opening a page with the browser of the user's system. */
import { spawn } from 'node:child_process';
import { InputError } from './exit.js';
import type { Terminal } from './terminal.js';

/** A starter that has not failed after so many milliseconds is a browser that runs. */
const PATIENCE = 3000;

/**
 * Opens a file or address: with $BROWSER if it is set, else with the system's own starter.
 * @param kept what the user still has if no browser comes, for the error
 * @throws InputError if none can be started, or the starter says that it failed
 */
export async function openInBrowser(target: string, { env }: Terminal, kept: string): Promise<void> {
  const [program, ...args] = starter(env);
  const why = await failure(program, [...args, target]);
  if (why === undefined) return;
  throw new InputError(`no browser was opened (${why}); ${kept}\n$BROWSER can name another program to open it with`);
}

function starter(env: Terminal['env']): string[] {
  if (env.BROWSER) return [env.BROWSER.split(':')[0]];
  if (process.platform === 'darwin') return ['open'];
  // `start` takes its first quoted argument for a title.
  if (process.platform === 'win32') return ['cmd', '/c', 'start', '""'];
  return ['xdg-open'];
}

/** Why a program failed, or nothing if it ended well or still runs. It outlives this process. */
function failure(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    const timer = setTimeout(() => resolve(undefined), PATIENCE);
    const end = (why: string | undefined): void => {
      clearTimeout(timer);
      resolve(why);
    };
    child.on('error', ({ message }) => end(message));
    child.on('exit', (code) => end(code === 0 ? undefined : `${program} ended with ${code ?? 'a signal'}`));
    child.unref();
  });
}
