/**
 * JUnit XML, as Jenkins, GitLab and others read it: a test suite per model, a test case per property. Only elements and
 * attributes that the schema of Jenkins's xUnit plugin (junit-10.xsd) knows.
 */
import { sideWords, type Difference, type Judged } from '../../report/index.js';
import { guilty, headline, pointers, sentence, standing, traceText, wholeProblem } from './findings.js';
import type { Checked, Ended, Reporter } from './reporter.js';
import { element, type Element } from './xml.js';

/** A test case, and how it is counted. */
interface Case {
  readonly kind: 'passed' | 'failure' | 'error';
  readonly xml: Element;
}

interface Suite {
  readonly seconds: number;
  readonly cases: readonly Case[];
  readonly xml: Element;
}

export function junitReporter(): Reporter {
  const suites: Suite[] = [];
  return {
    model(checked) {
      suites.push(suiteOf(checked));
      return '';
    },
    end(ended) {
      const all = [...suites, ...uncheckedSuites(ended), ...baselineSuites(ended)];
      const cases = all.flatMap((own) => own.cases);
      const seconds = all.reduce((sum, own) => sum + own.seconds, 0);
      return `<?xml version="1.0" encoding="UTF-8"?>\n${element(
        'testsuites',
        { name: 'ringfence', ...counts(cases, seconds) },
        all.map(({ xml }) => xml),
      ).text()}\n`;
    },
  };
}

const counts = (cases: readonly Case[], seconds: number) => ({
  tests: cases.length,
  failures: cases.filter(({ kind }) => kind === 'failure').length,
  errors: cases.filter(({ kind }) => kind === 'error').length,
  time: seconds.toFixed(3),
});

function suite(
  name: string,
  cases: readonly Case[],
  seconds = 0,
  around: Partial<Record<'head' | 'tail', Element>> = {},
) {
  const children = [...(around.head ? [around.head] : []), ...cases.map(({ xml }) => xml)];
  if (around.tail) children.push(around.tail);
  return { seconds, cases, xml: element('testsuite', { name, ...counts(cases, seconds) }, children) };
}

function suiteOf(checked: Checked): Suite {
  const { machine, result, judged, differences, failures } = checked;
  const problem = wholeProblem(checked);
  const cases = judged.map((one) => propertyCase(checked, one));
  if (problem !== undefined) cases.push(oneCase(machine.model, 'search', ['error', 'search', problem, '']));
  if (differences) cases.push(baselineCase(machine.model, differences));
  const facts = {
    ...machine.scope,
    ...(machine.edits.length > 0 ? { edits: machine.edits.join('; ') } : {}),
    ...(machine.denied.length > 0 ? { denied: machine.denied.join(', ') } : {}),
    verdict: result?.verdict ?? 'error',
    ...(result ? { states: result.states, transitions: result.transitions, depth: result.depth } : {}),
    digest: machine.digest,
  };
  const head = element(
    'properties',
    {},
    Object.entries(facts).map(([name, value]) => element('property', { name, value })),
  );
  const tail = failures.length > 0 ? element('system-err', {}, failures.join('\n')) : undefined;
  return suite(machine.model, cases, result?.seconds, { head, tail });
}

function propertyCase(checked: Checked, judged: Judged): Case {
  const { id } = judged.result;
  const model = checked.machine.model;
  const lines = [sentence(checked, id), guilty(judged), traceText(checked, id), ...pointers(checked, id)];
  const text = [headline(judged), ...lines].filter((line) => line !== '').join('\n');
  switch (standing(judged)) {
    case 'passed':
      return { kind: 'passed', xml: testCase(model, id, []) };
    case 'expected':
      return { kind: 'passed', xml: testCase(model, id, [element('system-out', {}, text)]) };
    case 'failed':
      return oneCase(model, id, ['failure', 'not-as-expected', headline(judged), text]);
    case 'undecided':
      return oneCase(model, id, ['error', 'undecided', headline(judged), text]);
    case 'error':
      return oneCase(model, id, ['error', 'model-error', headline(judged), text]);
  }
}

const testCase = (classname: string, name: string, children: readonly Element[]): Element =>
  element('testcase', { name, classname }, children);

/** A test case with one failure or error in it. */
const oneCase = (
  model: string,
  name: string,
  [kind, type, message, text]: readonly [kind: 'failure' | 'error', type: string, message: string, text: string],
): Case => ({ kind, xml: testCase(model, name, [element(kind, { message, type }, text)]) });

function baselineCase(model: string, differences: readonly Difference[]): Case {
  if (differences.length === 0) return { kind: 'passed', xml: testCase(model, 'baseline', []) };
  const lines = differences.map(
    ({ what, baseline, now }) => `${what}: ${sideWords(baseline)} in the baseline, ${sideWords(now)} now`,
  );
  return oneCase(model, 'baseline', [
    'failure',
    'baseline',
    `${lines.length} not as in the baseline`,
    lines.join('\n'),
  ]);
}

const uncheckedSuites = ({ unchecked }: Ended): Suite[] =>
  unchecked.map(({ machine: { model } }) =>
    suite(model, [oneCase(model, 'search', ['error', 'undecided', 'not checked: it was interrupted before', ''])]),
  );

const baselineSuites = ({ differences }: Ended): Suite[] =>
  differences.map((difference) => suite(difference.model, [baselineCase(difference.model, [difference])]));
