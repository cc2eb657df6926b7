/** The system of the seeds, component by component. */
export * from './parts.js';
export * from './page-ownership.js';
export * from './host-stage2.js';
export * from './hyp-pages.js';
export * from './guest-vm.js';
export * from './guest-pages.js';
export * from './ffa-pages.js';
export * from './dma-pages.js';
export * from './io-page-table.js';
export * from './smmuv3.js';
export * from './smmuv3-el2-driver.js';
export * from './iommu-core.js';
