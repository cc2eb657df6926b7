/** `ringfence explore MODEL`: a page on this machine on which a person walks through a model by hand. */
import { randomBytes } from 'node:crypto';
import { build, describe } from '../language/index.js';
import { Walker, guardFinder, pairs, styled } from '../report/index.js';
import { openInBrowser } from './browser.js';
import { Exit, InputError, type ExitCode } from './exit.js';
import { serveWalks } from './explore-server.js';
import { findModels } from './models.js';
import { shortPlace, version } from './package.js';
import { pageAssets } from './page.js';
import { say, type Terminal } from './terminal.js';
import { TraceFolder } from './trace-output.js';

/** Options of `explore`. */
export interface ExploreOptions {
  readonly scope: Readonly<Record<string, string>>;
  /** Edits in the order of the command line; `without ID` among them. */
  readonly edits: readonly string[];
  readonly deny: readonly string[];
  /** 0: any that is free. */
  readonly port: number;
  readonly open: boolean;
  /** Folder of saved walks. */
  readonly out: string;
}

/** Serves walks until it is interrupted. @throws InputError, ModelError */
export async function explore(name: string, options: ExploreOptions, terminal: Terminal): Promise<ExitCode> {
  const { scope, edits, deny: denied, port, open, out } = options;
  const [found, ...others] = await findModels([name], terminal.cwd);
  if (others.length > 0) throw new InputError(`${name} has several models: name one that is built in`);
  const { model, file } = found;
  const machine = build(model, { scope, edits, denied });
  const guard = guardFinder(machine, describe(model, { scope: machine.scope, denied: machine.denied }));
  const place = (at: string): string => shortPlace(at, terminal.cwd);
  const walker = new Walker(machine, { tool: version, model, file, place, guard });
  const traces = new TraceFolder(out, terminal.cwd, true);
  traces.check();
  const server = await serveWalks({
    walker,
    port,
    title: [machine.model, pairs(machine.scope), ...machine.edits].join('  '),
    token: randomBytes(16).toString('base64url'),
    starts: machine.initialStates.length,
    assets: pageAssets(),
    save: (trace) => traces.write(trace, trace.property.kind === 'walk' ? 'walk' : `walk-${trace.property.id}`),
  });
  try {
    const end = interrupted();
    say(terminal, [
      [styled('bold', machine.model), `  ${model.title}`],
      ['  ', styled('dim', 'open      '), server.url],
      ['  ', styled('dim', 'walks     '), `are saved to ${out}`],
      ['  ', styled('dim', 'end       '), 'Ctrl-C'],
    ]);
    if (open) await openInBrowser(server.url, terminal, `open ${server.url} by hand, with --no-open`);
    await end;
  } finally {
    await server.close();
  }
  return Exit.asExpected;
}

/** Until the first SIGINT or SIGTERM. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
