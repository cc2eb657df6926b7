/** The system of the seeds, component by component. */
export * from './parts.js';
export * from './page-ownership.js';
export * from './io-page-table.js';
export * from './smmuv3.js';
export * from './smmuv3-el2-driver.js';
export * from './iommu-core.js';
export * from './platform.js';
export * from './mmio.js';
export * from './smmu-registers.js';
export * from './memory-controller.js';
export * from './device-policy.js';
export * from './freeze.js';
export * from './mc-trap.js';
