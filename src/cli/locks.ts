/** `ringfence list MODEL --locks`: which locks are taken under which, over all that the model can reach. */
import { build, type Machine } from '../language/index.js';
import { search, suspects, type LockEdge, type SearchResult } from '../explorer/index.js';
import { duration, pairs, plural, styled, type Line } from '../report/index.js';
import { interruptible } from './interrupt.js';
import { jsonEdge } from './json.js';
import type { Found } from './models.js';
import { ProgressLine } from './progress.js';
import { say, type Terminal } from './terminal.js';

/** Searches a model for its locks alone, and prints them. */
export async function listLocks(
  { model }: Found,
  scope: Readonly<Record<string, string>>,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const machine = build(model, { scope, properties: [] });
  const line = new ProgressLine(machine.model, terminal);
  const { signal, release } = interruptible(terminal);
  let result: SearchResult;
  try {
    result = await search(machine, { signal, onProgress: (progress) => line.show(progress) });
  } finally {
    release();
    line.clear();
  }
  const wrong = new Set(suspects(result.locks, { allow: allowedBy(build(model, { scope })) }));
  if (json) printJson(result, wrong, terminal);
  else say(terminal, lockLines(model.title, result, wrong));
}

/** The pairs that the model's own property allows. */
const allowedBy = ({ properties }: Machine) =>
  properties.flatMap((property) => (property.kind === 'lock-order' ? property.allow : []));

function printJson({ machine, states, incomplete, locks }: SearchResult, wrong: ReadonlySet<LockEdge>, to: Terminal) {
  const { model, scope } = machine;
  const edges = locks.map((edge) => ({ ...jsonEdge(edge), wrong: wrong.has(edge) }));
  to.stdout.write(`${JSON.stringify({ model, scope, states, complete: !incomplete, locks: edges })}\n`);
}

function lockLines(title: string, { machine, states, seconds, incomplete, locks }: SearchResult, wrong: Set<LockEdge>) {
  const extent = incomplete ? `the ${plural(states, 'state')} seen: ${incomplete.detail}` : plural(states, 'state');
  const lines: Line[] = [
    [styled('bold', machine.model), `  ${title}`],
    ['  ', styled('dim', 'scope     '), pairs(machine.scope) || 'none'],
    ['  ', styled('dim', 'searched  '), `${extent}, ${duration(seconds)}`],
    [],
    [styled('bold', 'locks'), styled('dim', '  held → taken meanwhile')],
    ...locks.flatMap((edge) => edgeLines(edge, wrong.has(edge))),
  ];
  if (locks.length === 0) lines.push(['  no lock is taken, and nothing sleeps, while another lock is held']);
  else if (wrong.size === 0) lines.push([], [styled('good', '✓ '), 'no cycle']);
  return lines;
}

function edgeLines({ held, taken, where }: LockEdge, wrong: boolean): Line[] {
  const steps = [...new Set(where.map(({ action }) => action))];
  const who = (step: string): string =>
    where
      .filter(({ action }) => action === step)
      .map(({ process }) => process)
      .join(', ');
  return [
    [wrong ? styled('bad', '✗ ') : '  ', styled('accent', `${held} → ${taken ?? '(sleeps)'}`)],
    ...steps.map((step): Line => ['      ', step, '  ', styled('dim', who(step))]),
  ];
}
