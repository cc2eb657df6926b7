/** `ringfence graph` on the command line. */
import { Option } from 'commander';
import type { GraphOptions } from '../graph.js';
import { examples } from '../help.js';
import { countOption, namesOption } from '../options.js';
import { machine, repeatable, type AddCommand } from './command.js';

export const addGraph: AddCommand = (program, { terminal, finish }) => {
  const command = program
    .command('graph')
    .description('draw the state graph of a small scope, or the program of a handler')
    .argument('<model>', 'a model, or the file of your own');
  machine(command).option('--handler <name>', 'draw the program of this handler instead');
  const by = 'one node for all states that agree in these variables, families or processes';
  repeatable(command, '--by <var,...>', by, namesOption, [])
    .addOption(new Option('--format <format>', 'svg needs Graphviz').choices(['dot', 'svg']).default('dot'))
    .option('--max-states <n>', 'explore no more states', countOption, 20_000)
    .option('--max-nodes <n>', 'draw no more nodes', countOption, 400)
    .option('--out <file>', 'write it there instead of to stdout')
    .addHelpText(
      'after',
      examples(
        'graph bench-iommu --scope cpus=1,devices=1,pages=1',
        'graph SC-01 --scope cpus=1,pages=1,iovas=1,sharing=false --by ownership,table --format svg --out sc-01.svg',
        'graph SC-01 --handler unmap_pages | dot -Tpdf > unmap_pages.pdf',
      ),
    )
    .action(async (model: string, options: GraphOptions) => {
      const { graph } = await import('../graph.js');
      finish(await graph(model, options, terminal));
    });
};
