/** SC-21: exact counts, nothing vacuous, and what handlers return. Its seeded defects are in defects.test.ts. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-21.js';
import { firewalls } from '../../src/spec/index.js';
import { asExpected, check, named, returned, vacuous, violated, type Scope } from './observe.js';

const sc21 = named(models, 'SC-21');
const idmap = named(models, 'SC-21/idmap');
const share = named(models, 'SC-21/share');

describe('SC-21', () => {
  it('holds, and no property says nothing', async () => {
    const result = await check(sc21, { pages: 1 });
    expect(result).toMatchObject({ verdict: 'holds', states: 3436, transitions: 12204, depth: 33, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('holds with the identity map, and no property says nothing', async () => {
    const result = await check(idmap, { pages: 1 });
    expect(result).toMatchObject({ verdict: 'holds', states: 932, transitions: 3614, depth: 34, deadlocks: 0 });
    expect(vacuous(result)).toEqual([]);
  });

  it('returns these results', async () => {
    const ta = {
      LOAD_FW: ['-ACCESS_DENIED', 'BAD_STATE', 'SECURITY', 'SUCCESS'],
      START: ['BAD_STATE', 'SUCCESS'],
      STOP: ['BAD_STATE', 'SUCCESS'],
      RELEASE_FW: ['BAD_STATE'],
    };
    expect(await returned(sc21, { pages: 1 })).toEqual({
      ...ta,
      FFA_MEM_LEND: ['-EPERM'],
      FFA_MEM_RECLAIM: ['-EBUSY', '-EINVAL'],
      handle_host_mem_abort: ['-EAGAIN', '-EPERM'],
      map_pages: ['-EEXIST', '-EPERM'],
      unmap_pages: ['-ENOENT'],
    });
    expect(await returned(share, { pages: 1, ref: true })).toMatchObject({
      ...ta,
      __pkvm_host_share_ffa: ['-EPERM'],
      __pkvm_host_unshare_ffa: ['-EBUSY', '-EINVAL'],
    });
  });
});

describe('every variant, behind every firewall', () => {
  const scopes: readonly Scope[] = [{}, { ref: true }, { dma: 'identity map' }, { dma: 'identity map', ref: true }];
  const cases = models.flatMap((model) =>
    (model === share ? scopes : [{}]).flatMap((scope) =>
      firewalls.map((firewall) => ({ model, scope: { ...scope, pages: 1, firewall } })),
    ),
  );
  it.each(cases)('$model.name is as expected on $scope', async ({ model, scope }) => {
    await asExpected(model, scope);
  });
});

describe('what protects nothing here', () => {
  const lend = 'FFA_MEM_LEND';
  const reclaim = 'FFA_MEM_RECLAIM';
  it.each([
    ['the firewall, where a lend is a donation', sc21, `drop ${lend}/write-firewall`],
    ['the firewall, with the identity map', idmap, `drop ${lend}/write-firewall`],
    ['the state before a lend: only a page of the secure world could be lent again', sc21, `pass ${lend}/host-state-is-OWNED`],
    ['the handle: what the secure world does not have is the host’s already', sc21, `pass ${reclaim}/handle-is-known`],
    ['the state of a page that the secure world had', sc21, `pass ${reclaim}/host-state-is-NOPAGE`],
    ['the refcount: the identity map takes none', idmap, `pass ${lend}/ref-is-0`],
    ['the wait after mapping a page', idmap, `drop ${reclaim}/wait-for-CMD_SYNC`],
    ['shm_lock: one step each', sc21, 'unlock LOAD_FW/shm_lock'],
    ['shm_lock: one step each', sc21, `unlock ${reclaim}/shm_lock`],
  ] as const)('%s', async (_, model, edit) => {
    expect(violated(await check(model, { pages: 1 }, [edit]))).toEqual({});
  }); // prettier-ignore
});
