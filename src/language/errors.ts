/** A model, scope, edit or id that can't be used as given. The message names what, where and the mend. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
