/** Workflow commands that GitHub Actions turns into annotations, and the job's summary in Markdown. */
import path from 'node:path';
import { printable, sideWords, type Difference } from '../../report/index.js';
import { headline, guilty, incompleteWords, pointers, sentence, standing, wholeProblem } from './findings.js';
import type { Locator, Place } from './location.js';
import type { Checked, Ended, Reporter } from './reporter.js';
import { Summary } from './summary.js';

/** @param writeSummary appends Markdown to the job's summary; absent where there is none */
export function githubReporter(locator: Locator, writeSummary?: (markdown: string) => void): Reporter {
  const summary = new Summary();
  return {
    model(checked) {
      summary.model(checked);
      return annotationsOf(checked, locator);
    },
    end(ended) {
      writeSummary?.(summary.text(ended));
      return lastAnnotations(ended, locator);
    },
  };
}

function annotationsOf(checked: Checked, locator: Locator): string {
  const { machine, judged, stored, failures, differences } = checked;
  const { model } = machine;
  const whole = locator.model(checked);
  const lines: string[] = [];
  for (const one of judged) {
    const { id } = one.result;
    const how = standing(one);
    if (how !== 'failed' && how !== 'error') continue;
    const place = locator.guilty(checked, stored.get(id)?.at(0));
    const words = [headline(one), sentence(checked, id), guilty(one), ...pointers(checked, id)];
    lines.push(command('error', `${model} ${id}`, words, place));
  }
  const undecided = judged.filter((one) => standing(one) === 'undecided').map(({ result }) => result.id);
  // GitHub shows ten warnings of a step: one for the model, not one for each property.
  if (undecided.length > 0)
    lines.push(command('warning', model, [incompleteWords(checked), `undecided: ${undecided.join(', ')}`], whole));
  const problem = wholeProblem(checked);
  if (problem !== undefined)
    lines.push(command(checked.result?.verdict === 'incomplete' ? 'warning' : 'error', model, [problem], whole));
  for (const failure of failures) lines.push(command('error', model, [failure]));
  if (differences && differences.length > 0)
    lines.push(command('error', `${model} is not as the baseline has it`, differences.map(differenceWords), whole));
  return lines.join('');
}

function lastAnnotations({ unchecked, differences, baseline }: Ended, locator: Locator): string {
  const place = baseline === undefined ? undefined : { file: locator.file(baseline.file), line: 1 };
  return [
    ...unchecked.map((asked) =>
      command('warning', asked.machine.model, ['not checked: it was interrupted before'], locator.model(asked)),
    ),
    ...differences.map((one) =>
      command('error', `${one.model} is not as the baseline has it`, [differenceWords(one)], place),
    ),
  ].join('');
}

const differenceWords = ({ what, baseline, now }: Difference): string =>
  `${what}: ${sideWords(baseline)} in the baseline, ${sideWords(now)} now`;

/** One workflow command. GitHub shows only files of the repository. */
function command(level: 'error' | 'warning', title: string, lines: readonly string[], place?: Place): string {
  const where = place && !path.isAbsolute(place.file) ? [`file=${property(place.file)}`, `line=${place.line}`] : [];
  const message = lines
    .filter((line) => line !== '')
    .map(printable)
    .join('\n');
  return `::${level} ${[...where, `title=${property(printable(title))}`].join(',')}::${data(message)}\n`;
}

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
