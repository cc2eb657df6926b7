/** Where a step that an edit took out is missing: what the program without edits would have come to there. */
import { IDLE, type Frame, type Machine } from '../language/index.js';

/** The step, call or release that is missing behind a step (of an idle process: in front of it), or `''`. */
export type DroppedFinder = (process: string, action: string, before: readonly unknown[], next: string) => string;

/** @param unedited the machine without the edits, in the same scope */
export function droppedFinder(machine: Machine, unedited: Machine): DroppedFinder {
  const dropped = machine.edits
    .flatMap((edit) => edit.split('; '))
    .flatMap((edit) => (edit.startsWith('drop ') ? [edit.slice(5)] : []));
  if (dropped.length === 0) return () => '';
  const number = new Map(machine.variables.map(({ name }, i) => [name, i]));
  const at = (pc: string): string => {
    const place = pc.replace(/~.*$/, '');
    return dropped.find((path) => place === path || place.startsWith(`${path}/`)) ?? '';
  };
  return (name, action, before, next) => {
    const process = unedited.processes.find((own) => own.name === name);
    if (!process || process.frame < 0) return '';
    try {
      const read = (variable: number): unknown => before[number.get(unedited.variables[variable].name) as number];
      const frame = read(process.frame) as Frame;
      const actions = process.actions(frame);
      const same = actions.filter(({ id }) => id === action);
      const handler = action.split('/')[0];
      // The first step of the handler is the one that is gone.
      if (same.length === 0 && frame.pc === IDLE)
        return actions.map(({ id }) => (id.split('/')[0] === handler ? at(id) : '')).find((path) => path !== '') ?? '';
      const comes = same
        .flatMap(({ run }) => run(read))
        .flatMap((outcome) => (outcome.kind === 'ok' ? [outcome.writes.get(process.frame) as Frame | undefined] : []))
        .flatMap((after) => (after ? [after.pc] : []));
      return comes.includes(next) ? '' : (comes.map(at).find((path) => path !== '') ?? '');
    } catch {
      // What the edited program has made of the frame, the other one need not know.
      return '';
    }
  };
}
