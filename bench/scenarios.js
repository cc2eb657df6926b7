// Writes docs/scenarios.md (every model's counts and verdicts, every seeded defect) and results/*.trace (the shortest
// counterexample of each violation that a model expects), results/baseline.json and docs/findings.md. One worker, so that the calls of spec code are the same each time.

import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';

import { findingsPage } from './lib/findings.js';
import { CLI, ROOT } from './lib/paths.js';

const BASELINE = 'results/baseline.json';

const number = (n) => n.toLocaleString('en-US');
const scopeText = (scope) =>
  Object.entries(scope)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** The results of a bare `check`, one a model. */
function checkAll() {
  const results = path.join(ROOT, 'results');
  for (const file of readdirSync(results)) if (file.endsWith('.trace')) rmSync(path.join(results, file));
  const run = spawnSync(
    process.execPath,
    [CLI, 'check', '--json', '--workers', '1', '--out', 'results', '--baseline', BASELINE, '--update-baseline'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const found = run.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const failed = found.filter(({ asExpected }) => !asExpected).map(({ model }) => model);
  if (run.status !== 0 || failed.length > 0)
    throw new Error(`ringfence check ended with ${run.status}; not as expected: ${failed.join(', ') || 'nothing'}`);
  return found;
}

function countsTable(results) {
  const rows = results.map(
    ({ model, scope, states, transitions, depth, specCalls, properties }) =>
      `| ${model} | ${scopeText(scope)} | ${number(states)} | ${number(transitions)} | ${depth} | ${number(specCalls)} | ${
        properties
          .filter(({ verdict }) => verdict === 'violated')
          .map(({ id, length }) => `${id} ${length ?? ''}`.trim())
          .join(', ') || 'all hold'
      } |`,
  );
  return [
    '| model | scope | states | transitions | depth | calls of spec code | expected, and found |',
    '|---|---|---:|---:|---:|---:|---|',
    ...rows,
  ].join('\n');
}

function defectsTable(defects) {
  const rows = defects.map(
    ({ id, what, model, edits, deny = [], violates, brief, macro }) =>
      `| ${id} | ${what} | ${model} | ${[...edits, ...deny.map((assumption) => `--deny ${assumption}`)].map((edit) => `\`${edit}\``).join(', ') || 'the variant itself'} | ${
        Object.entries(violates)
          .map(([property, length]) =>
            brief.includes(property) ? `**${property}** ${length}` : `${property} ${length}`,
          )
          .join(', ') || 'none'
      } | ${brief.filter((property) => !(property in violates)).join(', ')} | ${macro ? `${macro.here} / ${macro.brief}` : ''} |`,
  );
  return [
    '| defect | what is removed or turned round | model | edit | violated (length) | named by the brief, not broken | macro steps: here / brief |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const { builtin } = await import(pathToFileURL(path.join(ROOT, 'dist/models/index.js')).href);
const results = checkAll();
const total = results.reduce((sum, { seconds }) => sum + seconds, 0);
const defects = builtin
  .flatMap((entry) => entry.defects ?? [])
  .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }) || a.model.localeCompare(b.model));
const pages = builtin.flatMap(({ file }) => /sc-\d+/.exec(file)?.[0] ?? []);

const text = `# Scenarios

Written by \`npm run scenarios\`: do not edit. What each scenario exercises, what its components are and what was found stands on
its own page: ${[...new Set(pages)].map((page) => `[${page.toUpperCase()}](scenarios/${page}.md)`).join(', ')}.

## Counts

The default scopes. States, transitions and depth are exact and the same on every machine; calls of spec code are those of ${
  results[0].workers
} worker${results[0].workers === 1 ? '' : 's'}. All of it took ${Math.round(total)} s when this page was written.

${countsTable(results)}

## Seeded defects

Each is tried on the model named, at the scope that its test names (\`models/\`, \`defects\`); the tests hold them to these lengths.
Lengths are transitions of the shortest counterexample. A property in bold is one that the domain brief names for the defect.
Macro steps are handler invocations, hardware events and environment events.

${defectsTable(defects)}
`;
const write = async (file, markdown) =>
  writeFileSync(path.join(ROOT, file), await format(markdown, { parser: 'markdown', printWidth: 120 }));
await write('docs/scenarios.md', text);

const { findings } = await import(pathToFileURL(path.join(ROOT, 'dist/models/findings.js')).href);
const baseline = JSON.parse(readFileSync(path.join(ROOT, BASELINE), 'utf8'));
await write('docs/findings.md', findingsPage(findings, builtin, baseline));
