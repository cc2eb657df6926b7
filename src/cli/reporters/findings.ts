/** The words that all formats share: how a property stands, and what there is to say about it. */
import {
  count,
  functionName,
  pairs,
  plainText,
  plural,
  printable,
  traceLines,
  verdictWords,
  type Judged,
} from '../../report/index.js';
import { commandLine } from '../options.js';
import type { Checked, Compared } from './reporter.js';

/**
 * How a property stands, for a CI job: `expected` is a violation that the model expects, no failure anywhere;
 * `undecided` is neither passed nor failed, and never counted as passed.
 */
export type Standing = 'passed' | 'expected' | 'failed' | 'undecided' | 'error';

export function standing({ result: { verdict }, asExpected }: Judged): Standing {
  if (verdict === 'error' || verdict === 'undecided') return verdict;
  if (!asExpected) return 'failed';
  return verdict === 'violated' ? 'expected' : 'passed';
}

/** One line: `violated in 27 steps: page0 is in reach of device0`. */
export function headline(judged: Judged): string {
  const { found, expectation } = verdictWords(judged);
  const { trace } = judged.result;
  const because = judged.result.verdict === 'violated' && trace && trace.because !== '' ? `: ${trace.because}` : '';
  return printable(`${found}${expectation === '' ? '' : ` ${expectation}`}${because}`);
}

/** The guilty instance: `d=device0, p=page1`; empty where there is none. */
export const guilty = ({ result: { trace } }: Judged): string => printable(pairs(trace?.guilty ?? {}, ', '));

/** The property's own sentence; empty for a fault of the model. */
export const sentence = ({ machine }: Pick<Checked, 'machine'>, id: string): string =>
  printable(machine.properties.find((property) => property.id === id)?.text ?? '');

/** The counterexamples of a property, step by step, as `check` prints them. */
export const traceText = (checked: Checked, id: string): string =>
  (checked.stored.get(id) ?? []).map((trace) => plainText(traceLines(trace))).join('\n\n');

/** Where to look further: the trace files of a property, and the command that finds them again. */
export function pointers(checked: Checked, id: string): string[] {
  const files = checked.paths.get(id) ?? [];
  return [
    ...files.map((file) => printable(`trace: ${file} (npx ringfence show ${commandLine([file])})`)),
    printable(`reproduce: ${checked.reproduce}`),
  ];
}

/** One step of a trace on one line: `cpu0: unmap_pages/clear-PTE, unmap_pages()`. */
export const stepWords = ({ process, action, fn }: { process: string; action: string; fn: string }): string =>
  printable(`${process}: ${action}${fn === '' ? '' : `, ${functionName(fn)}`}`);

/** What is wrong with a search as a whole, beyond what its properties say. */
export function wholeProblem({ result, broke, judged }: Checked): string | undefined {
  if (!result) return printable(`the search broke down, so there is no verdict: ${broke ?? ''}`);
  const has = (wanted: Standing): boolean => judged.some((one) => standing(one) === wanted);
  if ((result.verdict === 'error' || result.faults.length > 0) && !has('error'))
    return printable(`the model is at fault: ${result.faults.map(({ message }) => message).join('; ')}`);
  if (result.verdict === 'incomplete' && !has('undecided')) return incompleteWords({ result });
  return undefined;
}

/** Why not every reachable state was explored. */
export const incompleteWords = ({ result }: Pick<Checked, 'result'>): string =>
  printable(`not complete: ${result?.incomplete?.detail ?? 'no property was decided'}`);

/** What may be said where nothing differs; what was not compared is not passed over. */
export const sameWords = ({ file, compared, of }: Compared): { complete: boolean; text: string } =>
  compared === of
    ? { complete: true, text: `all that was compared is as in ${file}` }
    : { complete: false, text: `only ${count(compared)} of ${plural(of, 'model')} could be compared with ${file}` };
