/** The rules of the house that are not about arrows. */
import { expect, it } from 'vitest';
import { ruleMessages } from './lint.js';

it.each([
  ['no-eval', "eval('1');"],
  ['no-new-func', "export const f = new Function('return 1');"],
  ['@typescript-eslint/no-explicit-any', 'export const x = 1 as any;'],
  ['@typescript-eslint/no-unused-vars', 'const x = 1;'],
])('%s holds everywhere', async (rule, code) => {
  for (const file of ['src/language/file.ts', 'src/cli/file.ts', 'models/file.ts', 'test/file.ts']) {
    expect(await ruleMessages(rule, file, `${code}\n`, 2)).toHaveLength(1);
  }
});

it('lets an unused name start with an underscore', async () => {
  const code = 'export function f(_a: number): void {\n  const [_b] = [1];\n}\n';
  expect(await ruleMessages('@typescript-eslint/no-unused-vars', 'src/language/file.ts', code)).toEqual([]);
});

it('keeps console.log to the command line', async () => {
  const code = "console.log('x');\n";
  expect(await ruleMessages('no-console', 'src/explorer/file.ts', code, 2)).toHaveLength(1);
  expect(await ruleMessages('no-console', 'src/index.ts', code, 2)).toHaveLength(1);
  expect(await ruleMessages('no-console', 'src/cli/deep/file.ts', code)).toEqual([]);
});

it('warns of a file over 300 lines and refuses one over 400, comments and blank lines apart', async () => {
  const file = (n: number) => '// comment\n\n'.repeat(200) + 'export {};\n'.repeat(n);
  const says = async (n: number) => [
    (await ruleMessages('max-lines', 'src/spec/file.ts', file(n), 1)).length,
    (await ruleMessages('ringfence/max-lines-hard', 'src/spec/file.ts', file(n), 2)).length,
  ];
  expect(await says(300)).toEqual([0, 0]);
  expect(await says(301)).toEqual([1, 0]);
  expect(await says(400)).toEqual([1, 0]);
  expect(await says(401)).toEqual([1, 1]);
});
