/** The system of the seeds, component by component. */
export * from './parts.js';
export * from './page-ownership.js';
export * from './io-page-table.js';
export * from './stream-table.js';
export * from './smmuv3.js';
export * from './smmuv3-el2-driver.js';
export * from './smmuv3-el2-attach.js';
export * from './iommu-domains.js';
export * from './iommu-core.js';
export * from './host-stage2.js';
export * from './idmap.js';
export * from './idmap-devices.js';
export * from './nested-caches.js';
export * from './te-registers.js';
export * from './te-driver.js';
export * from './te-commands.js';
