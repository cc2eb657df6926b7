/** The options of `ringfence compare`. */
import { Option, type Command } from 'commander';
import { compare, type CompareOptions } from './compare.js';
import type { ExitCode } from './exit.js';
import { examples } from './help.js';
import {
  collect,
  countOption,
  defaultWorkers,
  memoryOption,
  scopeOption,
  timeOption,
  workersOption,
} from './options.js';
import type { Terminal } from './terminal.js';

type Given = Omit<CompareOptions, 'scope' | 'property'> & Partial<CompareOptions>;

export function addCompare(program: Command, terminal: Terminal, finish: (code: ExitCode) => void): void {
  program
    .command('compare')
    .description('search two models, or two edits of one, and say what differs: verdicts, counts, traces, programs')
    .argument('<a>', 'MODEL, or MODEL?CHANGE;CHANGE;... (see below)')
    .argument('<b>', 'the same; ?CHANGE alone means the model of A')
    .option('--scope <k=v,...>', 'parameters of both scopes; repeatable', scopeOption)
    .option('--property <id>', 'look only at this property; repeatable', collect)
    .addOption(new Option('--workers <n>', 'threads to search on').argParser(workersOption).default(defaultWorkers()))
    .option('--max-states <n>', 'stop each search at so many states', countOption)
    .option('--max-memory <size>', 'stop each search at so much memory, such as 4G', memoryOption)
    .option('--timeout <time>', 'stop each search after so long, such as 60s or 10m', timeOption)
    .option('--json', 'one JSON object on stdout, and nothing else there', false)
    .addHelpText(
      'after',
      '\nA change is an edit as check takes it ("drop STEP", "pass GUARD", "swap A B", "without ID", ...),\n' +
        '"scope k=v,..." for this side alone, or "deny ASSUMPTION". Quote a side that has changes.\n' +
        examples(
          'compare SC-01 SC-01/upstream --scope pages=2,iovas=1',
          "compare SC-01 '?without unmap_pages/wait-for-CMD_SYNC' --scope pages=2",
          "compare 'SC-01?scope pages=2' 'SC-01?scope pages=3'",
          "compare SC-01 'SC-01?deny IHI-0070-4.7;drop unmap_pages/clear-PTE' --json",
        ) +
        '\nExit codes:\n' +
        '  0  verdicts, counts and traces are the same (programs may differ: the change does nothing here)\n' +
        '  1  something differs\n' +
        '  2  usage, input or model error\n' +
        '  3  undecided: a limit was reached, or it was interrupted\n',
    )
    .action(async (a: string, b: string, { scope = {}, property = [], ...rest }: Given) =>
      finish(await compare([a, b], { ...rest, scope, property }, terminal)),
    );
}
