/** `ringfence explore` on the command line. */
import type { ExploreOptions } from '../explore.js';
import { examples } from '../help.js';
import { portOption } from '../options.js';
import { machine, out, type AddCommand } from './command.js';

export const addExplore: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('explore')
    .description('walk through a model by hand, on a page that only this machine can open; Ctrl-C ends it')
    .argument('<model>', 'a model, or the file of your own');
  machine(command)
    .option('--port <n>', 'listen there; a free port by default', portOption, 0)
    .option('--no-open', 'print the address, and open no browser');
  out(command, 'folder for walks that are saved')
    .addHelpText(
      'after',
      examples(
        'explore SC-01',
        'explore SC-01 --scope pages=1 --without unmap_pages/wait-for-CMD_SYNC',
        'explore ./my-model.ts --no-open --port 8080',
      ),
    )
    .action(async (model: string, options: ExploreOptions) => {
      const { explore } = await import('../explore.js');
      finish(await explore(model, options, terminal));
    });
};
