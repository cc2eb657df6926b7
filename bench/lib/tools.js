// The searches that are measured: how each is built, started and read.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runPlain } from './measure.js';
import { BENCH, buildDirectory, CLI, findProgram, ROOT } from './paths.js';

/**
 * @typedef {object} Counts
 * @property {number} states
 * @property {number} transitions
 * @property {number} [depth] only of searches that visit level by level
 * @property {object} [extra] what else ringfence tells about itself
 */

/**
 * @typedef {object} Tool
 * @property {string} name for --only
 * @property {string} title for the table
 * @property {boolean} exact whether it must count exactly the known states and transitions
 * @property {'node' | 'native'} kind whose idle memory is subtracted for bytes/state
 * @property {number} searches how many whole searches one run does, side by side
 * @property {() => string | undefined} missing why it cannot run here
 * @property {(size: import('./sizes.js').Size) => Promise<void>} build not measured
 * @property {(size: import('./sizes.js').Size) => string} cwd
 * @property {(size: import('./sizes.js').Size) => string[][]} commands one for each search
 * @property {(output: string) => Counts} parse
 */

/** @type {Tool[]} */
export const TOOLS = [
  ringfence('ringfence-1', 'ringfence, 1 worker', { workers: 1, searches: 1 }),
  ringfence('ringfence-2', 'ringfence, 2 workers', { workers: 2, searches: 1 }),
  ringfence('ringfence-pair', 'ringfence, two 1-worker searches', { workers: 1, searches: 2 }),
  spin('spin-dfs', 'SPIN, exact, depth first', {
    define: [],
    options: (spin) => [`-m${spin.stack}`, `-w${spin.dfsBits}`],
    exact: true,
    levels: false,
  }),
  spin('spin-bfs', 'SPIN, exact, breadth first', {
    define: ['-DBFS'],
    options: (spin) => [`-w${spin.bfsBits}`],
    exact: true,
    levels: true,
  }),
  spin('spin-bfs-par', 'SPIN BFS_PAR, 2 cores (hash-compact)', {
    define: ['-DBFS_PAR'],
    options: (spin) => ['-u2', `-w${spin.parallelBits}`],
    exact: false,
    levels: true,
  }),
  rumur(),
  cplusplus(),
];

function ringfence(name, title, { workers, searches }) {
  const command = (size) => [
    CLI,
    ...['check', 'bench-iommu', '--scope', scopeText(size)],
    ...['--workers', String(workers), '--json'],
  ];
  return {
    name,
    title,
    exact: true,
    kind: 'node',
    searches,
    missing: () => (existsSync(CLI) ? undefined : 'ringfence is not built (npm run build)'),
    build: async () => {},
    cwd: () => ROOT,
    commands: (size) => Array.from({ length: searches }, () => command(size)),
    parse: (output) => parseRingfence(output, workers),
  };
}

function scopeText({ scope }) {
  return Object.entries(scope)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function parseRingfence(output, workers) {
  const line = output.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error('ringfence printed no line of JSON');
  const { states, transitions, depth, ...extra } = JSON.parse(line);
  if (extra.workers !== workers) throw new Error(`ringfence used ${extra.workers} workers, not ${workers}`);
  return { states, transitions, depth, extra };
}

function spin(name, title, { define, options, exact, levels }) {
  return native(name, title, ['spin', 'gcc'], {
    exact,
    build: async (size) => {
      const folder = join(buildDirectory(size), name);
      mkdirSync(folder, { recursive: true });
      await runPlain(['spin', '-a', ...defines(size), join(BENCH, 'iommu.pml')], folder);
      const flags = ['-w', '-O2', '-DSAFETY', '-DNOREDUCE', ...define];
      await runPlain(['gcc', ...flags, '-o', 'pan', 'pan.c'], folder);
    },
    cwd: (size) => join(buildDirectory(size), name),
    commands: (size) => [['./pan', ...options(size.spin)]],
    parse: (output) => parseSpin(output, levels),
  });
}

function parseSpin(output, levels) {
  if (!/errors: 0\b/.test(output)) throw new Error('SPIN reports an error');
  if (/max search depth too small|Search not completed/.test(output)) {
    throw new Error('SPIN did not search everything');
  }
  const states = number(output, /(\d+) states, stored/);
  const matched = number(output, /^ *(\d+) states, matched/m);
  return {
    states,
    // SPIN's own total is rounded on large models. Each transition leads to a state that is stored or
    // matched, and the initial state is stored without one.
    transitions: states + matched - 1,
    ...(levels ? { depth: number(output, /depth reached (\d+)/) } : {}),
  };
}

function rumur() {
  const options = ['--symmetry-reduction', 'off', '--pack-state', 'off', '--threads', '2'];
  return native('rumur', 'Rumur, 2 threads', ['rumur', 'gcc'], {
    build: async (size) => {
      const folder = buildDirectory(size);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'iommu.m'), murphiSource(size));
      await runPlain(['rumur', ...options, '--output', 'rumur.c', 'iommu.m'], folder);
      const flags = ['-w', '-std=c11', '-O3', '-march=native', '-pthread'];
      if (process.arch === 'x64') flags.push('-mcx16'); // Rumur's state set needs it there
      await runPlain(['gcc', ...flags, '-o', 'rumur', 'rumur.c', '-latomic'], folder);
    },
    commands: () => [['./rumur']],
    parse: (output) => ({
      states: number(output, /(\d+) states, \d+ rules fired/),
      transitions: number(output, /\d+ states, (\d+) rules fired/),
    }),
  });
}

function murphiSource({ scope }) {
  const values = { NCPU: scope.cpus, ND: scope.devices, NP: scope.pages, Q: scope.queue, BROKEN: 0 };
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replace(new RegExp(`^  ${name}: \\d+;`, 'm'), `  ${name}: ${value};`),
    readFileSync(join(BENCH, 'iommu.m'), 'utf8'),
  );
}

function cplusplus() {
  return native('cpp', 'C++, hand-packed, 1 thread', ['g++'], {
    build: async (size) => {
      const folder = buildDirectory(size);
      mkdirSync(folder, { recursive: true });
      const flags = ['-O3', '-march=native', '-std=c++17', ...defines(size)];
      await runPlain(['g++', ...flags, '-o', 'cpp', join(BENCH, 'iommu.cc')], folder);
    },
    commands: () => [['./cpp']],
    parse: (output) => ({
      states: number(output, /^states (\d+)/m),
      transitions: number(output, /^transitions (\d+)/m),
      depth: number(output, /^depth (\d+)/m),
    }),
  });
}

function native(name, title, programs, rest) {
  return {
    name,
    title,
    exact: true,
    kind: 'native',
    searches: 1,
    missing: () => missingProgram(programs),
    cwd: buildDirectory,
    ...rest,
  };
}

function missingProgram(programs) {
  const program = programs.find((candidate) => !findProgram(candidate));
  return program && `${program} is not installed (apt-get install ${program})`;
}

function defines({ scope }) {
  return [`-DNCPU=${scope.cpus}`, `-DND=${scope.devices}`, `-DNP=${scope.pages}`, `-DQ=${scope.queue}`, '-DBROKEN=0'];
}

function number(text, pattern) {
  const match = pattern.exec(text);
  if (!match) throw new Error(`no ${pattern} in the output`);
  return Number(match[1]);
}
