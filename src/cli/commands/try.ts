/** `ringfence try` on the command line. */
import { examples } from '../help.js';
import { countOption, valuesOption } from '../options.js';
import type { TryOptions } from '../try.js';
import { json, repeatable, scope, type AddCommand } from './command.js';

export const addTry: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('try')
    .description('run one handler alone, from the initial state or a changed one, and print all that can come of it')
    .argument('<handler>', 'a handler, as list prints the first part of its ids')
    .requiredOption('--model <model>', 'a model, or the file of your own');
  scope(command);
  const others = 'variables with other values at the start, as traces print them';
  repeatable(command, '--state <var=value,...>', others, valuesOption, {});
  repeatable(command, '--args <local=value,...>', 'only with these values of the handler’s locals', valuesOption, {});
  command.option('--limit <n>', 'print at most so many results', countOption, 100);
  json(command)
    .addHelpText(
      'after',
      examples(
        'try map_pages --model SC-01 --args page=page0,iova=iova0',
        'try unmap_pages --model SC-01 --scope iovas=1 --state "table[domain0]=[iova0: V(page1)],ref[page1]=1"',
      ) + '\nThe hardware moves only while the handler waits; nobody else moves at all.\n',
    )
    .action(async (handler: string, options: TryOptions) => {
      const { tryHandler } = await import('../try.js');
      finish(await tryHandler(handler, options, terminal));
    });
};
