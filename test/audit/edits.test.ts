/** Which edits an audit makes, and what it calls them. */
import { describe as suite, expect, it } from 'vitest';
import { builtin } from '../../models/index.js';
import { auditEdits, kinds, usualKinds } from '../../src/audit/edits.js';
import { build, describe, idsFor } from '../../src/language/index.js';
import { picks } from '../../src/cli/audit/options.js';
import { named } from '../spec/observe.js';

const sc01 = named(
  builtin.flatMap((file) => file.models),
  'SC-01',
);
const described = describe(sc01);
const edits = auditEdits(described, kinds);
const textsOf = (kind: string): string[] => edits.filter((edit) => edit.kind === kind).map(({ text }) => text);

it('passes each guard, unlocks each lock, and drops each step and each call', () => {
  for (const kind of ['pass', 'unlock'] as const)
    expect(textsOf(kind)).toEqual(idsFor(kind, described.editable).map((id) => `${kind} ${id}`));
  const dropped = [...textsOf('drop'), ...textsOf('call')];
  expect(dropped.sort()).toEqual(
    idsFor('drop', described.editable)
      .map((id) => `drop ${id}`)
      .sort(),
  );
  expect(textsOf('drop')).toContain('drop unmap_pages/unuse_dma/host_mmu.lock/ref--');
  expect(textsOf('call')).toContain('drop unmap_pages/unuse_dma');
});

it('exchanges neighbours, but no rules of hardware', () => {
  expect(textsOf('swap')).toContain('swap unmap_pages/iotlb_sync unmap_pages/unuse_dma');
  expect(textsOf('swap').filter((text) => text.includes('smmu0'))).toEqual([]);
});

it('knows which steps an edit is about', () => {
  const stepsOf = (text: string) => edits.find((edit) => edit.text === text)?.steps;
  const inside = ['unmap_pages/pgt_lock/walk-to-the-leaf', 'unmap_pages/pgt_lock/invalidate-PTE'];
  expect(stepsOf('unlock unmap_pages/pgt_lock')).toEqual(inside);
  const behind = stepsOf('pass unmap_pages/pgt_lock/walk-to-the-leaf/leaf-is-not-zero');
  expect(behind?.slice(0, 2)).toEqual(inside);
  expect(behind).toContain('unmap_pages/pgt_lock-again/clear-PTE');
  expect(behind).not.toContain('unmap_pages/handle_to_domain');
});

suite('its short names mean the same edit', () => {
  for (const model of builtin.flatMap((file) => file.models)) {
    it(model.name, () => {
      const own = auditEdits(describe(model), usualKinds);
      expect(own.length).toBeGreaterThan(0);
      // Building is dear for large models: some of each kind, over all of them.
      for (const { text, short } of own.filter((_, i) => i % 24 === 0)) {
        const outcome = (edit: string): unknown => {
          try {
            return build(model, { edits: [edit], properties: [] }).edits;
          } catch (error) {
            return error;
          }
        };
        const whole = outcome(text);
        if (!(whole instanceof Error)) expect(outcome(short)).toEqual([text]);
      }
    });
  }
});

it('picks by pieces in order', () => {
  const edit = { text: 'pass map_pages/use_dma/host-owns-page' };
  expect(['map', 'PASS*owns', '', '*', 'use_dma/'].map((pattern) => picks(pattern, edit))).toEqual(Array(5).fill(true));
  expect(['owns*map', 'drop', 'owns*owns'].map((pattern) => picks(pattern, edit))).toEqual(Array(3).fill(false));
});
