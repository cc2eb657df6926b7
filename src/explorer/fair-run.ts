/** Is a loop a fair run? Asked of the machine itself, without learned tables: every lasso is asked before it is shown. */
import { keyOf, type Machine } from '../language/index.js';

/** A transition by name. */
export interface Named {
  readonly process: string;
  readonly action: string;
}

/** The canonical text of a state. */
export const keyOfState = (machine: Machine, state: readonly unknown[]): string =>
  JSON.stringify(state.map((value, i) => keyOf(machine.variables[i].sort, value)));

/**
 * Why a loop is no fair run, in words, or undefined. `states` are the loop's states and the first again, one more than
 * steps; one state alone is stayed in.
 */
export function unfairness(
  machine: Machine,
  states: readonly (readonly unknown[])[],
  steps: readonly Named[],
): string | undefined {
  const keys = states.map((state) => keyOfState(machine, state));
  if (keys[0] !== keys[keys.length - 1]) return 'the loop does not come back to the state that it starts from';
  const around = steps.length > 0 ? states.slice(0, -1) : states;
  const enabled = around.map((state) => fairStepsAt(machine, state));
  const taken = new Set(
    steps.flatMap(({ process, action }, i) =>
      [...enabled[i]].filter(([, step]) => step.process === process && step.action === action).map(([key]) => key),
    ),
  );
  for (const steps of enabled) {
    for (const [key, { process, action, strong }] of steps) {
      if (taken.has(key)) continue;
      if (strong) return `${process} could take ${action} again and again, and never does`;
      if (enabled.every((own) => own.has(key))) return `${process} could take ${action} all the time, and never does`;
    }
  }
  return undefined;
}

/** The fair steps that a state enables: those with an outcome that changes it, or that is an error. */
function fairStepsAt(machine: Machine, state: readonly unknown[]): Map<string, Named & { strong: boolean }> {
  const found = new Map<string, Named & { strong: boolean }>();
  const before = keyOfState(machine, state);
  for (const process of machine.processes) {
    for (const { id, fair, run } of process.actions(process.frame < 0 ? undefined : state[process.frame])) {
      if (fair === 'none') continue;
      const moves = run((variable) => state[variable]).some((outcome) => {
        if (outcome.kind === 'fault') return true;
        const after = state.map((value, variable) =>
          outcome.writes.has(variable) ? outcome.writes.get(variable) : value,
        );
        return keyOfState(machine, after) !== before;
      });
      if (moves)
        found.set(`${process.name} ${fair} ${id}`, { process: process.name, action: id, strong: fair === 'strong' });
    }
  }
  return found;
}
