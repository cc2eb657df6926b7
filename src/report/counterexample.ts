/** A stored trace as text: one step a line, below it only what changed, at the end the sentence that broke. */
import type { StoredOrigin, StoredStep, StoredTrace } from './stored-trace.js';
import { stateAfter } from './stored-trace.js';
import { pad, pairs, plural, styled, widest, type Line, type Piece } from './lines.js';

const MARGIN = '      ';

/** The steps of a trace and its end. */
export function traceLines(trace: StoredTrace): Line[] {
  const actor = widest(
    trace.steps.map(({ process }) => process),
    16,
  );
  const lines: Line[] = [[styled('dim', '   0  initial state')]];
  trace.steps.forEach((step, i) => {
    if (i === trace.loop) lines.push([MARGIN, styled('warn', `the loop starts here: ${loopWords(trace)}`)]);
    lines.push(...stepLines(trace, step, i + 1, actor));
  });
  if (trace.loop === trace.steps.length) lines.push([MARGIN, styled('warn', loopWords(trace))]);
  if (trace.faulting) {
    const { process, action, message } = trace.faulting;
    lines.push([
      styled('bad', '   ✗  '),
      styled('accent', pad(process, actor)),
      `  ${action}`,
      ...originPieces(trace.faulting),
    ]);
    lines.push([MARGIN, ' '.repeat(actor), '    ', styled('bad', message)]);
  }
  return [...lines, [], ...endLines(trace)];
}

/** The sentence that is violated, with its id, the guilty instance, and why. */
export function endLines(trace: StoredTrace): Line[] {
  const { id, text, kind, source } = trace.property;
  const after = plural(trace.steps.length, 'step');
  const head: Piece[] =
    kind === 'walk'
      ? [styled('bold', 'a walk by hand'), ` of ${plural(trace.steps.length, 'step')}: it is about no property`]
      : kind === 'reachable'
        ? [styled('good', `✓ ${id}`), ` reached after ${after}`]
        : [
            styled('bad', `✗ ${id}`),
            kind === 'fault'
              ? ` the model itself is at fault, after ${after}`
              : ` is violated after ${after}${trace.loop === null ? '' : `: ${loopWords(trace)}`}`,
          ];
  const lines: Line[] = [head];
  const add = (title: string, ...rest: Piece[]): void => void lines.push(['  ', styled('dim', pad(title, 9)), ...rest]);
  if (text !== '') add('must be', styled('bold', text));
  if (trace.because !== '') add('because', styled('bold', trace.because));
  const guilty = pairs(trace.guilty, ', ');
  if (guilty !== '') add('it is', guilty);
  if (source !== '') add('source', source);
  return lines;
}

/** What happens for ever at the end of a trace. */
function loopWords({ loop, steps }: StoredTrace): string {
  const first = (loop ?? 0) + 1;
  if (first > steps.length) return 'nothing more has to happen: it may stay like this for ever';
  return first === steps.length ? `step ${first} again and again` : `steps ${first} to ${steps.length} again and again`;
}

/** The whole state after step `n`, one variable a line. */
export function stateLines(trace: StoredTrace, n: number): Line[] {
  const values = stateAfter(trace, n);
  const width = widest(
    trace.variables.map(({ name }) => name),
    40,
  );
  return [
    [styled('bold', n === 0 ? 'initial state' : `state after step ${n}`)],
    ...trace.variables.map(({ name }, i): Line => ['  ', styled('dim', pad(name, width)), `  ${values[i].printed}`]),
  ];
}

function stepLines(trace: StoredTrace, step: StoredStep, n: number, actor: number): Line[] {
  const inner = `${MARGIN}${' '.repeat(actor)}    `;
  const args = pairs(step.args);
  const head: Piece[] = [
    String(n).padStart(4),
    '  ',
    styled('accent', pad(step.process, actor)),
    '  ',
    styled('bold', step.action),
  ];
  if (args !== '') head.push(`  ${args}`);
  const lines: Line[] = [[...head, ...originPieces(step)]];
  const names = step.changes.map(({ variable, path }) => trace.variables[variable].name + path);
  const width = widest(names, 36);
  step.changes.forEach(({ before, after }, i) =>
    lines.push([inner, pad(names[i], width), '  ', styled('dim', before), ' → ', styled('bold', after)]),
  );
  for (const { name, args: said } of step.emits)
    lines.push([inner, styled('dim', `announces ${name}(${pairs(said, ', ')})`)]);
  if (step.guard) {
    const { id, doc, outcome } = step.guard;
    lines.push([
      inner,
      styled(
        'warn',
        outcome === 'refused' ? `guard ${id} refuses: ` : `guard ${id} would refuse, but an edit passes it: `,
      ),
      doc,
    ]);
  }
  const ends = step.next === 'idle';
  if (step.label !== '' || ends) {
    const words = [ends ? 'returns' : '', step.label].filter((part) => part !== '').join(' ');
    lines.push([inner, styled(step.label.startsWith('-') ? 'warn' : 'dim', words)]);
  }
  return lines;
}

function originPieces({ fn, at }: StoredOrigin): Piece[] {
  const text = [functionName(fn), at].filter((part) => part !== '').join('  ');
  return text === '' ? [] : ['    ', styled('dim', text)];
}

/** A function's name with its parentheses; anything that says more stays as it is. */
export const functionName = (fn: string): string => (/^\w+$/.test(fn) ? `${fn}()` : fn);
