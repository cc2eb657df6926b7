/** `ringfence show` and `ringfence replay` on the command line. */
import { examples } from '../help.js';
import { countOption, naturalOption } from '../options.js';
import type { ShowOptions } from '../show.js';
import { json, type AddCommand } from './command.js';

export const addShow: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('show')
    .description('print a trace file; the model need not be there')
    .argument('<trace>', 'a trace file that check wrote')
    .option('--state <n>', 'the whole state after step n instead (0: the initial state)', naturalOption)
    .option('--compact', 'the steps of a handler call on one line, with what they change together', false)
    .option('--verbose', 'also documents, guards that passed, and all variables after each step', false)
    .option('--width <n>', 'fit lines to so many characters; at a terminal they fit it anyway', countOption);
  json(command, 'the trace as one JSON object, with its story')
    .option('--html <file>', 'write it as one self-contained page that needs no network')
    .option('--open', 'with --html: open the page in the browser', false)
    .option('--model <file>', 'the file of a model of your own, to say whether it has changed')
    .addHelpText(
      'after',
      examples(
        'show results/runs/SC-01-I-7.trace',
        'show results/runs/SC-01-I-7.trace --state 4',
        'show results/runs/SC-01-I-7.trace --html attack.html --open',
      ),
    )
    .action(async (file: string, options: ShowOptions) => {
      const { show } = await import('../show.js');
      finish(await show(file, options, terminal));
    });
};

export const addReplay: AddCommand = (program, { terminal, finish }) => {
  program
    .command('replay')
    .description('run a trace against the model as it is now: exit 1 if it deviates or no longer ends in the violation')
    .argument('<trace>', 'a trace file that check wrote')
    .option('--model <file>', 'the file of a model of your own')
    .addHelpText(
      'after',
      examples('replay results/runs/SC-01-I-7.trace', 'replay results/runs/my-model-mutex.trace --model ./my-model.ts'),
    )
    .action(async (file: string, options: { model?: string }) => {
      const { replay } = await import('../replay.js');
      finish(await replay(file, options, terminal));
    });
};
