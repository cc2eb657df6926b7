/** Properties as an author writes them, and as the machine carries them. */
import type {
  Judgement,
  MachineProcess,
  MachineProperty,
  PropertyInstance,
  Read,
  ResponseInstance,
  TransitionInstance,
} from './machine.js';
import type { LocalSorts, Locals } from './nodes.js';
import type { Footprint, ReadVar, Seen, Var } from './variables.js';
import type { Sort } from './sorts/sort.js';
import { FootprintError } from './errors.js';
import { callSite } from './origin.js';
import { truth } from './truth.js';
import { see, variablesOf } from './variables.js';
import { valuesOf } from './sorts/index.js';

/** What every property says of itself. */
export interface About {
  /** The sentence that must be true. */
  readonly text: string;
  readonly source?: string;
  /** Monitors it needs: they are part of the model only while a selected property uses them. */
  readonly monitors?: readonly Monitor[];
}

/** A monitor's variables, to be named by the properties that use it. */
export interface Monitor {
  readonly name: string;
  readonly variables: readonly Var<unknown>[];
}

/** A predicate for all values of its parameters: one instance each, so that footprints stay small and the guilty is named. */
export interface StatePredicate<K extends LocalSorts, R extends Footprint> {
  readonly forall?: K;
  reads(parameters: Locals<K>): R;
  /** The antecedent: where false, the instance is trivially true there. */
  when?(seen: Seen<R>, parameters: Locals<K>): boolean;
  holds(seen: Seen<R>, parameters: Locals<K>): boolean;
  /** Why it is violated, in words. */
  because?(seen: Seen<R>, parameters: Locals<K>): string;
}

/** A predicate on transitions that announce one of `on`, or write one of `writes`. */
export interface TransitionPredicate<K extends LocalSorts, R extends Footprint> {
  readonly forall?: K;
  readonly on?: readonly string[];
  writes?(parameters: Locals<K>): readonly Var<unknown>[];
  reads(parameters: Locals<K>): R;
  when?(before: Seen<R>, after: Seen<R>, parameters: Locals<K>, step: StepSeen): boolean;
  holds(before: Seen<R>, after: Seen<R>, parameters: Locals<K>, step: StepSeen): boolean;
  because?(before: Seen<R>, after: Seen<R>, parameters: Locals<K>, step: StepSeen): string;
}

/** The step of a transition, as a transition property sees it. */
export interface StepSeen {
  readonly process: string;
  readonly action: string;
  readonly label: string;
  /** The arguments of the first emission of that name, or `undefined`. */
  emitted(name: string): Readonly<Record<string, unknown>> | undefined;
}

/** A property before it is built, with the monitors it needs. */
export interface Declared {
  readonly id: string;
  readonly kind: MachineProperty['kind'];
  readonly monitors: readonly Monitor[];
  build(processes: Processes): MachineProperty;
}

/** The processes of the machine, for properties that name them. */
export interface Processes {
  readonly all: readonly MachineProcess[];
  /** @throws ModelError if there is none */
  numberOf(name: string): number;
}

/** Every combination of parameter values. */
function combinations(sorts: LocalSorts): { values: Record<string, unknown>; printed: Record<string, string> }[] {
  let all: { values: Record<string, unknown>; printed: Record<string, string> }[] = [{ values: {}, printed: {} }];
  for (const [name, sort] of Object.entries(sorts)) {
    all = all.flatMap(({ values, printed }) =>
      [...valuesOf(sort as Sort<unknown>)].map((value) => ({
        values: { ...values, [name]: value },
        printed: { ...printed, [name]: sort.print(value) },
      })),
    );
  }
  return all;
}

function reader(id: string, footprint: Footprint, read: Read): ReadVar {
  const allowed = new Set(variablesOf(footprint));
  return (variable) => {
    if (!allowed.has(variable as Var<unknown>))
      throw new FootprintError(`${id} reads ${variable.name}, which its footprint does not name`);
    return read(variable.number) as never;
  };
}

/** Instances of a state predicate. */
export function stateInstances<K extends LocalSorts, R extends Footprint>(
  id: string,
  spec: StatePredicate<K, R>,
): PropertyInstance[] {
  return combinations(spec.forall ?? {}).map(({ values, printed }) => {
    const parameters = values as Locals<K>;
    const footprint = spec.reads(parameters);
    return {
      args: printed,
      reads: variablesOf(footprint).map((variable) => variable.number),
      judge(read): Judgement {
        const seen = see(footprint, reader(id, footprint, read));
        if (spec.when && !truth(`${id}: when`, spec.when(seen, parameters))) return 'vacuous';
        if (truth(`${id}: holds`, spec.holds(seen, parameters))) return 'holds';
        return { violated: spec.because?.(seen, parameters) ?? '' };
      },
    };
  });
}

/** Instances of a predicate about what follows: `when` asks for something, `holds` is what must come. */
export function responseInstances<K extends LocalSorts, R extends Footprint>(
  id: string,
  spec: StatePredicate<K, R>,
): ResponseInstance[] {
  const { forall } = spec;
  const reads = (parameters: Locals<K>): R => spec.reads(parameters);
  const triggers = stateInstances<K, R>(id, {
    forall,
    reads,
    holds: (seen, parameters) => (spec.when ? spec.when(seen, parameters) : true),
  });
  const goals = stateInstances<K, R>(id, {
    forall,
    reads,
    holds: (seen, parameters) => spec.holds(seen, parameters),
    because: (seen, parameters) => spec.because?.(seen, parameters) ?? '',
  });
  return goals.map((goal, i) => ({ args: goal.args, trigger: triggers[i], goal }));
}

/** For each process that runs handlers: one is in flight, and is to return. */
export function returnInstances({ all }: Processes): ResponseInstance[] {
  return all
    .filter(({ frame }) => frame >= 0)
    .map(({ name, frame, isIdle }) => {
      const about = { args: { process: name }, reads: [frame] };
      const stillThere = `${name} never returns`;
      return {
        args: about.args,
        trigger: { ...about, judge: (read) => (isIdle(read(frame)) ? 'vacuous' : 'holds') },
        goal: { ...about, judge: (read) => (isIdle(read(frame)) ? 'holds' : { violated: stillThere }) },
      };
    });
}

/** Instances of a transition predicate. */
export function transitionInstances<K extends LocalSorts, R extends Footprint>(
  id: string,
  spec: TransitionPredicate<K, R>,
): TransitionInstance[] {
  return combinations(spec.forall ?? {}).map(({ values, printed }) => {
    const parameters = values as Locals<K>;
    const footprint = spec.reads(parameters);
    const triggers = (spec.writes?.(parameters) ?? []).map((variable) => variable.number);
    return {
      args: printed,
      reads: variablesOf(footprint).map((variable) => variable.number),
      concerns: ({ emits, writes }) =>
        triggers.some((variable) => writes.has(variable)) || emits.some(({ name }) => spec.on?.includes(name) === true),
      judge({ process, action, label, emits, before, after }): Judgement {
        const was = see(footprint, reader(id, footprint, before));
        const is = see(footprint, reader(id, footprint, after));
        const step: StepSeen = {
          process,
          action,
          label,
          emitted: (name) => emits.find((emission) => emission.name === name)?.args,
        };
        if (spec.when && !truth(`${id}: when`, spec.when(was, is, parameters, step))) return 'vacuous';
        if (truth(`${id}: holds`, spec.holds(was, is, parameters, step))) return 'holds';
        return { violated: spec.because?.(was, is, parameters, step) ?? '' };
      },
    };
  });
}

/** The common part of a declared property. */
export function declare(
  id: string,
  kind: MachineProperty['kind'],
  about: About,
  rest: (processes: Processes) => object,
): Declared {
  const at = callSite();
  const origin = { source: about.source, get at() { return at(); } }; // prettier-ignore
  return {
    id,
    kind,
    monitors: about.monitors ?? [],
    build: (processes) =>
      ({ id, kind, text: about.text, source: about.source ?? '', origin, ...rest(processes) }) as MachineProperty,
  };
}
