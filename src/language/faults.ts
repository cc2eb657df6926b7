/** What goes wrong while a step runs, in the words of a {@link Fault}. */
import type { Fault, MachineVariable } from './machine.js';
import { FootprintError } from './errors.js';
import { SortError } from './sorts/sort.js';
import { UnsetLocalError } from './frame.js';

/** A rule of the language was broken while a step ran. */
export class RuleError extends Error {
  constructor(
    readonly kind: Fault['kind'],
    message: string,
  ) {
    super(message);
  }
}

/** @throws RuleError if the value is none of the variable's */
export function staysInSort({ name, sort }: MachineVariable, value: unknown): void {
  try {
    sort.encode(value);
  } catch (error) {
    throw new RuleError('range', `${name} leaves its sort: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The finding about a step that threw. */
export function faultAt(step: string, error: unknown): Fault {
  const kind = kindOf(error);
  return {
    id: `fault:${step}:${kind}`,
    kind,
    message: `step ${step}: ${error instanceof Error ? error.message : String(error)}`,
  };
}

function kindOf(error: unknown): Fault['kind'] {
  if (error instanceof RuleError) return error.kind;
  if (error instanceof UnsetLocalError) return 'unset';
  if (error instanceof FootprintError) return 'footprint';
  return error instanceof SortError ? 'range' : 'throw';
}
