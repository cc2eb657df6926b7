// The page of findings: what models/findings.ts says in words, with lengths and commands from the baseline and the rows of
// seeded defects. Both are held to what the checker finds: the baseline by `check --baseline`, the rows by a test.

const equal = (a, b) => a.length === b.length && a.every((one, n) => one === b[n]);
const quoted = (word) => (/^[\w./=,:-]+$/.test(word) ? word : `"${word}"`);
const option = (edit) => ['--edit', edit];
const command = ({ model, scope = {}, edits = [], deny = [] }) => {
  const sizes = Object.entries(scope).map(([name, value]) => `${name}=${value}`);
  const words = [
    ...['npx', 'ringfence', 'check', model],
    ...(sizes.length > 0 ? ['--scope', sizes.join()] : []),
    ...edits.flatMap(option),
    ...deny.flatMap((id) => ['--deny', id]),
  ];
  return words.map(quoted).join(' ');
};

/**
 * What the checker shows for a finding, one entry a place: the model, the command, and the properties with the lengths of
 * their shortest traces (`undefined`: it holds).
 * @throws Error where a finding names a model, property or row of defects that is not there
 */
export function evidence(finding, builtin, baseline) {
  return finding.seen.map((seen) => {
    if (seen.defect !== undefined) {
      const rows = builtin.flatMap(({ defects }) => defects ?? []);
      const row = rows.find(
        ({ id, model, edits }) => id === seen.defect && model === seen.model && equal(edits, seen.edits),
      );
      if (!row) throw new Error(`${finding.id}: no row of defects is ${seen.defect} on ${seen.model} with these edits`);
      return { model: row.model, command: command(row), properties: Object.entries(row.violates) };
    }
    const entry = baseline.models[seen.model];
    if (!entry) throw new Error(`${finding.id}: the baseline has no model ${seen.model}`);
    const properties = seen.properties.map((id) => {
      if (!Object.hasOwn(entry.properties, id)) throw new Error(`${finding.id}: ${seen.model} has no property ${id}`);
      return [id, entry.properties[id].length];
    });
    return { model: seen.model, command: command(seen), properties };
  });
}

function section(finding, builtin, baseline) {
  const places = evidence(finding, builtin, baseline).map(({ command, properties }) => {
    const found = properties.map(([id, length]) => `${id} ${length === undefined ? 'holds' : length}`).join(', ');
    return `- \`${command}\`: ${found}`;
  });
  return [
    `### ${finding.id}: ${finding.verdict}`,
    '',
    `${finding.text} _${finding.in}_`,
    '',
    ...places,
    '',
    `Without it: ${finding.mend}.`,
  ].join('\n');
}

/** The page, before it is formatted. */
export function findingsPage(findings, builtin, baseline) {
  const confirmed = findings.filter(({ verdict }) => verdict === 'confirmed').length;
  const rows = findings.map(
    ({ id, in: where, verdict }) => `| [${id}](#${anchor(id, verdict)}) | ${where} | ${verdict} |`,
  );
  return [
    '# Findings',
    '',
    'Written by `npm run scenarios` from `models/findings.ts`: do not edit. Defects and races of the published designs and of the',
    `texts that this project was made from, decided by the checker: ${confirmed} confirmed, ${findings.length - confirmed} refuted.`,
    'Behind each command are the properties that it finds violated, with the length of the shortest trace in transitions.',
    'Seeded defects, which nobody has published, are on the page of [scenarios](scenarios.md).',
    '',
    '| finding | where | verdict |',
    '| --- | --- | --- |',
    ...rows,
    '',
    findings.map((finding) => section(finding, builtin, baseline)).join('\n\n'),
    '',
  ].join('\n');
}

const anchor = (id, verdict) =>
  `${id}-${verdict}`
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replace(/ /g, '-');
