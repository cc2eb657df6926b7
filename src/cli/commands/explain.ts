/** `ringfence explain` on the command line. */
import type { ExplainOptions } from '../explain.js';
import { examples } from '../help.js';
import { json, type AddCommand } from './command.js';

export const addExplain: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('explain')
    .description('what an id means, where it is used, what takes it away, and how to see it fail')
    .argument('<id>', 'a property, window, defect, assumption, scenario, process, handler, step, guard, lock or loop')
    .option('--model <model>', 'only in this model, or in the file of your own');
  json(command, 'one JSON array on stdout')
    .addHelpText(
      'after',
      examples(
        'explain I-7',
        'explain W-22',
        'explain D-02',
        'explain host-owns-page',
        'explain unmap_pages/wait-for-CMD_SYNC --model SC-01',
      ),
    )
    .action(async (id: string, options: ExplainOptions) => {
      const { explain } = await import('../explain.js');
      finish(await explain(id, options, terminal));
    });
};
