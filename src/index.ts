/** What `import ... from 'ringfence'` gives: the modelling language. */
export * from './language/index.js';
