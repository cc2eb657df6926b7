/** Names that would hide one another are refused. */
import { expect, it } from 'vitest';
import { bool, build, handler, model, next, type Builder } from '../../src/language/index.js';

const names = (declare: (m: Builder) => void) => () =>
  build(model({ name: 'test', title: 'test', scope: {}, build: declare }));
const run = handler('run', {}, (h) => [h.step('go', { run: () => next() })]);

it.each([
  [(m: Builder) => (m.variable('a', bool, true), m.variable('a', bool, true)), 'two variables are called "a"'],
  [(m: Builder) => (m.process('a', [run]), m.process('a', [run])), 'two processes are called "a"'],
  [
    (m: Builder) => (m.variable('a', bool, true), m.process('a', [run])),
    'a process and a variable are both called "a"',
  ],
  [
    (m: Builder) => (m.process('a', [run]), m.variable('a', bool, true)),
    'a process and a variable are both called "a"',
  ],
])('%#', (declare, message) => {
  expect(names((m) => void declare(m))).toThrow(message);
});
