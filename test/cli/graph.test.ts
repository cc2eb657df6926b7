import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build, describe } from '../../src/index.js';
import { search } from '../../src/explorer/index.js';
import { graph, type GraphOptions } from '../../src/cli/graph.js';
import { dotOf, programGraph, stateGraph } from '../../src/report/index.js';
import { builtinModels } from '../../src/cli/models.js';
import { mailbox } from '../report/example.js';
import { built, ringfence } from './run.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ringfence-graph-'));
beforeAll(built);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sc01 = builtinModels().find(({ model }) => model.name === 'SC-01')!.model;
const all = { by: [], maxStates: 10_000, maxNodes: 10_000 };

it('has a node for each state and an edge for each transition that the explorer counts', async () => {
  const machine = build(mailbox, {});
  const result = await search(machine, { workers: 1 });
  const drawn = stateGraph(machine, all);
  expect(drawn.nodes).toHaveLength(result.states);
  expect(drawn.edges.reduce((sum, { lines }) => sum + lines.length, 0)).toBe(result.transitions);
  expect(drawn.nodes[0]).toMatchObject({ id: 's0', lines: ['initial state'], mark: 'start' });
  expect(drawn.nodes.some(({ lines, mark }) => mark === 'bad' && lines.includes('✗ no-overflow'))).toBe(true);
  expect(dotOf(stateGraph(build(mailbox, {}), all))).toBe(dotOf(drawn));
});

it('merges states that agree in the chosen variables', () => {
  const machine = build(mailbox, {});
  const ring = machine.variables.findIndex(({ name }) => name === 'ring');
  const drawn = stateGraph(machine, { ...all, by: [ring] });
  const sizes = new Set(drawn.nodes.map(({ lines }) => lines[0]));
  expect(sizes.size).toBe(drawn.nodes.length);
  expect(sizes).toContain('ring = ⟨driver0, driver1⟩');
  for (const { from, to } of drawn.edges) expect(from).not.toBe(to);
});

it('draws a program: its order, its guards, its locks, its ways out', () => {
  const { editable } = describe(mailbox);
  const drawn = programGraph('submit', editable.programs[0]);
  const edges = drawn.edges.map(({ from, to, lines, mark }) => [from, to, lines.join(), mark]);
  expect(edges).toContainEqual(['start', 'submit/look', '', 'plain']);
  expect(edges).toContainEqual(['submit/look', 'submit/lock/put', '', 'plain']);
  expect(edges).toContainEqual(['submit/look', 'end: returns -ENOSPC', 'not has-room: -ENOSPC', 'fails']);
  expect(edges).toContainEqual(['submit/lock/put', 'end: returns', '', 'plain']);
  expect(drawn.groups.map(({ title, nodes }) => [title, nodes.map(({ id }) => id)])).toEqual([
    ['lock lock', ['submit/lock/put']],
  ]);
});

it('lets loops stand on their feet: only what closes a circle may lead upwards', () => {
  const drawn = programGraph('submit', describe(mailbox).editable.programs[0]);
  expect(drawn.edges.filter(({ back }) => back)).toEqual([]);
  const { editable } = describe(sc01);
  const unmap = editable.programs.find((trees) => trees[0].path.startsWith('unmap_pages/'))!;
  // A step that jumps to itself is known by the text of its effects, which a test's own build may change.
  const backs = programGraph('unmap_pages', unmap).edges.filter(({ back, from, to }) => back && from !== to);
  const loop = 'unmap_pages/iotlb_sync/list_lock/each-SMMU';
  expect(backs.map(({ from, to }) => [from, to.trim()])).toEqual([
    [`${loop}/smmu_lock/tlb_inv/cmd_sync/wait-for-CMD_SYNC`, loop],
  ]);
  expect(dotOf(programGraph('unmap_pages', unmap))).toMatch(/wait-for-CMD_SYNC" -> .*each-SMMU " .*constraint=false/);
});

const hasDot = spawnSync('dot', ['-V']).status === 0;
it.skipIf(!hasDot)(
  `is drawn by Graphviz itself${hasDot ? '' : ' (skipped, because there is no dot here: graphviz)'}`,
  () => {
    for (const what of [
      ['--handler', 'unmap_pages'],
      ['--scope', 'cpus=1,pages=1,iovas=1,sharing=false', '--by', 'ref,table'],
    ]) {
      const { code, stdout, stderr } = ringfence(folder, 'graph', 'SC-01', ...what, '--format', 'svg');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/<svg [^]*<\/svg>\s*$/);
      expect(stdout).toContain(what.includes('--by') ? 'ref[page0] = 0' : 'wait&#45;for&#45;CMD_SYNC');
    }
  },
);

it('escapes what would be DOT, or would deceive', () => {
  const evil = '"]; evil [label="\\N\n\x1b<b>';
  const text = dotOf({ title: evil, nodes: [{ id: evil, lines: [evil], mark: 'plain' }], groups: [], edges: [] });
  const inside = text.replace(/"(?:[^"\\]|\\.)*"/g, '');
  expect(inside).not.toContain('evil');
  expect(text).not.toContain('\x1b');
});

const terminal = (env: Record<string, string>) => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  return { written, stdout: stream, stderr: { write: () => true }, env, cwd: folder };
};
const options: GraphOptions = {
  scope: {},
  edits: [],
  deny: [],
  by: [],
  format: 'svg',
  handler: 'map_pages',
  maxStates: 1,
  maxNodes: 1,
};

it('gives the graph to Graphviz for SVG, and says so where there is none or it fails', async () => {
  await expect(graph('SC-01', options, terminal({ PATH: folder }))).rejects.toThrow('Graphviz must be installed');
  const dot = path.join(folder, 'dot');
  writeFileSync(dot, '#!/bin/sh\nprintf "<svg>%s " "$1"; /bin/cat\n');
  chmodSync(dot, 0o755);
  const to = terminal({ PATH: folder });
  expect(await graph('SC-01', options, to)).toBe(0);
  expect(to.written.join('')).toMatch(/^<svg>-Tsvg digraph ringfence \{/);
  writeFileSync(dot, '#!/bin/sh\necho "syntax error" >&2; exit 1\n');
  await expect(graph('SC-01', options, terminal({ PATH: folder }))).rejects.toThrow("Graphviz can't draw it");
});

it('writes to a file, and names what is wrong', () => {
  const small = ['graph', 'SC-01', '--scope', 'cpus=1,pages=1,iovas=1,sharing=false'];
  const good = ringfence(folder, ...small, '--by', 'ref,table', '--out', 'a.dot');
  expect([good.code, good.stdout]).toEqual([0, '']);
  expect(readFileSync(path.join(folder, 'a.dot'), 'utf8')).toContain('ref[page0] = 0');
  const wrong = (...args: string[]) => {
    const { code, stderr } = ringfence(folder, ...args);
    expect(code).toBe(2);
    return stderr;
  };
  expect(wrong(...small, '--max-states', '10')).toContain('more than 10 states');
  expect(wrong(...small, '--max-nodes', '10')).toContain('--by VAR');
  expect(wrong(...small, '--by', 'tble')).toContain('did you mean table');
  expect(wrong('graph', 'SC-01', '--handler', 'unmap_pagez')).toContain('did you mean unmap_pages');
  expect(wrong('graph', 'SC-01', '--handler', 'smmu0')).toContain('smmu0 is hardware');
  expect(wrong(...small, '--by', 'ref', '--out', 'none/a.dot')).toContain("none/a.dot can't be written");
});
