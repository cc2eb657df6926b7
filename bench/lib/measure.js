// Wall time and peak memory of whole processes.
//
// Node cannot tell the peak memory of a child, and polling /proc misses the end. So each process is
// started by a wrapper that waits for it and writes the kernel's own figure (ru_maxrss): GNU time
// if present, else a line of Python. Without either, times are measured and memory is unknown.
//
// ru_maxrss is the peak of the largest single process under the wrapper. All tools are one process
// (with threads), except SPIN's parallel search, whose processes share nearly all their memory.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findProgram } from './paths.js';

const PYTHON_WRAPPER = `
import resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(sys.argv[1], "w").write(str(peak))
sys.exit(status if status >= 0 else 128 - status)
`;

/**
 * @typedef {object} Measurement
 * @property {number} seconds wall time from starting the first process to the end of the last
 * @property {number} peakBytes sum of the peaks of the processes; NaN if unknown
 * @property {string[]} outputs what each process printed
 */

/**
 * Runs processes side by side until all have ended.
 * @param {string[][]} commands program and arguments of each process
 * @param {string} cwd
 * @returns {Promise<Measurement>}
 */
export async function measure(commands, cwd) {
  const scratch = mkdtempSync(join(tmpdir(), 'ringfence-bench-'));
  try {
    const started = process.hrtime.bigint();
    const runs = commands.map((command, i) => run(command, cwd, join(scratch, `peak-${i}`)));
    const results = await Promise.all(runs);
    const ended = results.reduce((last, { at }) => (at > last ? at : last), started);
    return {
      seconds: Number(ended - started) / 1e9,
      peakBytes: results.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
      outputs: results.map(({ output }) => output),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs one program to its end; not measured. */
export async function runPlain(command, cwd) {
  const { output } = await collect(command, cwd);
  return output;
}

/** How memory is measured, for the report. */
export function memoryMethod() {
  return wrapper()?.name ?? 'not measured (apt-get install time)';
}

function wrapper() {
  const time = findProgram('time');
  if (time) return { name: 'GNU time', prefix: (file) => [time, '-q', '-f', '%M', '-o', file] };
  const python = findProgram('python3');
  if (python) return { name: 'python3', prefix: (file) => [python, '-c', PYTHON_WRAPPER, file] };
  return undefined;
}

async function run(command, cwd, peakFile) {
  const prefix = wrapper()?.prefix(peakFile);
  const { at, output } = await collect([...(prefix ?? []), ...command], cwd);
  const peakBytes = prefix ? Number(readFileSync(peakFile, 'utf8')) * 1024 : NaN;
  return { at, output, peakBytes };
}

function collect([program, ...args], cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let at = 0n;
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    child.on('error', reject);
    child.on('exit', () => (at = process.hrtime.bigint()));
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ at, output });
      else reject(new Error(`${program} ended with ${signal ?? code}: ${lastLines(errors || output)}`));
    });
  });
}

function lastLines(text) {
  return text.trim().split('\n').slice(-5).join('\n');
}
