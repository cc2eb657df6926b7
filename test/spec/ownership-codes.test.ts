/**
 * What each hypercall of B2 returns in each state of a page: one CPU, one call at a time, as the selftest in
 * mem_protect.c does it. `0` is success; a hypercall that may run out of memory says both.
 */
import { expect, it } from 'vitest';
import { execute } from '../../src/explorer/index.js';
import { build, slug, type Frame, type Machine } from '../../src/language/index.js';
import models from '../../models/sc-11.js';

type State = readonly unknown[];

class Caller {
  private readonly machine: Machine;
  constructor(model: (typeof models)[number], scope: Record<string, unknown>) {
    this.machine = build(model, { scope: { cpus: 1, pages: 1, device: false, ...scope }, properties: [] });
  }

  get start(): State {
    return this.machine.initialStates[0];
  }

  /** All ways through one call about one page: what it returns, and the state behind it. */
  call(from: State, name: string, page: number): Map<string, State> {
    const results = new Map<string, State>();
    const cpu0 = this.machine.processes.find((process) => process.name === 'cpu0');
    if (!cpu0) throw new Error('no cpu0');
    const walk = (state: State, code: string, inside: boolean): void => {
      for (const offer of execute(this.machine, state).offers) {
        if (offer.process !== 'cpu0' || (!inside && !offer.action.startsWith(`${slug(name)}/`))) continue;
        const named = (offer.state[cpu0.frame] as Frame).locals.get(`${slug(name)}.page`);
        if (named !== undefined && named !== page) continue;
        const now = offer.outcome.label === '' ? code : offer.outcome.label.replace('-', '');
        if (cpu0.isIdle(offer.state[cpu0.frame])) results.set(now, offer.state);
        else walk(offer.state, now, true);
      }
    };
    walk(from, '0', false);
    return results;
  }

  /** The state behind calls that all succeed. */
  after(...calls: readonly (readonly [string, number])[]): State {
    return calls.reduce((state, [name, page]) => {
      const behind = this.call(state, name, page).get('0');
      if (!behind) throw new Error(`${name} fails`);
      return behind;
    }, this.start);
  }

  /** Codes by call, one for each state. */
  table(names: readonly string[], page: number, states: readonly State[]): Record<string, string> {
    const codes = (state: State, name: string): string => [...this.call(state, name, page).keys()].sort().join('/');
    return Object.fromEntries(names.map((name) => [name, states.map((state) => codes(state, name)).join(' ')]));
  }
}

it('protected guest', () => {
  const cpu = new Caller(models[0], { mmio: 0 });
  const load = ['__pkvm_vcpu_load', 0] as const;
  const guest = [load, ['__pkvm_host_donate_guest', 0]] as const;
  const shared = [...guest, ['__pkvm_guest_share_host', 0]] as const;
  const end = [['__pkvm_vcpu_put', 0], ['__pkvm_start_teardown_vm', 0]] as const; // prettier-ignore
  const states = {
    'the host’s': cpu.after(load),
    'used for DMA': cpu.after(load, ['map_pages', 0]),
    'shared with EL2': cpu.after(load, ['__pkvm_host_share_hyp', 0]),
    'and pinned': cpu.after(load, ['__pkvm_host_share_hyp', 0], ['hyp_pin_shared_mem', 0]),
    'EL2’s': cpu.after(load, ['__pkvm_host_donate_hyp', 0]),
    'the guest’s': cpu.after(...guest),
    'shared by it': cpu.after(...shared),
    'a dying guest’s': cpu.after(...guest, ...end),
    'shared with FF-A': cpu.after(load, ['__pkvm_host_share_ffa', 0]),
    'FF-A’s': cpu.after(load, ['__pkvm_host_donate_ffa', 0]),
  };
  const codes = {
    handle_host_mem_abort: '0 0 0 0 EPERM EPERM EAGAIN EPERM 0 EPERM',
    __pkvm_host_share_hyp: '0 EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM',
    __pkvm_host_unshare_hyp: 'EPERM EPERM 0 EBUSY EPERM EPERM EPERM EPERM EPERM EPERM',
    __pkvm_host_donate_hyp: '0/ENOMEM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM',
    __pkvm_hyp_donate_host: 'EPERM EPERM EPERM EPERM 0 EPERM EPERM EPERM EPERM EPERM',
    hyp_pin_shared_mem: 'EPERM EPERM 0 EEXIST EPERM EPERM EPERM EPERM EPERM EPERM',
    hyp_unpin_shared_mem: 'ENOENT ENOENT ENOENT 0 ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT',
    __pkvm_host_share_ffa: '0 0 EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM',
    __pkvm_host_unshare_ffa: 'EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL',
    __pkvm_host_donate_ffa: '0 EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM',
    map_pages: '0 EEXIST EPERM EPERM EPERM EPERM EPERM EPERM EPERM EPERM',
    unmap_pages: 'ENOENT 0 ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT',
    __pkvm_host_donate_guest: '0 EPERM EPERM EPERM EPERM EPERM EPERM EINVAL EPERM EPERM',
    __pkvm_guest_share_host: 'EPERM EPERM EPERM EPERM EPERM 0 EPERM EINVAL EPERM EPERM',
    __pkvm_guest_unshare_host: 'EPERM EPERM EPERM EPERM EPERM EPERM 0 EINVAL EPERM EPERM',
    __pkvm_host_reclaim_page_guest: 'EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL EINVAL 0 EINVAL EINVAL',
    __pkvm_vcpu_load: 'EBUSY EBUSY EBUSY EBUSY EBUSY EBUSY EBUSY ENOENT EBUSY EBUSY',
    __pkvm_vcpu_put: '0 0 0 0 0 0 0 EINVAL 0 0',
    __pkvm_start_teardown_vm: 'EBUSY EBUSY EBUSY EBUSY EBUSY EBUSY EBUSY EINVAL EBUSY EBUSY',
  };
  expect(cpu.table(Object.keys(codes), 0, Object.values(states))).toEqual(codes);
});

it('MMIO', () => {
  const cpu = new Caller(models[0], { mmio: 1 });
  const states = {
    'the host’s': cpu.start,
    'used for DMA': cpu.after(['map_pages (MMIO)', 1]),
    tainted: cpu.after(['map_pages (MMIO)', 1], ['unmap_pages', 1]),
    'EL2’s': cpu.after(['__pkvm_host_donate_hyp (accept_mmio)', 1]),
  };
  const codes = {
    __pkvm_host_share_hyp: 'EPERM EPERM EPERM EPERM',
    __pkvm_host_donate_hyp: 'EPERM EPERM EPERM EPERM',
    '__pkvm_host_donate_hyp (accept_mmio)': '0/ENOMEM EPERM EPERM EPERM',
    __pkvm_hyp_donate_host: 'EPERM EPERM EPERM 0',
    __pkvm_host_share_ffa: 'EPERM EPERM EPERM EPERM',
    __pkvm_host_donate_ffa: 'EPERM EPERM EPERM EPERM',
    'map_pages (MMIO)': '0 EEXIST 0 EPERM',
    unmap_pages: 'ENOENT 0 ENOENT ENOENT',
  };
  expect(cpu.table(Object.keys(codes), 1, Object.values(states))).toEqual(codes);
});

it('non-protected guest', () => {
  const cpu = new Caller(models[1], { mmio: 0, ipas: 1 });
  const load = ['__pkvm_vcpu_load', 0] as const;
  const states = {
    'the host’s': cpu.after(load),
    'shared with the guest': cpu.after(load, ['__pkvm_host_share_guest', 0]),
    'used for DMA': cpu.after(load, ['map_pages', 0]),
    'shared with EL2': cpu.after(load, ['__pkvm_host_share_hyp', 0]),
    'EL2’s': cpu.after(load, ['__pkvm_host_donate_hyp', 0]),
    'no guest any more': cpu.after(['__pkvm_start_teardown_vm', 0]),
  };
  const codes = {
    __pkvm_host_share_guest: '0 EPERM 0 EPERM EPERM EINVAL',
    __pkvm_host_unshare_guest: 'ENOENT 0 ENOENT ENOENT ENOENT ENOENT',
    __pkvm_host_reclaim_page_guest: 'EINVAL EINVAL EINVAL EINVAL EINVAL ENOENT',
  };
  expect(cpu.table(Object.keys(codes), 0, Object.values(states))).toEqual(codes);
});
