/** Exit codes, and the errors that end a command. */

/** What the command's exit code says. */
export const Exit = {
  asExpected: 0,
  notAsExpected: 1,
  /** Usage, input or model error. */
  error: 2,
  undecided: 3,
} as const;
export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** Which code wins where several apply. */
const precedence: readonly ExitCode[] = [Exit.error, Exit.notAsExpected, Exit.undecided, Exit.asExpected];

/** The one exit code of several findings. */
export function combine(codes: Iterable<ExitCode>): ExitCode {
  const all = new Set(codes);
  return precedence.find((code) => all.has(code)) ?? Exit.asExpected;
}

/** Something the user gave can't be used. The message says what and how to mend it. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
