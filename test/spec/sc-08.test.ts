/** SC-08: hostile StreamIDs, and the three lies. */
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explorer/index.js';
import { build } from '../../src/language/index.js';
import models from '../../models/sc-08.js';
import { returnCodes, violated } from './observe.js';

const [sc08, upstream] = models;

const check = (model: typeof sc08, edits: readonly string[] = []) => search(build(model, { edits }));

describe('SC-08', () => {
  it('holds, and no property is vacuous', async () => {
    const result = await check(sc08);
    expect(result).toMatchObject({ verdict: 'holds', states: 7878, transitions: 10_266, depth: 106 });
    expect(result.properties.filter(({ vacuous }) => vacuous)).toEqual([]);
  });

  it.each([
    ['the host unmaps in a guest’s domain', 'pass unmap_pages/caller-owns-domain', { 'S3-3': 13 }],
    [
      'the guest lies about StreamIDs',
      'pass guest-attach_dev/stream-belongs-to-device',
      { 'I-1': 26, 'I-16': 52, 'I-18': 18 },
    ],
    [
      'the guest takes the host’s device',
      'pass guest-attach_dev/caller-owns-device',
      { 'I-1': 29, 'I-16': 58, 'I-18': 21 },
    ],
    [
      'the guest uses the host’s domain',
      'pass guest-attach_dev/caller-owns-domain',
      { 'I-2': 29, 'I-16': 58, 'I-18': 21 },
    ],
    ['the guest maps the host’s page', 'pass guest-map_pages/guest-owns-page', { 'I-2': 29, 'I-7': 43, 'I-16': 66 }],
    ['the guest maps into the host’s domain', 'pass guest-map_pages/caller-owns-domain', { 'I-1': 29, 'I-16': 66 }],
    ['an STE is written while it is live', 'pass attach_dev/STE-is-not-live', { 'P-14': 83 }],
    ['a page in use is donated', 'pass __pkvm_host_donate_hyp/ref-is-0', { 'I-1': 32, 'I-7': 40 }],
    ['a VMID is left in the TLB', 'drop detach_dev/tlb_inv_vmid', { 'I-1': 97, 'I-7': 105 }],
  ])('more edits: %s', async (_, edit, expected) => {
    expect(violated(await check(sc08, [edit]))).toEqual(expected);
  });

  it('detach asks three times whose it is, and any of the three may be left out', async () => {
    const one = [
      'pass detach_dev/caller-owns-domain',
      'pass detach_dev/caller-owns-device',
      'pass detach_dev/VMID-matches',
    ];
    for (const edit of one) expect(violated(await check(sc08, [edit]))).toEqual({});
    expect(violated(await check(sc08, one))).toEqual({ 'I-1': 111, 'I-7': 111, 'S3-3': 38 });
  });

  it('returns these codes', async () => {
    expect(await returnCodes(sc08)).toEqual([
      '-EBUSY attach_dev',
      '-EBUSY guest-attach_dev',
      '-EBUSY register_dev',
      '-EEXIST guest-map_pages',
      '-EEXIST map_pages',
      '-EINVAL detach_dev',
      '-EINVAL guest-detach_dev',
      '-ENOENT guest-unmap_pages',
      '-ENOENT unmap_pages',
      '-EPERM __pkvm_host_donate_hyp',
      '-EPERM __pkvm_hyp_donate_host',
      '-EPERM attach_dev',
      '-EPERM detach_dev',
      '-EPERM guest-attach_dev',
      '-EPERM guest-detach_dev',
      '-EPERM guest-map_pages',
      '-EPERM guest-unmap_pages',
      '-EPERM map_pages',
      '-EPERM register_dev',
      '-EPERM unmap_pages',
    ]);
  });
});

describe('SC-08/upstream', () => {
  it('is as expected', async () => {
    const result = await check(upstream);
    expect(result).toMatchObject({ states: 14_834, transitions: 18_300, depth: 93 });
    expect(Object.keys(violated(result)).sort()).toEqual(Object.keys(upstream.expected(build(upstream).scope)).sort());
  });
});
