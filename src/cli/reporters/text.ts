/** The report for people. */
import { differenceLines, styled, type Difference, type Line } from '../../report/index.js';
import { paint, type Output, type Terminal } from '../terminal.js';
import { sameWords } from './findings.js';
import type { Compared, Reporter } from './reporter.js';

/** @param stream where the text goes, which decides on its colours */
export function textReporter(stream: Output, env: Terminal['env']): Reporter {
  let first = true;
  const differences: Difference[] = [];
  return {
    model({ text, differences: own = [] }) {
      differences.push(...own);
      const lines = text();
      const blank: Line[] = first ? [] : [[]];
      first = false;
      return lines.length === 0 ? '' : paint([...blank, ...lines], stream, env);
    },
    end({ baseline, differences: others }) {
      if (baseline === undefined) return '';
      return paint([...(first ? [] : [[]]), ...baselineLines(baseline, [...differences, ...others])], stream, env);
    },
  };
}

/** What is not as the baseline has it, as a table; or that all is. */
function baselineLines(baseline: Compared, differences: readonly Difference[]): Line[] {
  if (differences.length === 0) {
    const { complete, text } = sameWords(baseline);
    return [[complete ? styled('good', '✓ baseline') : styled('warn', '? baseline'), `  ${text}`]];
  }
  return [[styled('bad', '✗ baseline'), `  not as in ${baseline.file}`], ...differenceLines(differences)];
}
