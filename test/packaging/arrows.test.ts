/** The arrows between our folders go one way, and `npm run lint` says so. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ruleMessages } from './lint.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

const folders = [
  'src/language',
  'src/spec',
  'src/invariants',
  'src/explorer',
  'src/report',
  'src/page',
  'src/audit',
  'src/cli',
  'src/testing',
  'models',
  'test',
];

const allowed: Record<string, string[]> = {
  'src/language': [],
  'src/spec': ['src/language'],
  'src/invariants': ['src/language', 'src/spec'],
  'src/explorer': ['src/language'],
  'src/report': ['src/language', 'src/explorer'],
  'src/page': ['src/report'],
  'src/audit': ['src/language', 'src/explorer', 'src/report'],
  'src/cli': folders,
  'src/testing': ['src/language'],
  models: ['src/language', 'src/spec', 'src/invariants'],
  test: folders,
};

/** What the rule says of some code in a file, which need not exist. */
async function arrows(file: string, code: string): Promise<string[]> {
  return ruleMessages('ringfence/arrows', file, code);
}

/** `import` of a module of folder `to`, written as a relative path from a file of folder `from`. */
function importOf(from: string, depth: string, to: string): string {
  const specifier = path.posix.relative(path.posix.join(from, depth), path.posix.join(to, 'some', 'module.js'));
  return `import { x } from '${specifier.startsWith('.') ? specifier : `./${specifier}`}';\nexport const y = x;\n`;
}

describe.each(folders)('%s', (from) => {
  it.each(folders)('-> %s', async (to) => {
    for (const depth of ['', 'deep', 'deep/er']) {
      const messages = await arrows(path.posix.join(from, depth, 'file.ts'), importOf(from, depth, to));
      if (from === to || allowed[from].includes(to)) {
        expect(messages).toEqual([]);
      } else {
        expect(messages).toHaveLength(1);
        expect(messages[0]).toContain(`Forbidden arrow ${from} -> ${to} `);
      }
    }
  });
});

describe('the public API', () => {
  it('re-exports the language and nothing else', async () => {
    expect(await arrows('src/index.ts', "export * from './language/machine.js';\n")).toEqual([]);
    expect(await arrows('src/index.ts', "export * from './explorer/search.js';\n")).toHaveLength(1);
  });

  it('is for models, not for the folders below it', async () => {
    for (const specifier of ['../src/index.js', '../src', 'ringfence']) {
      expect(await arrows('models/file.ts', `export * from '${specifier}';\n`)).toEqual([]);
    }
    for (const specifier of ['../index.js', '..', '../', 'ringfence']) {
      expect(await arrows('src/language/file.ts', `export * from '${specifier}';\n`)).toEqual([
        expect.stringContaining('Forbidden arrow src/language -> src/index.ts '),
      ]);
    }
  });
});

describe('an arrow is seen', () => {
  it.each([
    "import '../explorer/search.js';",
    "import type { X } from '../explorer/search.js';\nexport type Y = X;",
    "import { type X } from '../explorer/search.js';\nexport type Y = X;",
    "import * as x from '../explorer/search.js';\nexport { x };",
    "export { x } from '../explorer/search.js';",
    "export type { X } from '../explorer/search.js';",
    "export * from '../explorer/search.js';",
    "export const x = import('../explorer/search.js');",
    'export const x = import(`../explorer/search.js`);',
    "export type X = import('../explorer/search.js').X;",
    "export type X = typeof import('../explorer/search.js');",
    "import x = require('../explorer/search.js');\nexport { x };",
    "export const x = require('../explorer/search.js');",
    "export const x = require.resolve('../explorer/search.js');",
    "export const x = import.meta.resolve('../explorer/search.js');",
    "export const x = new URL('../explorer/worker.js', import.meta.url);",
    "export * from '../../src/explorer/search.js';",
    "export * from './../spec/../explorer/search.js';",
    "export * from '../../dist/src/explorer/search.js';",
    `export * from '${path.join(root, 'src/explorer/search.js')}';`,
  ])('%s', async (code) => {
    expect(await arrows('src/language/file.ts', `${code}\n`)).toEqual([
      expect.stringContaining('Forbidden arrow src/language -> src/explorer '),
    ]);
  });
});

describe('no arrow is seen', () => {
  it.each([
    "import { Map } from 'immutable';\nexport const x = Map();",
    "import path from 'node:path';\nexport const x = path.sep;",
    "export * from './sorts/sort.js';",
    "export const x = new URL('../../package.json', import.meta.url);",
    "export const x = '../explorer/search.js';",
    "export * from 'explorer/search.js';",
  ])('%s', async (code) => {
    expect(await arrows('src/language/file.ts', `${code}\n`)).toEqual([]);
  });
});

it('lets a folder of src without a rule import nothing of ours', async () => {
  expect(await arrows('src/unheard-of/file.ts', "export * from '../language/machine.js';\n")).toHaveLength(1);
  expect(await arrows('src/language/file.ts', "export * from '../unheard-of/file.js';\n")).toHaveLength(1);
});

it('keeps fast-check, which is not installed with the package, to src/testing and test', async () => {
  const code = "import fc from 'fast-check';\nexport const x = fc.nat();\n";
  for (const folder of folders) {
    const expected = folder === 'src/testing' || folder === 'test' ? [] : [expect.stringContaining("'fast-check'")];
    expect(await arrows(`${folder}/file.ts`, code)).toEqual(expected);
  }
});
