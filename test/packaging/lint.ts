import { ESLint } from 'eslint';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

const root = fileURLToPath(new URL('../..', import.meta.url));

// The files linted here do not exist, so the rules that ask the TypeScript project about them are off.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: tseslint.configs.disableTypeChecked as ESLint.Options['overrideConfig'],
});

/** What a rule of our ESLint configuration says of a text, as if it were the file at that path. */
export async function ruleMessages(rule: string, file: string, text: string, severity?: 1 | 2): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: file });
  const broken = result.messages.find((m) => m.fatal || m.ruleId === null);
  if (broken) throw new Error(`${file}: ${broken.message}\n${text}`);
  return result.messages
    .filter((m) => m.ruleId === rule && (severity ?? m.severity) === m.severity)
    .map((m) => m.message);
}
