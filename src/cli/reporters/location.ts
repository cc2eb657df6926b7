/** Where in the user's repository a finding is: what an annotation or a SARIF result points to. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoredTrace } from '../../report/index.js';
import { isAt } from '../files.js';
import { packageRoot } from '../package.js';
import type { Terminal } from '../terminal.js';
import type { Asked, Checked } from './reporter.js';

/** A line of a file. */
export interface Place {
  /** Relative to the repository with `/` between its parts, or absolute where it is outside of it. */
  readonly file: string;
  readonly line: number;
}

/** Finds places, relative to one repository. */
export class Locator {
  private readonly root: string;

  constructor(private readonly terminal: Pick<Terminal, 'cwd' | 'env'>) {
    this.root = repositoryOf(terminal);
  }

  /** Of a step's `at` as its trace prints it. */
  step({ places }: Checked, at: string): Place | undefined {
    const match = /^(.+):(\d+)$/.exec(places.get(at) ?? '');
    return match ? { file: this.relative(match[1]), line: Number(match[2]) } : undefined;
  }

  /** Of the step that breaks the property: the last one whose place is known. Without a trace, the model's file. */
  guilty(checked: Checked, trace: StoredTrace | undefined): Place {
    const ats = [...(trace?.steps ?? []), ...(trace?.faulting ? [trace.faulting] : [])].map(({ at }) => at);
    for (const at of ats.reverse()) {
      const place = this.step(checked, at);
      if (place) return place;
    }
    return this.model(checked);
  }

  /** The file that the model is written in. */
  model({ found: { file, module } }: Asked): Place {
    if (file !== '') return { file: this.file(file), line: 1 };
    const inPackage = path.relative(packageRoot, fileURLToPath(module)).split(path.sep);
    if (inPackage[0] === 'dist') inPackage.shift();
    return { file: this.relative(path.join(packageRoot, ...inPackage).replace(/\.js$/, '.ts')), line: 1 };
  }

  /** A file as the user named it. */
  file(name: string): string {
    return this.relative(path.resolve(this.terminal.cwd, name));
  }

  private relative(file: string): string {
    const inside = path.relative(this.root, file);
    return inside.startsWith('..') || path.isAbsolute(inside) ? file : inside.split(path.sep).join('/');
  }
}

/** What GitHub checked out if we are in it, else the nearest folder with a `.git`, else where the user is. */
function repositoryOf({ cwd, env }: Pick<Terminal, 'cwd' | 'env'>): string {
  const workspace = env.GITHUB_WORKSPACE;
  if (workspace && !path.relative(workspace, cwd).startsWith('..')) return path.resolve(workspace);
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    if (isAt(path.join(folder, '.git'))) return folder;
    if (folder === path.dirname(folder)) return cwd;
  }
}
