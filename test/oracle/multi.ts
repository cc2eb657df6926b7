/**
 * Random models for worker threads, which load a model from a module: the translation is bundled once, and each batch
 * of models is written as one small module of plain JavaScript beside it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as bundle } from 'esbuild';
import type { RandomModel } from './ast.js';

const language = new URL('../../dist/src/language/index.js', import.meta.url).href;

/** A folder for model modules. */
export class ModelModules {
  private count = 0;
  private constructor(private readonly folder: string) {}

  static async open(): Promise<ModelModules> {
    const folder = await mkdtemp(path.join(tmpdir(), 'ringfence-random-'));
    await bundle({
      entryPoints: [fileURLToPath(new URL('./translate.ts', import.meta.url))],
      outfile: path.join(folder, 'translate.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'warning',
      // The built language, not a copy of it: the engine asks whether an answer is an instance of its `Result`.
      plugins: [
        {
          name: 'built language',
          setup: (b) =>
            b.onResolve({ filter: /src\/language\/index\.js$/ }, () => ({ path: language, external: true })),
        },
      ],
    });
    return new ModelModules(folder);
  }

  /** The URL of a module whose default export is the model. */
  async write(model: RandomModel): Promise<string> {
    const file = path.join(this.folder, `model-${this.count++}.mjs`);
    await writeFile(
      file,
      `import { translate } from './translate.mjs';\nexport default translate(${JSON.stringify(model)});\n`,
    );
    return pathToFileURL(file).href;
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
