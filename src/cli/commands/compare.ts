/** `ringfence compare` on the command line. */
import type { CompareOptions } from '../compare.js';
import { examples } from '../help.js';
import { countOption } from '../options.js';
import { json, limits, property, scope, workers, type AddCommand } from './command.js';

const CHANGES = `
A change is an edit as check takes it ("drop STEP", "pass GUARD", "swap A B", "without ID", ...),
"scope k=v,..." for this side alone, or "deny ASSUMPTION". Quote a side that has changes.
`;
const CODES = `
Exit codes:
  0  verdicts, counts and traces are the same (programs may differ: the change does nothing here)
  1  something differs
  2  usage, input or model error
  3  undecided: a limit was reached, or it was interrupted
`;

export const addCompare: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('compare')
    .description('search two models, or two edits of one, and say what differs: verdicts, counts, traces, programs')
    .argument('<a>', 'MODEL, or MODEL?CHANGE;CHANGE;... (see below)')
    .argument('<b>', 'the same; ?CHANGE alone means the model of A');
  workers(property(scope(command))).option('--max-states <n>', 'stop each search at so many states', countOption);
  json(limits(command))
    .addHelpText(
      'after',
      CHANGES +
        examples(
          'compare SC-01 SC-01/upstream --scope pages=2,iovas=1',
          "compare SC-01 '?without unmap_pages/wait-for-CMD_SYNC' --scope pages=2",
          "compare 'SC-01?scope pages=2' 'SC-01?scope pages=3'",
          "compare SC-01 'SC-01?deny IHI-0070-4.7;drop unmap_pages/clear-PTE' --json",
        ) +
        CODES,
    )
    .action(async (a: string, b: string, options: CompareOptions) => {
      const { compare } = await import('../compare.js');
      finish(await compare([a, b], options, terminal));
    });
};
