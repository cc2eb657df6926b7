/** The summary of a CI job in GitHub's Markdown: a table of the models, then what is not as expected, each with its trace. */
import { count, duration, printable, sideWords, type Difference } from '../../report/index.js';
import {
  guilty,
  headline,
  incompleteWords,
  pointers,
  sameWords,
  sentence,
  standing,
  traceText,
  wholeProblem,
  type Standing,
} from './findings.js';
import type { Checked, Compared, Ended } from './reporter.js';

/** GitHub takes 1 MiB of a step, and drops all of it beyond that. */
const MOST_BYTES = 900_000;

/** Collects the summary of a run. */
export class Summary {
  private readonly rows: string[] = [];
  private readonly details: string[] = [];
  private readonly differences: Difference[] = [];

  model(checked: Checked): void {
    this.differences.push(...(checked.differences ?? []));
    this.rows.push(rowOf(checked));
    this.details.push(...detailsOf(checked));
  }

  /** The whole Markdown. Where it would be too long, the traces that come last are left out, and it says so. */
  text(ended: Ended): string {
    const rows = [
      ...this.rows,
      ...ended.unchecked.map(({ machine }) => row([plain(machine.model), '⏸ not checked', '', '', '', ''])),
    ];
    const differences = [...this.differences, ...ended.differences];
    const start = [
      '## ringfence\n\n',
      row(['model', 'verdict', 'findings', 'states', 'depth', 'time']),
      row(['---', '---', '---', '---:', '---:', '---:']),
      ...rows,
      baselineTable(ended.baseline, differences),
    ].join('');
    let text = start;
    let size = Buffer.byteLength(start);
    for (const [i, detail] of this.details.entries()) {
      size += Buffer.byteLength(detail);
      if (size > MOST_BYTES)
        return `${text}\n${count(this.details.length - i)} more findings are left out here: the trace files have them.\n`;
      text += detail;
    }
    return text;
  }
}

const marks: Readonly<Record<Standing, string>> = {
  passed: '✅',
  expected: '✅',
  undecided: '⚠️',
  failed: '❌',
  error: '❗',
};
/** The worst first. */
const severity: readonly Standing[] = ['error', 'failed', 'undecided', 'expected', 'passed'];

function rowOf(checked: Checked): string {
  const { machine, result, judged } = checked;
  const all = new Set(judged.map(standing));
  if (wholeProblem(checked) !== undefined) all.add(result?.verdict === 'incomplete' ? 'undecided' : 'error');
  const worst = severity.find((one) => all.has(one)) ?? 'passed';
  const expected = worst === 'expected' ? ', as expected' : '';
  const findings = judged
    .filter((one) => standing(one) !== 'passed')
    .map((one) => `${plain(one.result.id)} ${marks[standing(one)]}`);
  return row([
    plain(machine.model),
    `${marks[worst]} ${result?.verdict ?? 'error'}${expected}`,
    findings.join(', '),
    result ? count(result.states) : '',
    result ? count(result.depth) : '',
    result ? duration(result.seconds) : '',
  ]);
}

function detailsOf(checked: Checked): string[] {
  const { machine, judged } = checked;
  const problem = wholeProblem(checked);
  const whole = problem === undefined ? [] : [`\n**${plain(machine.model)}**: ${plain(problem)}\n`];
  const undecided = judged.filter((one) => standing(one) === 'undecided');
  if (undecided.length > 0) whole.push(`\n**${plain(machine.model)}**: ${plain(incompleteWords(checked))}\n`);
  const surprising = judged.filter((one) => ['failed', 'error'].includes(standing(one)));
  return [
    ...whole,
    ...surprising.map((one) => {
      const { id } = one.result;
      const text = [sentence(checked, id), guilty(one), traceText(checked, id), ...pointers(checked, id)];
      const title = `<b>${plain(`${machine.model} ${id}`)}</b>: ${plain(headline(one))}`;
      return `\n<details><summary>${title}</summary>\n\n${fenced(text.filter((line) => line !== '').join('\n'))}\n\n</details>\n`;
    }),
  ];
}

function baselineTable(baseline: Compared | undefined, differences: readonly Difference[]): string {
  if (!baseline) return '';
  if (differences.length === 0) {
    const { complete, text } = sameWords(baseline);
    return `\n${marks[complete ? 'passed' : 'undecided']} Baseline: ${plain(text)}\n`;
  }
  return [
    `\n### Not as in ${plain(baseline.file)}\n\n`,
    row(['model', 'what', 'baseline', 'now']),
    row(['---', '---', '---:', '---:']),
    ...differences.map(({ model, what, baseline, now }) =>
      row([model, what, sideWords(baseline), sideWords(now)].map(plain)),
    ),
  ].join('');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** Text that Markdown and HTML leave as it is: no tags, links, mentions or table cells come of it. */
const plain = (text: string): string =>
  printable(text).replace(/[\\`*_~[\]<>"'&#|!@:$^={}]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A block of code that its own text can't end. */
function fenced(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}
