import { expect, it } from 'vitest';
import {
  commandLine,
  countOption,
  memoryOption,
  scopeOption,
  timeOption,
  valuesOption,
  workersOption,
} from '../../src/cli/options.js';
import { traceName } from '../../src/cli/trace-output.js';

it('reads amounts, and says what is right', () => {
  expect(['10', '1e6', '1_000'].map(countOption)).toEqual([10, 1e6, 1000]);
  expect(['4G', '512M', '1.5k', '100', '2GiB'].map(memoryOption)).toEqual([2 ** 32, 2 ** 29, 1536, 100, 2 ** 31]);
  expect(['60s', '5m', '2h', '1.5', '500ms'].map(timeOption)).toEqual([60, 300, 7200, 1.5, 0.5]);
  for (const bad of ['', '-1', '0', 'x', '1.5', '1e99']) expect(() => countOption(bad)).toThrow('whole number');
  for (const bad of ['', '4X', '-1G', '0']) expect(() => memoryOption(bad)).toThrow('4G');
  for (const bad of ['', '5x', '0s', '-1s']) expect(() => timeOption(bad)).toThrow('60s');
  expect(() => workersOption('65')).toThrow('64');
});

it('reads scopes, each parameter once', () => {
  expect(scopeOption('cpus=2, pages=3', { queue: '2' })).toEqual({ queue: '2', cpus: '2', pages: '3' });
  expect(() => scopeOption('cpus=1,cpus=2')).toThrow('"cpus" is given twice');
  expect(() => scopeOption('cpus=2', { cpus: '1' })).toThrow('"cpus" is given twice');
  expect(() => scopeOption('cpus')).toThrow('NAME=VALUE');
});

it('reads values whose commas belong to them', () => {
  expect(valuesOption('stale[s0, d0]={a, b}, ref[p]=1,t=<x,y>')).toEqual({
    'stale[s0, d0]': '{a, b}',
    'ref[p]': '1',
    t: '<x,y>',
  });
});

it('quotes what a shell would read otherwise', () => {
  expect(commandLine(['check', 'a b', "it's", '$x', 'cpus=2,p=3'])).toBe(`check 'a b' 'it'\\''s' '$x' cpus=2,p=3`);
});

it('names trace files so that nothing leaves the folder', () => {
  expect(traceName('SC-01', 'I-7')).toBe('SC-01-I-7.trace');
  expect(traceName('../../etc', 'pass/wd\0')).toBe('etc-pass-wd-.trace');
  expect(traceName('m', 'x'.repeat(500)).length).toBeLessThan(150);
});
