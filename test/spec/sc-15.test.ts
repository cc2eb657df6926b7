/** SC-15: device assignment, and the way back. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-15.js';
import { returnCodes, violated } from './observe.js';

const [sc15, ...variants] = models;
const one = { cpus: 1 };

const check = (edits: readonly string[]) => search(build(sc15, { scope: one, edits }));

describe('SC-15', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await search(build(sc15, { scope: one }));
    expect(result).toMatchObject({ verdict: 'holds', states: 7005, transitions: 10_707, depth: 117 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });

  it('W-39: on another CPU the host attaches between the check and the change of owner', async () => {
    const edits = ['unlock attach_dev/device_spinlock'];
    const result = await search(build(sc15, { edits, properties: ['I-2', 'I-18'] }));
    expect(violated(result)).toEqual({ 'I-2': 24, 'I-18': 24 });
  });

  it.each([
    ['the host keeps the device’s MMIO', ['pass EL2-owns-MMIO'], { MMIO: 5 }],
    [
      'the host takes the MMIO back',
      ['pass pkvm_device_reclaim_mmio/device-is-unassigned', 'pass HYP-owns-MMIO'],
      { MMIO: 10 },
    ],
    ['the device is not reset', ['drop reset-device'], { 'I-12': 96, 'I-12-device': 71 }],
    [
      'the device is reset before it is blocked',
      ['move device/reset before device/smmu_lock'],
      { 'I-12': 97, 'I-12-device': 72 },
    ],
    ['no poison', ['drop poison-page'], { 'I-12': 16 }],
    [
      'a page in use is donated',
      ['pass __pkvm_host_donate_guest/ref-is-0'],
      { 'I-1': 21, 'I-7': 29, 'I-12': 44, 'I-12-device': 23 },
    ],
    [
      'block does not wait for its CMD_SYNC',
      ['drop __pkvm_start_teardown_vm/sync-word-0/wait-for-CMD_SYNC'],
      { 'I-2': 42, 'I-3': 42, 'I-12': 49, 'I-12-device': 87 },
    ],
  ])('more edits: %s', async (_, edits, expected) => {
    expect(violated(await check(edits))).toEqual(expected);
  });

  it.each([
    ['either check of reclaim_mmio', ['pass HYP-owns-MMIO']],
    ['the return of the MMIO', ['drop return-MMIO']],
    ['freeing the list nodes', ['drop free-list-nodes']],
    ['the owner check of reclaim', ['pass __pkvm_host_reclaim_page_guest/owner-is-GUEST']],
  ])('not load-bearing here: %s', async (_, edits) => {
    expect(violated(await check(edits))).toEqual({});
  });

  it('returns these codes', async () => {
    expect(await returnCodes(sc15, one)).toEqual([
      '-EBUSY attach_dev',
      '-EBUSY guest-attach_dev',
      '-EBUSY pkvm_device_hyp_assign_mmio',
      '-EBUSY pkvm_device_reclaim_mmio',
      '-EBUSY pkvm_host_map_guest_mmio',
      '-EEXIST guest-map_pages',
      '-EINVAL __pkvm_finalize_teardown_vm',
      '-EINVAL __pkvm_host_donate_guest',
      '-EINVAL __pkvm_host_reclaim_page_guest',
      '-EINVAL __pkvm_start_teardown_vm',
      '-EINVAL alloc_domain',
      '-EINVAL attach_dev',
      '-EINVAL detach_dev',
      '-EINVAL guest-attach_dev',
      '-EINVAL guest-detach_dev',
      '-EINVAL guest-map_pages',
      '-EINVAL guest-unmap_pages',
      '-EINVAL pkvm_host_map_guest_mmio',
      '-ENOENT guest-unmap_pages',
      '-EPERM __pkvm_host_donate_guest',
      '-EPERM __pkvm_host_reclaim_page_guest',
      '-EPERM attach_dev',
      '-EPERM detach_dev',
      '-EPERM guest-attach_dev',
      '-EPERM guest-detach_dev',
      '-EPERM guest-map_pages',
      '-EPERM guest-unmap_pages',
      '-EPERM pkvm_device_hyp_assign_mmio',
      '-EPERM pkvm_device_reclaim_mmio',
      '-EPERM pkvm_host_map_guest_mmio',
    ]);
  });
});

describe('SC-15/frees', () => {
  const [frees] = variants.filter(({ name }) => name === 'SC-15/frees');

  it('holds, and no property is vacuous', async () => {
    const result = await search(build(frees));
    expect(result).toMatchObject({ verdict: 'holds', states: 83_559, transitions: 153_574, depth: 139 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });

  it.each([
    [
      'the host frees a domain that a device is attached to',
      ['pass free_domain/refs-is-1'],
      { 'I-1': 34, 'I-3': 28, 'I-7': 34, 'I-12': 49, 'I-12-device': 36, 'L-3': 28 },
    ],
    [
      'tables are freed, and the reference is not taken',
      ['drop free_domain/cmpxchg-refs'],
      { 'I-1': 33, 'I-7': 33, 'I-12': 48, 'I-12-device': 35 },
    ],
  ])('%s', async (_, edits, expected) => {
    expect(violated(await search(build(frees, { edits })))).toEqual(expected);
  });

  it('free_domain returns these codes', async () => {
    const codes = await returnCodes(frees);
    expect(codes.filter((code) => code.includes('free_domain'))).toEqual([
      '-EINVAL free_domain',
      '-EINVAL guest-free_domain',
      '-EPERM free_domain',
      '-EPERM guest-free_domain',
    ]);
  });
});

describe('variants', () => {
  it.each(variants.map((model) => [model.name, model] as const))('%s is as expected', async (_, model) => {
    const machine = build(model);
    const result = await search(machine);
    expect(Object.keys(violated(result)).sort()).toEqual(Object.keys(model.expected(machine.scope)).sort());
  });
});
