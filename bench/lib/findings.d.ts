import type { Finding } from '../../models/finding.js';
import type { Builtin } from '../../models/index.js';

/** What of `results/baseline.json` is needed here. */
export interface Baseline {
  readonly models: Readonly<
    Record<string, { readonly properties: Readonly<Record<string, { verdict: string; length?: number }>> }>
  >;
}

export interface Evidence {
  readonly model: string;
  readonly command: string;
  readonly properties: readonly (readonly [id: string, length: number | undefined])[];
}

export function evidence(finding: Finding, builtin: readonly Builtin[], baseline: Baseline): readonly Evidence[];
export function findingsPage(findings: readonly Finding[], builtin: readonly Builtin[], baseline: Baseline): string;
