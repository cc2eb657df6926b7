/** The system of the seeds, component by component. */
export * from './parts.js';
export * from './page-ownership.js';
export * from './io-page-table.js';
export * from './stream-table.js';
export * from './smmuv3.js';
export * from './smmuv3-el2-driver.js';
export * from './smmuv3-el2-attach.js';
export * from './hyp-pool.js';
export * from './iommu-domains.js';
export * from './iommu-core.js';
export * from './iommu-map-range.js';
export * from './vm-teardown.js';
export * from './dma-map.js';
