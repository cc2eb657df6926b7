/** The command line: its commands, and what becomes of errors. */
import { Command, CommanderError } from 'commander';
import { ModelError } from '../language/index.js';
import { addAudit } from './commands/audit.js';
import { addCheck } from './commands/check.js';
import { addCompare } from './commands/compare.js';
import { addExplain } from './commands/explain.js';
import { addExplore } from './commands/explore.js';
import { addGraph } from './commands/graph.js';
import { addList } from './commands/list.js';
import { addReplay, addShow } from './commands/show.js';
import { addSimulate } from './commands/simulate.js';
import { addTry } from './commands/try.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { examples, EXIT_CODES } from './help.js';
import { version } from './package.js';
import { complain, ownTerminal, type Terminal } from './terminal.js';

/** In the order of the help text. */
const commands = [
  ...[addCheck, addList, addShow, addReplay, addTry, addExplore],
  ...[addSimulate, addCompare, addAudit, addExplain, addGraph],
];

/** Runs a command line. @returns the exit code */
export async function main(argv: readonly string[], terminal: Terminal = ownTerminal()): Promise<ExitCode> {
  // A reader that has seen enough (| head) is no error.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  let code: ExitCode = Exit.asExpected;
  const program = ringfence(terminal, (result) => (code = result));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.asExpected : Exit.error;
    if (error instanceof InputError || error instanceof ModelError) complain(terminal, error.message);
    else complain(terminal, error instanceof Error ? (error.stack ?? error.message) : String(error));
    return Exit.error;
  } finally {
    for (const stream of [process.stdout, process.stderr]) stream.off('error', ignoreClosedPipe);
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function ringfence(terminal: Terminal, finish: (code: ExitCode) => void): Command {
  const program = new Command('ringfence')
    .description(
      'An explicit-state model checker for hypervisor, IOMMU and TEE designs: a proof, or the shortest attack.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
    })
    .showHelpAfterError('(--help tells more)')
    .addHelpText(
      'after',
      examples(
        'check',
        'check SC-01 --without unmap_pages/wait-for-CMD_SYNC',
        'list SC-01',
        'show results/runs/SC-01-I-7.trace',
      ) + EXIT_CODES,
    );
  for (const add of commands) add(program, { terminal, finish });
  return program;
}
