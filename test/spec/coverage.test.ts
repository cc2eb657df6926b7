/**
 * Over all built-in models: every step fires, every guard passes and refuses, every error code of a guard comes back,
 * and every property has something to say. What is never seen is in coverage-exceptions.ts, each with its reason.
 */
import { describe as suite, expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { describe, idsFor, walk, type Model } from '../../src/language/index.js';
import { matches } from '../../src/language/ids.js';
import { coverage, named, type Scope } from './observe.js';
import { exceptions, nothingToSay, type Exception } from './coverage-exceptions.js';

const models = builtin.flatMap((file) => file.models);

/** Small scopes of each model, that together show all it has. */
const scopes: Readonly<Record<string, readonly Scope[]>> = {
  'SC-01': [{ pages: 2, iovas: 1 }],
  'SC-01/upstream': [{ pages: 1 }],
  'SC-02': [{ pages: 2, iovas: 1 }],
  'SC-03': [{ domains: 1 }, { cpus: 1, devices: 2 }],
  'SC-03/upstream-get': [{ cpus: 1 }],
  'SC-03/upstream-map': [{ cpus: 1 }],
  'SC-03/upstream-free': [{ cpus: 1 }],
  'SC-03/upstream-lookup': [{}],
  'SC-03/one-vmid': [{ devices: 1 }],
  'SC-03/timeouts': [{}],
  'SC-03/unmap-timeouts': [{}],
  'SC-03/unmap-returns': [{}],
  'SC-03/teardown': [{}],
  'SC-03/teardown-domain-first': [{}],
  'SC-03/teardown-detach': [{}],
  'SC-04': [
    { pasids: 1, cdTables: 1 },
    { domains: 2, cdTables: 1 },
    { devices: 2, domains: 2, pasids: 1, cdTables: 1 },
  ],
  'SC-04/pasids': [{}],
  'SC-04/identity': [{}],
  'SC-04/identity-published': [{}],
  'SC-04/identity-finalise': [{}],
  'SC-04/identity-pgt-lock': [{}],
  'SC-04/android-s1-detach': [{ domains: 2, pasids: 1 }],
  'SC-05': [
    { entries: 2, batch: 1 },
    { entries: 2, warn: true },
  ],
  'SC-05/forwards-unknown-opcodes': [{ entries: 2 }, { entries: 2, aborts: true }],
  'SC-06': [{ pages: 1 }, { pages: 1, cpus: 1, timeouts: true }, { pages: 1, cpus: 1, scmi: true }],
  'SC-06/no-gbpa-check': [{ pages: 1, cpus: 1 }],
  'SC-06/attach': [{}],
  'SC-06/events': [{}],
  'SC-06/events-not-pinned': [{}],
  'SC-07': [{ cpus: 1 }],
  'SC-07/domains': [{ cpus: 1 }],
  'SC-07/locked-twice': [{ cpus: 1 }],
  'SC-07/retry': [{}],
  'SC-07/ranges': [{}, { addresses: 2, lifecycle: true }],
  'SC-08': [{}],
  'SC-08/upstream': [{}],
  'SC-09': [{ cpus: 1 }],
  'SC-09/validate-then-lock': [{ cpus: 1, smmus: 1 }],
  'SC-10': [{}],
  'SC-10/published': [{ locked: true }, {}],
  'SC-10/published-filter': [{ locked: true }, { releases: true }, {}],
  'SC-10/published-resume': [{ locked: true }, {}],
  'SC-11': [{ cpus: 1 }, { mmio: 0 }, { cpus: 1, pages: 2, mmio: 0 }],
  'SC-11/np': [{ cpus: 1 }, { cpus: 1, mmio: 1, ipas: 1 }],
  'SC-12': [{ pages: 1 }, { pages: 1, cpus: 1, timeouts: true }],
  'SC-12/v3': [{ cpus: 1 }],
  'SC-12/static': [{}],
  'SC-13': [{ pages: 1 }],
  'SC-13/v4': [{}],
  'SC-13/unsanitised': [{}],
  'SC-13/believes-host': [{}],
  'SC-14': [{ smmus: 1 }],
  'SC-14/upstream': [{ smmus: 1 }],
  'SC-15': [{}],
  'SC-15/published': [{}],
  'SC-15/reclaim-first': [{}],
  'SC-15/android-older-teardown': [{}],
  'SC-15/domains-first': [{}],
  'SC-15/frees': [{}],
  'SC-15/refs-first': [{}],
  'SC-16': [{}],
  'SC-16/v18': [{ shells: 1 }],
  'SC-16/repaired': [{}],
  'SC-17': [
    { signals: false },
    { shell: false, faults: true },
    { tee: false, platform: false, second: true, images: true },
    { tee: false, platform: false, second: true, images: true, faults: true },
  ],
  'SC-17/v18': [{ shell: false, faults: true }, { tee: false, faults: true }, { platform: false }],
  'SC-17/v20': [{ faults: true }, { shell: false, faults: true }, { shell: false, tee: false, autoBoot: true }],
  'SC-17/v22': [
    { autoBoot: false, faults: true },
    { tee: false, faults: true },
    { shell: true, tee: false, autoBoot: false },
  ],
  'SC-17/repaired': [
    { autoBoot: true, faults: true },
    { second: true, tee: false },
    { tee: false, platform: false, second: true, images: true, faults: true },
  ],
  'SC-18': [{}],
  'SC-18/two-types': [{ shell: false }],
  'SC-18/v22': [{}],
  'SC-18/refuses': [{}, { sameType: true }],
  'SC-18/collision': [{}],
  'SC-18/own-only': [{}, { tee: true }],
  'SC-19': [{}],
  'SC-19/repaired': [{}],
  'SC-19/unbind': [{ shell: false, faults: true }],
  'SC-19/unbind-v20': [{ shell: false, faults: true }],
  'SC-19/unbind-v22': [{ recovery: false, faults: true, signals: false }],
  'SC-19/unbind-repaired': [{ faults: true }],
  'SC-20': [{}],
  'SC-20/stm32mp15': [{ cpus: 1 }],
  'SC-20/optee': [{ cpus: 1 }],
  'SC-20/two-processors': [{}],
  'SC-20/one-PTA-state': [{}],
  'SC-20/source-hashed': [{ cpus: 1 }],
  'SC-21': [{ pages: 1 }],
  'SC-21/idmap': [{ pages: 1 }],
  'SC-21/no-iommu-update': [{ pages: 1 }],
  'SC-21/share': [{ ref: true }],
  'bench-iommu': [{ devices: 1, pages: 2 }],
};

/** Lines like `fires STEP`, `passes GUARD`, `refuses GUARD`, `returns HANDLER -ERRNO`. */
interface Sights {
  readonly seen: readonly string[];
  readonly unseen: readonly string[];
  readonly nothingToSay: readonly string[];
}

async function look(model: Model, scope: Scope, edits: readonly string[] = []): Promise<Sights> {
  const found = await coverage(model, scope, edits);
  const { editable } = describe(model, { scope });
  const steps = editable.programs.flatMap((program) =>
    [...walk(program)].flatMap(({ kind, path }) => (kind === 'step' || kind === 'release' ? [path] : [])),
  );
  const guards = idsFor('pass', editable);
  const lines = (verb: string, ids: readonly string[]): string[] => ids.map((id) => `${verb} ${id}`);
  const unseen = [
    ...lines('fires', found.neverFired),
    ...lines('passes', found.neverPassed),
    ...lines('refuses', found.neverRefused),
    ...lines('returns', found.neverReturned),
  ];
  const all = [
    ...lines('fires', steps),
    ...lines('passes', guards),
    ...lines('refuses', guards),
    ...lines('returns', found.returned),
  ];
  const missed = new Set(unseen);
  return { seen: all.filter((line) => !missed.has(line)), unseen, nothingToSay: found.neverTrue };
}

/** What nobody has seen. */
function missedByAll(sights: readonly Sights[]): string[] {
  const seen = new Set(sights.flatMap((one) => one.seen));
  return [...new Set(sights.flatMap(({ unseen }) => unseen))].filter((line) => !seen.has(line)).sort();
}

/** Of an id, an exception names enough, as an edit does. */
function isNamed(name: string, line: string): boolean {
  const [verb, ...id] = line.split(' ');
  const [own, ...query] = name.split(' ');
  return own === verb && matches(query.join(' '), id.join(' '));
}

/** The first one that names it, if there is one. */
const exceptionFor = (line: string): Exception | undefined =>
  exceptions.find(({ never }) => never.some((name) => isNamed(name, line)));

it('every model has small scopes here', () => {
  expect(Object.keys(scopes).sort()).toEqual(models.map(({ name }) => name).sort());
});

suite('over all models', async () => {
  const sightsOf = new Map<string, readonly Sights[]>();
  for (const { name } of models) {
    const all = [];
    for (const scope of scopes[name] ?? []) all.push(await look(named(models, name), scope));
    sightsOf.set(name, all);
  }
  const missed = missedByAll([...sightsOf.values()].flat());

  it.each(['fires', 'passes', 'refuses', 'returns'])('%s: all do, but for exceptions', (verb) => {
    expect(missed.filter((line) => line.startsWith(`${verb} `) && !exceptionFor(line))).toEqual([]);
  });

  it.each(exceptions.map((one) => [one.why, one] as const))('an exception: %s', async (_, exception) => {
    const own = missed.filter((line) => exceptionFor(line) === exception);
    expect(exception.never.filter((name) => !own.some((line) => isNamed(name, line)))).toEqual([]);
    if (!exception.unless) return;
    const sights = [];
    for (const [name, scope, ...edits] of exception.unless) sights.push(await look(named(models, name), scope, edits));
    const seen = new Set(sights.flatMap((one) => one.seen));
    expect(own.filter((line) => !seen.has(line))).toEqual([]);
  });

  it.each(models.map(({ name }) => name))('%s: every property has something to say', (name) => {
    const all = sightsOf.get(name) ?? [];
    const everywhere = all
      .flatMap((one) => one.nothingToSay)
      .filter((id) => all.every((one) => one.nothingToSay.includes(id)));
    expect([...new Set(everywhere)]).toEqual(Object.keys(nothingToSay[name] ?? {}));
  });
});

it('says what a dropped guard, an unused step and a condition that is never true are', async () => {
  const cut = await coverage(named(models, 'SC-01'), { cpus: 1, pages: 1, iovas: 1 }, ['drop map_pages/install-PTE']);
  expect(cut.neverFired).toContain('unmap_pages/pgt_lock/invalidate-PTE');
  expect(cut.neverPassed).toContain('unmap_pages/pgt_lock/walk-to-the-leaf/leaf-is-not-zero');
  expect(cut.neverTrue).toContain('P-3');
  expect(cut.returned).toContain('unmap_pages -ENOENT');
});
