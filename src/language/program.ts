/** A process of a machine: what its frames can do. */
import type { Action, MachineProcess } from './machine.js';
import type { ActionContext } from './action.js';
import type { Passage, Place, Program } from './places.js';
import type { Rule } from './nodes.js';
import type { Var } from './variables.js';
import { actionAt } from './action.js';
import { localsView } from './locals.js';
import { IDLE, UnsetLocalError, type Frame } from './frame.js';
import { slug } from './tree.js';

/** A process that runs handlers. */
export function handlerProcess(
  name: string,
  program: Program,
  frame: Var<unknown>,
  context: ActionContext,
): MachineProcess {
  const at = (value: unknown): { place: Place; locals: Map<string, unknown> } => {
    const { pc, locals } = value as Frame;
    const place = program.places.get(pc);
    if (!place) throw new Error(`process ${name} has no place "${pc}"`);
    return { place, locals: new Map(locals) };
  };
  const entries = program.entries.flatMap(({ handler, enter }): Action[] => {
    const passage: Passage = { locals: new Map(), released: [] };
    try {
      const place = enter(passage);
      return place ? [actionAt(place, passage.locals, frame, context, true)] : [];
    } catch (error) {
      return [brokenEntry(handler, error)];
    }
  });
  return {
    name,
    frame: frame.number,
    isIdle: (value) => (value as Frame).pc === IDLE,
    actions(value): readonly Action[] {
      if ((value as Frame).pc === IDLE) return entries;
      const { place, locals } = at(value);
      return [actionAt(place, locals, frame, context)];
    },
    held(value) {
      if ((value as Frame).pc === IDLE) return [];
      const { place, locals } = at(value);
      return place.held.map((held) => held.lock(localsView(locals, held.scope)).number);
    },
  };
}

/** A handler that begins with a call or loop over a local that is not set: an edit may do that. */
function brokenEntry(handler: string, error: unknown): Action {
  const id = slug(handler);
  const kind = error instanceof UnsetLocalError ? 'unset' : 'throw';
  const message = `handler ${id}: ${error instanceof Error ? error.message : String(error)}`;
  const outcomes = [{ kind: 'fault', fault: { id: `fault:${id}:${kind}`, kind, message } }] as const;
  return { id, origin: {}, fair: 'none', reads: [], writes: [], locking: [], run: () => outcomes };
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
