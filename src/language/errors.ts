/** A model, scope, edit or id that can't be used as given. The message names what, where and the mend. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}

/** A step or property read or wrote what its footprint does not name. */
export class FootprintError extends Error {
  override readonly name = 'FootprintError';
}
