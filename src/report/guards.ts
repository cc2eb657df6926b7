/** Which guard decided a step: its tests, asked again on the state before the step. */
import type { Described, Frame, Machine, Tree } from '../language/index.js';
import type { StoredGuard } from './stored-trace.js';
import { walk } from '../language/index.js';
import { localsView } from '../language/locals.js';
import { see, type ReadVar } from '../language/variables.js';

type StepTree = Extract<Tree, { kind: 'step' }>;

/** Finds the guard that decided a step of a process in a state, or `null`: there is none, or it can't be told. */
export type GuardFinder = (process: string, action: string, before: readonly unknown[]) => StoredGuard | null;

/** @param described the model that the machine was built from, in the same scope */
export function guardFinder(machine: Machine, described: Described): GuardFinder {
  const steps = stepsByProcess(described);
  const passed = new Set(
    machine.edits
      .flatMap((edit) => edit.split('; '))
      .filter((edit) => edit.startsWith('pass '))
      .map((edit) => edit.slice(5)),
  );
  const number = new Map(machine.variables.map(({ name }, i) => [name, i]));
  return (process, action, before) => {
    const tree = steps.get(process)?.get(action.replace(/~.*$/, ''));
    const guards = tree?.node.spec.guards ?? [];
    if (!tree || guards.length === 0) return null;
    const frame = before[number.get(process) ?? -1] as Frame | undefined;
    if (frame?.pc.endsWith('~effects')) return null;
    try {
      const { spec } = tree.node;
      const locals = localsView(new Map(frame?.locals ?? []), tree.scope);
      // The described model is another build: its variables are the machine's by name.
      const read: ReadVar = (variable) => before[number.get(variable.name) as number] as never;
      const seen = see({ ...spec.reads?.(locals), ...spec.writes?.(locals) }, read);
      for (const guard of guards) {
        if (guard.test(seen, locals)) continue;
        const { id, doc, source = '' } = guard;
        const byEdit = passed.has(`${tree.path}/${id}`);
        return { id, doc, source, outcome: byEdit ? 'passed by an edit' : 'refused' };
      }
    } catch {
      // A first step has its locals only on the way in: what it saw is not known here.
    }
    return null;
  };
}

/** What a guard of a step is for, by their ids. */
export function guardDocs(described: Described): (step: string, guard: string) => string {
  const all = new Map([...stepsByProcess(described).values()].flatMap((steps) => [...steps]));
  return (step, guard) => all.get(step)?.node.spec.guards?.find(({ id }) => id === guard)?.doc ?? '';
}

/** The steps of each process by their ids. */
export function stepsByProcess({ builder, editable }: Described): Map<string, Map<string, StepTree>> {
  let at = 0;
  return new Map(
    builder.processes.map((process) => {
      const size = process.kind === 'handlers' ? process.handlers.length : 1;
      const programs = editable.programs.slice(at, (at += size));
      const steps = programs.flatMap((program) =>
        [...walk(program)].filter((tree): tree is StepTree => tree.kind === 'step'),
      );
      return [process.name, new Map(steps.map((tree) => [tree.path, tree]))];
    }),
  );
}

/** What happens where a guard refuses. */
export function guardEnd(otherwise: unknown): string {
  if (Array.isArray(otherwise)) return 'waits';
  const { exit } = otherwise as { exit: { kind: string; errno?: string; label?: string; result?: string } };
  return [exit.kind, exit.errno ?? exit.label ?? exit.result].filter(Boolean).join(' ');
}
