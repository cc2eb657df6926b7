/** What must hold of the system. */
export * from './isolation.js';
export * from './lifecycle.js';
export * from './protocol.js';
export * from './domains.js';
export * from './identity-map.js';
export * from './nested.js';
