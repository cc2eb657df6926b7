/** docs/findings.md says what the checker finds, and leaves nothing out. */
import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { evidence, findingsPage, type Baseline } from '../../bench/lib/findings.js';
import { builtin } from '../../models/index.js';
import { findings } from '../../models/findings.js';

const baseline = JSON.parse(readFileSync('results/baseline.json', 'utf8')) as Baseline;

describe('findings', () => {
  it.each(findings.map((finding) => [finding.id, finding] as const))('%s is as it says', (_, finding) => {
    for (const { properties } of evidence(finding, builtin, baseline)) {
      expect(properties.length).toBeGreaterThan(0);
      for (const [, length] of properties) expect(length !== undefined).toBe(finding.verdict === 'confirmed');
    }
  });

  it('has every violation that a model shows at its default scope', () => {
    const told = new Set(
      findings.flatMap(({ seen }) =>
        seen.flatMap((one) => ('properties' in one ? one.properties.map((id) => `${one.model} ${id}`) : [])),
      ),
    );
    const found = Object.entries(baseline.models).flatMap(([model, { properties }]) =>
      Object.entries(properties).flatMap(([id, { verdict }]) => (verdict === 'violated' ? [`${model} ${id}`] : [])),
    );
    // What a scenario inherits from another one is told there.
    const inherited = ['SC-16/v18', 'SC-19'];
    expect(found.filter((one) => !told.has(one) && !inherited.includes(one.split(' ')[0]))).toEqual([]);
  });

  it('is what the page says', async () => {
    const page = await format(findingsPage(findings, builtin, baseline), { parser: 'markdown', printWidth: 120 });
    expect(readFileSync('docs/findings.md', 'utf8')).toBe(page);
  });
});
