/**
 * The part of the SARIF 2.1.0 schema that our output may use, each object closed: what is not here is refused, though the
 * standard may know it. Written from the standard's sections 3.13 to 3.58; a field is required where the standard says so,
 * or where code scanning needs it.
 */
import {
  ShapeError,
  absentMeans,
  dictionary,
  listOf,
  natural,
  nullable,
  object,
  oneOf,
  scalar,
  text,
  type Reader,
} from '../../../src/report/validate.js';

const word = text(100_000);
const many = 10_000;
const optional = <T>(of: Reader<T>): Reader<T | undefined> => absentMeans<T | undefined>(undefined, of);
const positive: Reader<number> = (value, place) => {
  if (value === 0) throw new ShapeError(`${place} is zero`);
  return natural(1e9)(value, place);
};

/** A relative or absolute URI, with nothing in it that would have to be escaped. */
const uri: Reader<string> = (value, place) => {
  const given = word(value, place);
  if (!/^(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+$/.test(given)) throw new ShapeError(`${place} is no URI: ${given}`);
  return given;
};

/** Plain text: no link, and no placeholder, for there are no arguments. */
const plain: Reader<string> = (value, place) => {
  const given = word(value, place);
  if (/\[[^\]]*\]\(/.test(given)) throw new ShapeError(`${place} has a link`);
  if (/\{\d+\}/.test(given.replace(/\{\{|\}\}/g, ''))) throw new ShapeError(`${place} has a placeholder`);
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]|\p{Cs}/u.test(given)) throw new ShapeError(`${place} has control characters`);
  return given;
};

const message = object({ text: plain });
const level = oneOf('none', 'note', 'warning', 'error');
const artifactLocation = object({ uri, uriBaseId: optional(word) });
const physicalLocation = object({ artifactLocation, region: object({ startLine: positive }) });
const location = object({ physicalLocation, message: optional(message) });

const threadFlowLocation = object({
  location,
  executionOrder: positive,
  importance: optional(oneOf('important', 'essential', 'unimportant')),
});

const codeFlow = object({
  message: optional(message),
  threadFlows: listOf(object({ locations: listOf(threadFlowLocation, many) }), 1),
});

const result = object({
  ruleId: word,
  level,
  message,
  locations: listOf(location, 1),
  codeFlows: optional(listOf(codeFlow, many)),
  partialFingerprints: dictionary(text(32), 1),
  suppressions: optional(listOf(object({ kind: oneOf('inSource', 'external'), justification: optional(word) }), 1)),
  attachments: optional(listOf(object({ description: message, artifactLocation }), many)),
  properties: optional(
    object({
      model: word,
      property: word,
      scope: dictionary(scalar, many),
      edits: listOf(word, many),
      denied: listOf(word, many),
      length: nullable(natural(1e9)),
    }),
  ),
});

const rule = object({ id: word, shortDescription: message, defaultConfiguration: object({ level }) });

const run = object({
  tool: object({
    driver: object({ name: word, version: word, semanticVersion: word, rules: listOf(rule, many) }),
  }),
  columnKind: oneOf('utf16CodeUnits', 'unicodeCodePoints'),
  invocations: listOf(
    object({
      executionSuccessful: ((value, place) => {
        if (typeof value !== 'boolean') throw new ShapeError(`${place} is no boolean`);
        return value;
      }) as Reader<boolean>,
      exitCode: natural(3),
      toolExecutionNotifications: listOf(object({ level, message, locations: listOf(location, 1) }), many),
    }),
    1,
  ),
  results: listOf(result, many),
});

const log = object({ $schema: uri, version: oneOf('2.1.0'), runs: listOf(run, 1) });

/** Reads a SARIF log, and checks what a schema can't say: rules are there once, and each result has one. @throws ShapeError */
export function readSarif(source: string) {
  const read = log(JSON.parse(source), 'log');
  const [{ tool, results }] = read.runs;
  const ids = tool.driver.rules.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw new ShapeError('a rule is there twice');
  for (const { ruleId } of results) if (!ids.includes(ruleId)) throw new ShapeError(`there is no rule ${ruleId}`);
  return read.runs[0];
}
