/** Which steps made a property break: found by asking it again, at the end of the trace, with older values. */
import { keyOf, type Judgement, type Machine, type Read } from '../language/index.js';
import type { Trace } from '../explorer/result.js';

/** A write without which the property would not be broken at the end. */
export interface Turn {
  /** Its step, counted from 1. */
  readonly step: number;
  /** A number in the machine's variables. */
  readonly variable: number;
}

/** Is it broken, if variables have these values before and after the last step? */
type Broken = (before: Read, after: Read) => boolean;

/**
 * For each variable that the violated instance looks at, the last step such that with the value from before it, and all
 * else as it is at the end, the instance would not be violated. In the order of the steps; `undefined` for properties
 * that the end of a path does not show to be broken, such as AG EF.
 */
export function turnsOf(machine: Machine, trace: Trace): readonly Turn[] | undefined {
  const broken = brokenBy(machine, trace);
  if (!broken) return undefined;
  const states = [trace.initial, ...trace.steps.map(({ state }) => state)];
  const after = states[states.length - 1];
  const before = states[Math.max(0, states.length - 2)];
  const seen = new Set<number>();
  const noting =
    (state: readonly unknown[]): Read =>
    (variable) => {
      seen.add(variable);
      return state[variable];
    };
  if (!broken(noting(before), noting(after))) return [];
  const key = (variable: number, n: number): string => keyOf(machine.variables[variable].sort, states[n][variable]);
  return [...seen]
    .flatMap((variable): Turn[] => {
      for (let step = trace.steps.length; step > 0; step--) {
        const older = key(variable, step - 1);
        if (older === key(variable, step)) continue;
        const was = states[step - 1][variable];
        // What the last step writes is as old as that before it, and stays so.
        const read =
          (state: readonly unknown[]): Read =>
          (other) =>
            other === variable ? was : state[other];
        if (!stillBroken(broken, read(before), read(after))) return [{ step, variable }];
      }
      return [];
    })
    .sort((a, b) => a.step - b.step || a.variable - b.variable);
}

/** A state that never was may be more than a predicate expects: then it says nothing. */
function stillBroken(broken: Broken, before: Read, after: Read): boolean {
  try {
    return broken(before, after);
  } catch {
    return true;
  }
}

/** How the violated instance is judged, for properties that the last state or step decides. */
function brokenBy(machine: Machine, trace: Trace): Broken | undefined {
  const property = machine.properties.find(({ id }) => id === trace.property);
  const guilty = JSON.stringify(trace.guilty);
  const ofGuilty = <I extends { readonly args: Trace['guilty'] }>(instances: readonly I[]): I | undefined =>
    instances.find(({ args }) => JSON.stringify(args) === guilty);
  const violated = (judgement: Judgement): boolean => typeof judgement === 'object';
  switch (property?.kind) {
    case 'invariant':
    case 'quiescent': {
      const instance = ofGuilty(property.instances);
      return instance && ((_, after) => violated(instance.judge(after)));
    }
    case 'reachable': {
      const instance = ofGuilty(property.instances);
      return instance && ((_, after) => instance.judge(after) === 'holds');
    }
    case 'transition': {
      const instance = ofGuilty(property.instances);
      const last = trace.steps.at(-1);
      if (!instance || !last) return undefined;
      const { process, action, label, emits } = last;
      return (before, after) => violated(instance.judge({ process, action, label, emits, before, after }));
    }
    default:
      return undefined;
  }
}
