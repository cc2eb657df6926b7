/**
 * What lies in front of the page tables (B1, B10, B11): the pages of the SMMUs' and the memory controller's registers, the
 * registers, EL2's policy of devices and the freeze, and the trap of EL1's stores.
 */
import type { Builder } from '../language/index.js';
import { devicePolicy } from './device-policy.js';
import { freezing } from './freeze.js';
import { mcTrap } from './mc-trap.js';
import { memoryController } from './memory-controller.js';
import { mmio } from './mmio.js';
import type { Parts } from './parts.js';
import type { Platform } from './platform.js';
import { smmuMmio } from './smmu-mmio.js';

export interface FrontEndOptions {
  /** SMMUs and devices are registered before the scenario begins. */
  readonly registered: boolean;
  /** Who sets WRITE_ACCESS_DISABLED. */
  readonly wad: Parameters<typeof memoryController>[2];
  /** No client accesses memory from suspend until the end of resume. */
  readonly clientsSleep: boolean;
}

/** Declares all of it. */
export function frontEnd(m: Builder, all: Parts, soc: Platform, { registered, wad, clientsSleep }: FrontEndOptions) {
  const pages = mmio(m, all, registered);
  const smmus = smmuMmio(m, all, pages, registered);
  const mc = memoryController(m, soc, wad, clientsSleep);
  const policy = devicePolicy(m, all, soc, pages, smmus, registered);
  const freeze = freezing(all, soc, pages, smmus, mc, policy);
  const trap = mcTrap(m, soc, pages, mc, policy);
  return { parts: all, soc, pages, smmus, mc, policy, freeze, trap };
}
