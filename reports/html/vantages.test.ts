import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { VantageFindings } from '../../analysis/findings.ts';
import { findingsByHand } from '../../tests/made-up/findings.ts';
import { spellsByVantage } from './chart-data.ts';
import { vantages } from './vantages.ts';

const byHand = (more: Partial<VantageFindings>) => {
  const findings = findingsByHand();
  const streams = findings.streams.map((one) => ({ ...one, headline: undefined, outages: [] }));
  const one = { vantage: 'w1', place: 'ssh ops@w1', checks: [], streams, bins: findings.bins, prober: null, ...more };
  return { ...findings, vantages: [one] };
};
const textOf = (section: ReturnType<typeof vantages>) => (section === false ? '' : section.text);
/** What the table says of it. */
const cells = (findings: ReturnType<typeof byHand>) =>
  [...textOf(vantages(findings)).matchAll(/<td data-label="from w1:">(.*?)<\/td>/g)].map(([, cell]) => cell!);

it('a vantage that proves nothing has no outage and no lack of one, in the table and in its lane', () => {
  const check = { kind: 'prober-fit', verdict: 'unknown', what: 'clock aligned', wanted: '', observed: 'set' } as const;
  const findings = byHand({ checks: [check] });
  for (const cell of cells(findings)) assert.match(cell, /^<span class="dim">not known<\/span>$/);
  assert.deepEqual(spellsByVantage(findings), [{ vantage: 'w1', spells: [] }]);
  assert.match(textOf(vantages(byHand({}))), /no outage/);
});

it('of one that was lost the table says until when it is known', () => {
  const findings = byHand({ until: findingsByHand().t0!.from + 3000, lost: 'gone' });
  const all = cells(findings);
  assert.ok(all.length > 0);
  for (const cell of all) assert.match(cell, /no outage.*until 3 s after the fault; then not known/);
});
