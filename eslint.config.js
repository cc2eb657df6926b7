import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, globalIgnores } from 'eslint/config';
import { builtinRules } from 'eslint/use-at-your-own-risk';
import tseslint from 'typescript-eslint';

const root = path.dirname(fileURLToPath(import.meta.url));

/**
 * The arrows between our folders: what each may import, besides itself and npm packages. They go one way.
 * A folder of `src` that is not listed may import nothing of ours, and only folders marked `all` may import it.
 */
const arrows = {
  'src/language': [],
  'src/spec': ['src/language'],
  'src/invariants': ['src/language', 'src/spec'],
  'src/explorer': ['src/language'],
  'src/report': ['src/language', 'src/explorer'],
  'src/page': ['src/report'],
  'src/audit': ['src/language', 'src/explorer', 'src/report'],
  'src/testing': ['src/language'],
  'src/cli': 'all',
  'src/index.ts': ['src/language'],
  models: ['src/index.ts', 'src/language', 'src/spec', 'src/invariants'],
  test: 'all',
  bench: 'all',
};

/** Development dependencies that only some folders may import: the others are shipped and run without them. */
const developmentOnly = { 'fast-check': ['src/testing', 'test'] };

/** The folder of {@link arrows} a file lies in, or `undefined` if it is none of ours (package.json, node_modules, ...). */
function zoneOf(file) {
  const parts = path.relative(root, file).split(path.sep);
  if (parts[0] === 'dist') parts.shift();
  if (parts[0] === 'src') {
    if (parts.length === 1 || (parts.length === 2 && /^index\.[cm]?[jt]s$/.test(parts[1]))) return 'src/index.ts';
    return `src/${parts[1]}`;
  }
  return Object.hasOwn(arrows, parts[0]) ? parts[0] : undefined;
}

/** The folder that a module specifier leads to, seen from a file. */
function zoneOfImport(file, specifier) {
  if (specifier === 'ringfence') return 'src/index.ts';
  if (specifier.startsWith('file:')) return zoneOf(fileURLToPath(specifier));
  if (/^\.{0,2}\//.test(specifier) || /^\.\.?$/.test(specifier)) {
    return zoneOf(path.resolve(path.dirname(file), specifier));
  }
  return undefined;
}

/** The text of a string literal or of a template without holes. */
function textOf(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TSLiteralType') return textOf(node.literal);
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return undefined;
}

const arrowsRule = {
  meta: {
    type: 'problem',
    docs: { description: 'keep the arrows between the folders one-way' },
    schema: [],
    messages: {
      arrow: "Forbidden arrow {{from}} -> {{to}} ('{{specifier}}'): {{from}} may import {{allowed}}.",
      development: "{{from}} may not import the development dependency '{{specifier}}': only {{allowed}} may.",
    },
  },
  create(context) {
    const from = zoneOf(context.filename);
    if (from === undefined) return {};
    const allowed = Object.hasOwn(arrows, from) ? arrows[from] : [];

    function check(source) {
      const specifier = textOf(source);
      if (specifier === undefined) return;
      for (const [name, folders] of Object.entries(developmentOnly)) {
        if ((specifier === name || specifier.startsWith(`${name}/`)) && !folders.includes(from)) {
          const data = { from, specifier, allowed: folders.join(', ') };
          context.report({ node: source, messageId: 'development', data });
        }
      }
      const to = zoneOfImport(context.filename, specifier);
      if (to === undefined || to === from || allowed === 'all' || allowed.includes(to)) return;
      const data = { from, to, specifier, allowed: allowed.join(', ') || 'nothing of ours' };
      context.report({ node: source, messageId: 'arrow', data });
    }

    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument),
      TSExternalModuleReference: (node) => check(node.expression),
      // require('...'), require.resolve('...'), import.meta.resolve('...')
      'CallExpression[callee.name="require"]': (node) => check(node.arguments[0]),
      'CallExpression[callee.object.name="require"]': (node) => check(node.arguments[0]),
      'CallExpression[callee.object.type="MetaProperty"]': (node) => check(node.arguments[0]),
      // new URL('...', import.meta.url): how a worker's file is named.
      'NewExpression[callee.name="URL"][arguments.1.object.type="MetaProperty"]': (node) => check(node.arguments[0]),
    };
  },
};

const ringfence = {
  // ESLint gives a rule one severity; a second name for `max-lines` gives it a warning and an error.
  rules: { arrows: arrowsRule, 'max-lines-hard': builtinRules.get('max-lines') },
};

/** What `@eslint/js` calls `recommended`; ESLint 10 no longer brings that package along, but its rules still say so. */
const recommended = Object.fromEntries(
  [...builtinRules].filter(([, rule]) => rule.meta.docs.recommended).map(([name]) => [name, 'error']),
);

const lines = (max) => ({ max, skipBlankLines: true, skipComments: true });

export default defineConfig(
  globalIgnores(['dist/', 'results/', 'bench/build/', 'coverage/']),
  { rules: recommended },
  tseslint.configs.recommended,
  {
    plugins: { ringfence },
    rules: {
      'ringfence/arrows': 'error',
      'max-lines': ['warn', lines(300)],
      'ringfence/max-lines-hard': ['error', lines(400)],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
        },
      ],
    },
  },
  {
    // Output is the command's: the rest returns values, so that `--json` on stdout stays clean.
    files: ['src/**'],
    ignores: ['src/cli/**'],
    rules: { 'no-console': ['error', { allow: ['warn', 'error'] }] },
  },
  {
    // A forgotten `await` on a worker is a search that ends too early. These need types, so only what tsconfig.json knows.
    files: ['src/**/*.{ts,tsx}', 'models/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['Buffer', 'URL', 'clearTimeout', 'console', 'performance', 'process', 'setTimeout'].map((g) => [
          g,
          'readonly',
        ]),
      ),
    },
  },
);
