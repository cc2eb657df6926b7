/** `ringfence check` on the command line. */
import { EXIT_CODES, examples } from '../help.js';
import { countOption, reporterOption, type CheckOptions } from '../options.js';
import { json, limits, machine, out, property, repeatable, workers, type AddCommand } from './command.js';

export const addCheck: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('check')
    .description('explore every reachable state of models and judge their properties; without a name, all models')
    .argument('[models...]', 'names of models, or files of your own (.ts, .js)');
  workers(machine(command));
  property(command)
    .option('--stop-at-first', 'end at the first level that breaks a property', false)
    .option('--self-check', 'compute 1% of what was learned again, and stop on a difference', false)
    .option('--max-states <n>', 'stop at so many states', countOption)
    .option('--max-depth <n>', 'stop after so many levels', countOption);
  limits(command)
    .option('--coverage', 'also say what never happened, and how often everything else: steps, guards, codes', false)
    .option('--coverage-transitions', 'the same, counting transitions instead of distinct situations', false)
    .option('--coverage-listing', 'the same, as a listing of the program with counts in the margin', false)
    .option('--profile', 'also say why there are so many states, and what smaller scopes have', false);
  json(command, 'short for --reporter json: one JSON object a model on stdout, and nothing else there');
  repeatable(
    command,
    '--reporter <name[=file]>',
    'text, json, junit, github or sarif, to stdout (github: to stderr) or a file',
    reporterOption,
    [],
  )
    .option('--baseline <file>', 'compare with what this file says of each model; a difference is an exit code of 1')
    .option('--update-baseline', 'write what was found to the file of --baseline instead', false);
  out(command)
    .addHelpText(
      'after',
      examples(
        'check',
        'check SC-01 --scope cpus=2,pages=3 --workers 2',
        'check SC-01 --without unmap_pages/wait-for-CMD_SYNC',
        'check SC-01 --edit "swap unmap_pages/tlbi unmap_pages/sync" --property I-7',
        'check SC-01 --deny IHI-0070-4.7',
        'check ./my-model.ts --timeout 60s --json',
        'check --reporter github --reporter sarif=ringfence.sarif --baseline results/baseline.json',
        'check SC-01 --baseline results/baseline.json --update-baseline',
      ) + EXIT_CODES,
    )
    .action(async (models: string[], options: CheckOptions) => {
      const { check } = await import('../check.js');
      finish(await check(models, options, terminal));
    });
};
