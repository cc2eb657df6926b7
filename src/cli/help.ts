/** What help texts have in common. */

/** Examples at the end of a help text. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ringfence ${line}\n`).join('')}`;

/** What every command's exit code says. */
export const EXIT_CODES = `
Exit codes:
  0  everything is as the model expects
  1  something is not as expected
  2  usage, input or model error
  3  undecided: a limit was reached, or it was interrupted
`;
