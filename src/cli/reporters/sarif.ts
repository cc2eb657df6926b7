/**
 * SARIF 2.1.0, as code scanning reads it: a rule per property that was checked, a result per violation, the trace as its
 * code flow. What is undecided is a notification of the tool, since a viewer would count a result of any kind as a finding.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { pairs, printable, sideWords, type Difference, type Judged, type StoredTrace } from '../../report/index.js';
import { Exit } from '../exit.js';
import { version } from '../package.js';
import {
  guilty,
  headline,
  incompleteWords,
  pointers,
  sentence,
  standing,
  stepWords,
  wholeProblem,
} from './findings.js';
import type { Locator, Place } from './location.js';
import type { Asked, Checked, Ended, Reporter } from './reporter.js';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

export function sarifReporter(locator: Locator): Reporter {
  const rules = new Map<string, object>();
  const results: object[] = [];
  const notifications: object[] = [];
  const compare = (differences: readonly Difference[], place: Place): void => {
    if (differences.length === 0) return;
    rules.set(BASELINE, rule(BASELINE, 'a model gives what the committed baseline says'));
    results.push(...differences.map((one) => baselineResult(one, place)));
  };
  return {
    model(checked) {
      for (const { result } of checked.judged) {
        const id = ruleOf(checked, result.id);
        rules.set(id, rule(id, sentence(checked, result.id) || 'the model itself is at fault'));
      }
      results.push(...checked.judged.flatMap((one) => resultsOf(checked, one, locator)));
      notifications.push(...notificationsOf(checked, locator));
      compare(checked.differences ?? [], locator.model(checked));
      return '';
    },
    end(ended) {
      notifications.push(
        ...ended.unchecked.map((asked) =>
          notification(
            'warning',
            `${asked.machine.model}: not checked: it was interrupted before`,
            locator.model(asked),
          ),
        ),
      );
      compare(ended.differences, { file: locator.file(ended.baseline?.file ?? ''), line: 1 });
      return `${JSON.stringify(log([...rules.values()], results, notifications, ended), null, 2)}\n`;
    },
  };
}

const log = (rules: readonly object[], results: readonly object[], notifications: readonly object[], ended: Ended) => ({
  $schema: SCHEMA,
  version: '2.1.0',
  runs: [
    {
      tool: { driver: { name: 'ringfence', version, semanticVersion: version, rules } },
      columnKind: 'utf16CodeUnits',
      invocations: [
        {
          // A violation is a result of a search that went well.
          executionSuccessful: ended.code !== Exit.error && ended.code !== Exit.undecided,
          exitCode: ended.code,
          toolExecutionNotifications: notifications,
        },
      ],
      results,
    },
  ],
});

/** Two models may say different things under one id, so the model is part of the rule's. */
const ruleOf = ({ machine }: Asked, property: string): string => `${printable(machine.model)}/${printable(property)}`;

const rule = (id: string, sentence: string) => ({
  id,
  shortDescription: message(sentence),
  defaultConfiguration: { level: 'error' },
});

function resultsOf(checked: Checked, judged: Judged, locator: Locator): object[] {
  const how = standing(judged);
  if (how === 'passed' || how === 'undecided') return [];
  const { id } = judged.result;
  const traces = checked.stored.get(id) ?? [];
  const { model, edits, denied, scope } = checked.machine;
  const words = [sentence(checked, id), headline(judged), guilty(judged), ...pointers(checked, id)];
  return [
    {
      ruleId: ruleOf(checked, id),
      level: how === 'expected' ? 'note' : 'error',
      message: message(`${printable(model)}: ${words.filter((line) => line !== '').join('\n')}`),
      locations: [location(locator.guilty(checked, traces.at(0)))],
      ...(traces.length > 0 ? { codeFlows: traces.map((trace) => codeFlow(checked, trace, locator)) } : {}),
      // Lines move; the same property of the same model stays the same finding.
      partialFingerprints: { 'ringfence/v1': fingerprint([model, id, ...edits, ...denied]) },
      ...(how === 'expected'
        ? { suppressions: [{ kind: 'external', justification: 'The model expects this violation.' }] }
        : {}),
      ...attachments(checked.paths.get(id) ?? [], locator),
      properties: { model, property: id, scope: { ...scope }, edits, denied, length: judged.result.length ?? null },
    },
  ];
}

const BASELINE = 'baseline';

const baselineResult = ({ model, what, baseline, now }: Difference, place: Place) => ({
  ruleId: BASELINE,
  level: 'error',
  message: message(
    printable(`${model}: ${what} was ${sideWords(baseline)} in the baseline, and is ${sideWords(now)} now`),
  ),
  locations: [location(place)],
  partialFingerprints: { 'ringfence/v1': fingerprint([BASELINE, model, what]) },
});

function notificationsOf(checked: Checked, locator: Locator): object[] {
  const { machine, judged, result, failures } = checked;
  const { model } = machine;
  const place = locator.model(checked);
  const undecided = judged.filter((one) => standing(one) === 'undecided').map(({ result: { id } }) => id);
  const problem = wholeProblem(checked);
  return [
    ...(undecided.length > 0
      ? [notification('warning', `${model}: ${incompleteWords(checked)}; undecided: ${undecided.join(', ')}`, place)]
      : []),
    ...(problem === undefined
      ? []
      : [notification(result?.verdict === 'incomplete' ? 'warning' : 'error', `${model}: ${problem}`, place)]),
    ...failures.map((failure) => notification('error', `${model}: ${failure}`, place)),
  ];
}

const notification = (level: 'warning' | 'error', text: string, place: Place) => ({
  level,
  message: message(printable(text)),
  locations: [location(place)],
});

/** The steps in the order in which they happen: an attack is one interleaving, so it is one thread flow. */
const codeFlow = (checked: Checked, trace: StoredTrace, locator: Locator) => ({
  message: message(`${trace.steps.length} steps from the initial state`),
  threadFlows: [
    {
      locations: [
        ...trace.steps.map((step, i) => ({
          location: {
            ...location(locator.step(checked, step.at) ?? locator.model(checked)),
            message: message(
              [stepWords(step), printable(pairs(step.args)), ...changesOf(trace, i)].filter(Boolean).join('\n'),
            ),
          },
          executionOrder: i + 1,
          ...(i === trace.steps.length - 1 && !trace.faulting ? { importance: 'essential' } : {}),
        })),
        ...(trace.faulting
          ? [
              {
                location: {
                  ...location(locator.step(checked, trace.faulting.at) ?? locator.model(checked)),
                  message: message(`${stepWords(trace.faulting)}\n${printable(trace.faulting.message)}`),
                },
                executionOrder: trace.steps.length + 1,
                importance: 'essential',
              },
            ]
          : []),
      ],
    },
  ],
});

const changesOf = (trace: StoredTrace, step: number): string[] =>
  trace.steps[step].changes.map(({ variable, path: part, before, after }) =>
    printable(`${trace.variables[variable].name}${part}: ${before} → ${after}`),
  );

const location = ({ file, line }: Place) => ({
  physicalLocation: { artifactLocation: artifact(file), region: { startLine: line } },
});

/** A file of the repository relative to it; another by its whole URI. */
const artifact = (file: string) =>
  path.isAbsolute(file)
    ? { uri: pathToFileURL(file).href }
    : { uri: file.split('/').map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' };

const attachments = (files: readonly string[], locator: Locator) =>
  files.length === 0
    ? {}
    : {
        attachments: files.map((file) => ({
          description: message('the trace, for ringfence show and ringfence replay'),
          artifactLocation: artifact(locator.file(file)),
        })),
      };

/** `[a](b)` is a link in a message, and `{0}` a placeholder: neither can come of a value that a model prints. */
function message(text: string): { text: string } {
  return { text: text.replaceAll('](', '] (').replace(/\{(\d+)\}/g, '{{$1}}') };
}

const fingerprint = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
