// Side-by-side measurements of ringfence, SPIN, Rumur and a C++ search; see README.md.

import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

import { mismatches } from './lib/counts.js';
import { measure, memoryMethod } from './lib/measure.js';
import { CLI, ROOT } from './lib/paths.js';
import { asMarkdown, asText, remarksOf, rowOf, targetsOf } from './lib/report.js';
import { SIZES } from './lib/sizes.js';
import { TOOLS } from './lib/tools.js';

const USAGE = `usage: node bench/run.js [options]
  --size S|M|L      the size of the model (default L)
  --runs N          rounds; each round runs every tool once (default 3)
  --only a,b,...    only these of: ${TOOLS.map(({ name }) => name).join(', ')}
  --json FILE       write all figures as JSON
  --markdown FILE   write the report as Markdown`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: 'L' },
      runs: { type: 'string', default: '3' },
      only: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const size = Object.hasOwn(SIZES, values.size) ? SIZES[values.size] : undefined;
  if (!size) throw new Error(`--size must be one of ${Object.keys(SIZES).join(', ')}`);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be a positive whole number');
  return { ...values, size, runs, tools: chooseTools(values.only) };
}

function chooseTools(only) {
  if (only === undefined) return TOOLS;
  const names = only.split(',');
  const unknown = names.filter((name) => !TOOLS.some((tool) => tool.name === name));
  if (unknown.length > 0) throw new Error(`--only: no tool is called ${unknown.join(', ')}`);
  return TOOLS.filter(({ name }) => names.includes(name));
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

/** The tools that are present, built. */
async function prepare(tools, size, failures) {
  const ready = [];
  for (const tool of tools) {
    const missing = tool.missing();
    if (missing !== undefined) {
      say(`${tool.title}: skipped, because ${missing}`);
      continue;
    }
    try {
      await tool.build(size);
      ready.push(tool);
    } catch (error) {
      failures.push(`${tool.title}: cannot be built: ${error.message}`);
    }
  }
  return ready;
}

/** Runs each tool once in every round, so that a slow minute of the machine hits all of them. */
async function runRounds(tools, { size, runs }, failures) {
  const results = tools.map((tool) => ({ tool, runs: [] }));
  for (let round = 1; round <= runs; round++) {
    for (const { tool, runs: done } of results) {
      try {
        const run = await runOnce(tool, size);
        done.push(run);
        say(`round ${round}/${runs}  ${tool.name.padEnd(14)} ${run.seconds.toFixed(2).padStart(8)} s`);
        failures.push(...run.counts.flatMap((counts) => mismatches(tool, counts, size)));
      } catch (error) {
        failures.push(`${tool.title}: ${error.message}`);
      }
    }
  }
  return results.filter(({ runs: done }) => done.length > 0);
}

async function runOnce(tool, size) {
  const { seconds, peakBytes, outputs } = await measure(tool.commands(size), tool.cwd(size));
  return { seconds, peakBytes, counts: outputs.map((output) => tool.parse(output)) };
}

/** What a process of each kind takes before it searches anything. */
async function measureIdle(tools, failures) {
  const commands = { node: [process.execPath, CLI, '--version'], native: ['true'] };
  const idle = {};
  for (const kind of new Set(tools.map((tool) => tool.kind))) {
    try {
      idle[kind] = (await measure([commands[kind]], ROOT)).peakBytes;
    } catch (error) {
      idle[kind] = NaN;
      failures.push(`idle ${kind} process: ${error.message}`);
    }
  }
  return idle;
}

function describeMachine() {
  const processors = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${processors.length} x ${processors[0]?.model.trim()}, ${memory} GiB, Node.js ${process.version}`;
}

function print(rows, { size, heading, failures }) {
  console.log(`\n${heading}\n\n${asText(rows)}\n\n${remarksOf(rows, size).join('\n')}`);
  for (const failure of new Set(failures)) console.log(`FAILED: ${failure}`);
}

function writeFiles(options, { rows, results, idle, heading, failures }) {
  const { size } = options;
  const machine = describeMachine();
  const date = new Date().toISOString();
  if (options.json) {
    const runs = results.map(({ tool, runs: done }) => ({ name: tool.name, runs: done }));
    const everything = { date, machine, size, idle, rows, targets: targetsOf(rows, size), runs, failures };
    writeFileSync(options.json, `${JSON.stringify(everything, null, 2)}\n`);
  }
  if (options.markdown) {
    const facts = [
      `${machine}, ${date.slice(0, 10)}`,
      `${options.runs} interleaved rounds; whole processes, compile time not counted; memory by ${memoryMethod()}`,
    ];
    writeFileSync(options.markdown, asMarkdown(rows, { size, heading, facts }));
  }
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const { size } = options;
  const failures = [];
  const tools = await prepare(options.tools, size, failures);
  const idle = await measureIdle(tools, failures);
  const results = await runRounds(tools, options, failures);
  const rows = results.map((result) => rowOf(result, size, idle));
  const heading = `IOMMU model, size ${size.name}: ${size.states} states, ${size.transitions} transitions`;
  print(rows, { size, heading, failures });
  writeFiles(options, { rows, results, idle, heading, failures });
  if (failures.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  say(`${error.message}\n\n${USAGE}`);
  process.exitCode = 1;
}
