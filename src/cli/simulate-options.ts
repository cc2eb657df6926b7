/** The options of `ringfence simulate`. */
import type { Command } from 'commander';
import type { ExitCode } from './exit.js';
import { EXIT_CODES, examples } from './help.js';
import { collect, countOption, naturalOption, scopeOption, timeOption } from './options.js';
import { simulate, type SimulateOptions } from './simulate.js';
import type { Terminal } from './terminal.js';

type Given = Omit<SimulateOptions, 'scope' | 'property' | 'deny'> & Partial<SimulateOptions>;

export function addSimulate(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  const edits: string[] = [];
  const edit = (text: string): string => (edits.push(text), text);
  program
    .command('simulate')
    .description('walk at random through a scope that is too large to explore: finds attacks, proves nothing')
    .argument('<model>', 'a model, or the file of your own')
    .option('--scope <k=v,...>', 'parameters of the scope; repeatable', scopeOption)
    .option('--walks <n>', 'so many walks', countOption, 1000)
    .option('--steps <n>', 'steps of each walk, at the most', countOption, 1000)
    .option('--seed <n>', 'another seed walks elsewhere, the same seed walks the same way', naturalOption, 1)
    .option('--timeout <time>', 'stop after so long, such as 60s or 10m', timeOption)
    .option('--stop-at-first', 'end with the first walk that breaks a property', false)
    .option('--without <id>', 'drop a step, let everything pass a guard, or leave out a lock; repeatable', (id) =>
      edit(`without ${id}`),
    )
    .option('--edit <edit>', 'another edit of the program, as list explains them; repeatable', edit)
    .option('--deny <id>', 'do without this assumption, where list says that it can be denied; repeatable', collect)
    .option('--property <id>', 'check only this property; repeatable', collect)
    .option('--json', 'one JSON object on stdout, and nothing else there', false)
    .option('--out <dir>', 'folder for trace files', 'results/runs')
    .addHelpText(
      'after',
      examples(
        'simulate SC-01 --scope cpus=3,pages=4',
        'simulate SC-01 --scope cpus=3 --without unmap_pages/wait-for-CMD_SYNC --stop-at-first',
        'simulate ./my-model.ts --walks 1e5 --steps 300 --seed 7 --timeout 10m --json',
      ) +
        '\nThe verdict is violated, error or incomplete, and never holds. A walk that breaks a property is made shorter and\n' +
        'written as a trace. What needs the whole graph (always possible, leads to, wedges) is not decided.\n' +
        EXIT_CODES,
    )
    .action(async (model: string, { scope = {}, property = [], deny = [], ...rest }: Given) =>
      finish(await simulate(model, { ...rest, edits, scope, property, deny }, terminal)),
    );
}
