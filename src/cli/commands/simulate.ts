/** `ringfence simulate` on the command line. */
import { EXIT_CODES, examples } from '../help.js';
import { countOption, naturalOption, timeOption } from '../options.js';
import type { SimulateOptions } from '../simulate.js';
import { json, machine, out, property, type AddCommand } from './command.js';

const NOTES = `
The verdict is violated, error or incomplete, and never holds. A walk that breaks a property is made shorter and
written as a trace. What needs the whole graph (always possible, leads to, wedges) is not decided.
`;

export const addSimulate: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('simulate')
    .description('walk at random through a scope that is too large to explore: finds attacks, proves nothing')
    .argument('<model>', 'a model, or the file of your own');
  machine(command)
    .option('--walks <n>', 'so many walks', countOption, 1000)
    .option('--steps <n>', 'steps of each walk, at the most', countOption, 1000)
    .option('--seed <n>', 'another seed walks elsewhere, the same seed walks the same way', naturalOption, 1)
    .option('--timeout <time>', 'stop after so long, such as 60s or 10m', timeOption)
    .option('--stop-at-first', 'end with the first walk that breaks a property', false);
  json(property(command));
  out(command)
    .addHelpText(
      'after',
      examples(
        'simulate SC-01 --scope cpus=3,pages=4',
        'simulate SC-01 --scope cpus=3 --without unmap_pages/wait-for-CMD_SYNC --stop-at-first',
        'simulate ./my-model.ts --walks 1e5 --steps 300 --seed 7 --timeout 10m --json',
      ) +
        NOTES +
        EXIT_CODES,
    )
    .action(async (model: string, options: SimulateOptions) => {
      const { simulate } = await import('../simulate.js');
      finish(await simulate(model, options, terminal));
    });
};
