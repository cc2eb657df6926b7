/** A process of a machine: what its frames can do. */
import type { Action, MachineProcess } from './machine.js';
import type { ActionContext } from './action.js';
import type { Passage, Place, Program } from './compile.js';
import type { Rule } from './nodes.js';
import type { Var } from './variables.js';
import { actionAt } from './action.js';
import { localsView } from './locals.js';
import { Frame, IDLE } from './frame.js';

/** A process that runs handlers. */
export function handlerProcess(name: string, program: Program, frame: Var<unknown>, context: ActionContext): MachineProcess {
  const at = (value: unknown): { place: Place | null; locals: Map<string, unknown> }[] => {
    const { pc, locals } = value as Frame;
    if (pc !== IDLE) {
      const place = program.places.get(pc);
      if (!place) throw new Error(`process ${name} has no place "${pc}"`);
      return [{ place, locals: new Map(locals) }];
    }
    return program.entries.map(({ enter }) => {
      const passage: Passage = { locals: new Map(), released: [] };
      return { place: enter(passage), locals: passage.locals };
    });
  };
  return {
    name,
    frame: frame.number,
    isIdle: (value) => (value as Frame).pc === IDLE,
    actions: (value): Action[] =>
      at(value).flatMap(({ place, locals }) => (place ? [actionAt(place, locals, frame, context)] : [])),
    held(value) {
      if ((value as Frame).pc === IDLE) return [];
      return at(value).flatMap(({ place, locals }) =>
        (place?.held ?? []).map((held) => held.lock(localsView(locals, held.scope)).number),
      );
    },
  };
}

/** A piece of hardware: always-on rules. `passed` are the guards that an edit lets pass. */
export function ruleProcess(
  name: string,
  rules: readonly { rule: Rule; path: string; passed: ReadonlySet<string> }[],
  context: ActionContext,
): MachineProcess {
  const exits = { next: () => null, fail: () => null, done: () => null, goto: () => undefined };
  const actions = rules.map(({ rule, path, passed }): Action => {
    const place: Place = {
      pc: path,
      id: path,
      scope: '',
      origin: rule.origin,
      spec: rule.spec,
      passed,
      phase: 'whole',
      acquires: [],
      held: [],
      exits,
    };
    return actionAt(place, new Map(), null, context);
  });
  return { name, frame: -1, isIdle: () => true, actions: () => actions, held: () => [] };
}
