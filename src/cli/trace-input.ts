/** Reading a trace file, and finding the model it is of. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ModelError, build, type Machine } from '../language/index.js';
import { TraceError, decodeTrace, limits, type StoredTrace } from '../report/index.js';
import { InputError } from './exit.js';
import { builtinModels, modelsOfFile, type Found } from './models.js';

/** Reads a trace file. @throws InputError naming the file and what is wrong with it */
export function readTraceFile(file: string, cwd: string): StoredTrace {
  const whole = path.resolve(cwd, file);
  let content: Uint8Array;
  try {
    const { size } = statSync(whole);
    if (size > limits.file) throw new TraceError(`it is larger than ${limits.file} bytes`);
    content = readFileSync(whole);
  } catch (error) {
    throw new InputError(`trace ${file} can't be read: ${(error as Error).message}`);
  }
  try {
    return decodeTrace(content);
  } catch (error) {
    if (error instanceof TraceError) throw new InputError(`${file} is refused: ${error.message}`);
    throw error;
  }
}

/**
 * The model of a trace. A trace is data and never decides which code is run: a model that is not built in is loaded
 * only from the file that the user names.
 */
export async function modelOf(trace: StoredTrace, file: string | undefined, cwd: string): Promise<Found | undefined> {
  const candidates = file === undefined ? builtinModels() : await modelsOfFile(file, cwd);
  // A model of the user's own may have a built-in one's name.
  if (file === undefined && trace.file !== '') return undefined;
  return candidates.find(({ model }) => model.name === trace.model);
}

/** The trace's model as it is now, in the trace's scope, with its edits and without what it denies. @throws ModelError if that is impossible now */
export function rebuild({ model }: Found, trace: StoredTrace): Machine {
  const { scope, edits, denied, properties } = trace;
  const flat = edits.flatMap((edit) => edit.split('; '));
  try {
    return build(model, { scope, edits: flat, denied, properties: properties.length > 0 ? properties : undefined });
  } catch (error) {
    if (!(error instanceof ModelError) || properties.length === 0) throw error;
    return build(model, { scope, edits: flat, denied });
  }
}
