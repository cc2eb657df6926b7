/** Properties' functions asked of packed states, once per projection. */
import type { PropertyInstance } from '../language/index.js';
import type { Graph } from './graph.js';
import { ImpureError, Trie } from './trie.js';

/** Says something of a packed state. */
export type Predicate = (words: Int32Array, at: number) => boolean;

/** A property's own function threw, or did not do the same twice. */
export class PropertyError extends Error {
  override readonly name = 'PropertyError';
}

/** Does an instance hold in a state? @throws PropertyError from the predicate if the spec throws */
export function predicateOf({ engine, store }: Graph, instance: PropertyInstance): Predicate {
  const trie = new Trie<boolean>();
  return (words, at) => {
    const known = trie.lookup(store.layout, words, at);
    if (known !== undefined) return known;
    try {
      return trie.learn(engine.interner, store.layout.codeOf(words, at), (read) => instance.judge(read) === 'holds');
    } catch (error) {
      if (error instanceof ImpureError)
        throw new PropertyError(`the property is not a pure function: ${error.message}`);
      throw new PropertyError(`the property threw: ${String(error)}`);
    }
  };
}
