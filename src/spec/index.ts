/** The system of the seeds, component by component. */
export * from './parts.js';
export * from './page-ownership.js';
export * from './io-page-table.js';
export * from './context-descriptors.js';
export * from './stream-table.js';
export * from './smmuv3-registers.js';
export * from './smmuv3.js';
export * from './power-domain.js';
export * from './smmuv3-el2-driver.js';
export * from './smmuv3-el2-attach.js';
export * from './smmuv3-el2-attach-s1.js';
export * from './iommu-domains.js';
export * from './iommu-core.js';
