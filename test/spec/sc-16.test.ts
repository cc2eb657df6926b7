/** SC-16: what each version of the client shows where calls fail, and that the repaired one holds. */
import { describe, expect, it } from 'vitest';
import models from '../../models/sc-16.js';
import { asExpected, check, results, vacuous, violated } from './observe.js';

const [v19, v18, repaired] = models;
const lengths = { 'I-11': 48, 'I-12': 13, 'L-7': 18, 'L-13': 34, 'P-16': 26, 'V-4': 29 };

describe('SC-16', () => {
  it.each([
    [{}, lengths, 4540],
    [{ signals: false }, lengths, 4540],
    [{ faults: 'linux' }, {}, 1230],
    [{ faults: 'none' }, {}, 910],
  ])('is as expected on %o', async (scope, found, states) => {
    const result = await asExpected(v19, scope);
    expect(violated(result)).toEqual(found);
    expect(result.states).toBe(states);
    expect(vacuous(result)).toEqual([]);
  });
});

describe('SC-16/v18', () => {
  it('takes a start that failed for a success', async () => {
    const result = await asExpected(v18, {});
    expect(violated(result)).toEqual({ ...lengths, 'I-11': 46, 'L-13': 32, 'P-13': 26, 'V-4': 25 });
    expect(result.states).toBe(5380);
  });
});

describe('SC-16/repaired', () => {
  it.each([
    [{}, { states: 4410, transitions: 13064, depth: 57 }],
    [{ faults: 'linux' }, { states: 1330, transitions: 3632, depth: 51 }],
  ])('holds on %o', async (scope, counts) => {
    const result = await check(repaired, scope);
    expect(result).toMatchObject({ verdict: 'holds', ...counts });
    expect(vacuous(result)).toEqual([]);
  });
});

it('returns these codes', async () => {
  const codes = (await results(v19, {})).filter((line) => line.includes(' -'));
  const short = new Set(codes.map((line) => line.slice(line.lastIndexOf('/') + 1)));
  expect([...short].sort()).toEqual([
    'arg.ret -EIO',
    'call -EIO',
    'is-it-running -EBUSY',
    'power++ -EINTR',
    'power-- -EINTR',
    'power-- -EINVAL',
    'request_firmware -ENOENT',
    'rproc_handle_resources -ENOMEM',
    'rproc_prepare_subdevices -EIO',
    'rproc_set_firmware -EBUSY',
    'rproc_set_firmware -EINTR',
    'rproc_start_subdevices -EIO',
    'tee_shm_register_kernel_buf -ENOMEM',
  ]);
});
