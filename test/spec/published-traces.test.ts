/** The traces kept in `results` are those of the models as they are: each goes through and finds its violation again. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { build } from '../../src/language/index.js';
import { decodeTrace, replayTrace } from '../../src/report/index.js';

const folder = fileURLToPath(new URL('../../results/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.trace'));
const models = builtin.flatMap((entry) => entry.models);

describe('published traces', () => {
  it('there are some', () => expect(files.length).toBeGreaterThan(10));

  it.each(files)('%s', (file) => {
    const trace = decodeTrace(readFileSync(folder + file));
    const model = models.find(({ name }) => name === trace.model)!;
    const machine = build(model, { scope: trace.scope, edits: trace.edits, denied: trace.denied });
    const replayed = replayTrace(machine, trace);
    // Where too many states lie behind its end, a path alone does not tell that there is no way back: `check` does.
    const standings = trace.property.kind === 'always-possible' ? ['violated', 'undecided'] : ['violated'];
    expect(replayed.kind).toBe('through');
    expect(standings).toContain(replayed.kind === 'through' && replayed.standing.kind);
  });
});
