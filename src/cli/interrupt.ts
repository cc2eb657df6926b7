/** Ctrl-C: the first asks the search to stop and say what it has, the second kills. */
import { removeTemporaryFolder } from './model-file.js';
import { warn, type Terminal } from './terminal.js';

/** A signal that the first SIGINT or SIGTERM aborts, until `release`. */
export function interruptible(
  terminal: Terminal,
  target: NodeJS.EventEmitter = process,
): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      release();
      removeTemporaryFolder();
      process.kill(process.pid, name);
      return;
    }
    controller.abort();
    warn(terminal, [[], ['stopping; what was found so far follows (once more to kill)']]);
  };
  const release = (): void => {
    target.off('SIGINT', stop);
    target.off('SIGTERM', stop);
  };
  target.on('SIGINT', stop);
  target.on('SIGTERM', stop);
  return { signal: controller.signal, release };
}
