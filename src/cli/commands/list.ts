/** `ringfence list` on the command line. */
import { examples } from '../help.js';
import type { ListOptions } from '../list.js';
import { json, scope, type AddCommand } from './command.js';

export const addList: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('list')
    .description('list the models, or the scope, programs, steps, guards and properties of one')
    .argument('[model]', 'a model, or the file of your own');
  scope(command).option('--locks', 'search the model, and print which locks are taken under which', false);
  json(command, 'with --locks: as one JSON object')
    .addHelpText(
      'after',
      examples('list', 'list SC-01', 'list SC-01 --locks', 'list bench-iommu --scope devices=1', 'list ./my-model.ts'),
    )
    .action(async (model: string | undefined, options: ListOptions) => {
      const { list } = await import('../list.js');
      finish(await list(model, options, terminal));
    });
};
