/** JSON Lines: one object a model. */
import type { Reporter } from './reporter.js';

export const jsonReporter = (): Reporter => ({
  model: ({ json }) => `${JSON.stringify(json)}\n`,
  end: () => '',
});
