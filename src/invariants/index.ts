/** What must hold of the system. */
export * from './isolation.js';
export * from './lifecycle.js';
export * from './protocol.js';
export * from './domains.js';
export * from './registration.js';
export * from './device-policy.js';
export * from './ownership.js';
export * from './return-codes.js';
export * from './command-queue.js';
export * from './pool.js';
export * from './stream-table.js';
export * from './power.js';
export * from './identity-map.js';
export * from './nested.js';
export * from './device-assignment.js';
export * from './guest-teardown.js';
export * from './remote-processor.js';
