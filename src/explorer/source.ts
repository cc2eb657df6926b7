/** Finding a model where a thread can load it. */
import type { Model } from '../language/index.js';
import type { MachineSource } from './result.js';

/** Imports the model of a source. @throws Error if its module exports none of that name */
export async function loadModel({ module, model: name }: Pick<MachineSource, 'module' | 'model'>): Promise<Model> {
  const exported = (await import(module)) as { default: Model | readonly Model[] };
  const models = [exported.default].flat() as Model[];
  const model = models.find((one) => one.name === name);
  if (!model) throw new Error(`${module} has no model "${name}"`);
  return model;
}
