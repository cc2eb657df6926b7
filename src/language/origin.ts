/** Where in the source a piece of a model was written. */

/**
 * The `file:line` of the code outside the language that called into it, or `undefined`.
 * Read lazily: formatting a stack costs far more than capturing it.
 */
export function callSite(): () => string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 6;
  const captured = new Error();
  Error.stackTraceLimit = limit;
  return () => {
    for (const line of captured.stack?.split('\n').slice(1) ?? []) {
      const match = /(?:file:\/\/)?(\/[^():]+):(\d+):\d+\)?$/.exec(line);
      if (match && !/\/src\/language\//.test(match[1])) return `${match[1]}:${match[2]}`;
    }
    return undefined;
  };
}
