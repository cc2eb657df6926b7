/** `ringfence audit` on the command line. */
import { kindOption, type AuditOptions } from '../audit/options.js';
import { examples } from '../help.js';
import { countOption } from '../options.js';
import { deny, json, limits, out, property, scope, workers, type AddCommand } from './command.js';

const NOTES = `
An interrupted audit goes on where it was when it is started again.

Exit codes:
  0  all edits are decided, whatever was found
  2  usage, input or model error, or a search broke down
  3  some edit is undecided: a limit was reached, or it was interrupted
`;

export const addAudit: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('audit')
    .description('try every edit of models, and print which of their steps, orders, guards and locks are needed')
    .argument('[models...]', 'names of models, or files of your own (.ts, .js)')
    .option('--kind <kinds>', 'pass (guards), drop (steps), swap, unlock, call (drop a whole call)', kindOption)
    .option('--only <pattern>', 'only edits whose text has this in it; * stands for anything')
    .option('--minimal', 'instead: take out guards one after another, and print those that must stay', false);
  workers(deny(property(scope(command))), 'edits side by side').option(
    '--max-states <n>',
    'stop each search at so many states',
    countOption,
    2_000_000,
  );
  limits(command)
    .option('--fresh', 'explore everything anew, whatever an earlier audit has left in --out', false)
    .option('--verbose', 'below each edit, the command that reproduces it, and its traces', false);
  json(command, 'one JSON object an edit and then a summary, on stdout, and nothing else there');
  out(command, 'folder for results and trace files')
    .addHelpText(
      'after',
      examples(
        'audit SC-01',
        'audit SC-01 --kind pass,unlock --only unmap_pages',
        'audit SC-01 --minimal',
        'audit ./my-model.ts --scope cpus=2 --json',
      ) + NOTES,
    )
    .action(async (models: string[], options: AuditOptions) => {
      const { audit } = await import('../audit/audit.js');
      finish(await audit(models, options, terminal));
    });
};
