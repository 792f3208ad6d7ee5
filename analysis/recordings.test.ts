/**
 * Real recordings, with the findings of the version that made them: the same recording gives the same findings, byte for byte but
 * for what has another name or form since.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { meaningOf } from '../faults/meaning.ts';
import { runFolder } from '../recording/folder.ts';
import { readRecording } from '../recording/read.ts';
import { entryName, entryValue } from './events/configuration.ts';
import type { Findings, Outage } from './findings.ts';
import { judge } from './judge.ts';

const recordings = path.join(import.meta.dirname, '..', 'tests', 'data', 'recordings');

/**
 * Findings in the old format: no meanings of faults, checks without a kind, nothing of what is pending, the configuration as plain
 * text by name, outages that do not say who served before and after them, and neither the healing nor the length of the longest outage.
 */
function asBefore({ faults: _, healing: __, checks, configuration, ...findings }: Findings): object {
  const renamed: Record<string, string> = { target: 'victim', 'members on the target': 'members on the victim' };
  const texts = configuration.map((entry) => {
    const name = entryName(entry);
    return [renamed[name] ?? name, entryValue(entry)];
  });
  const plain = checks.map(({ kind: _, stream: __, fault: ___, ...check }) => check);
  const { version, run, title, verdict, cleanUp, ...rest } = findings;
  const { left } = cleanUp;
  const { warnings, ...others } = rest;
  const plainOutage = ({ instances: _, ...outage }: Outage) => outage;
  const streams = rest.streams.map(({ longestOutage: _, ...stream }) => ({
    ...stream,
    outages: stream.outages.map(plainOutage),
    headline: stream.headline && plainOutage(stream.headline),
  }));
  return {
    version,
    run,
    title,
    verdict,
    checks: plain,
    ...others,
    streams,
    cleanUp: { left },
    warnings,
    configuration: Object.fromEntries(texts),
  };
}

for (const name of readdirSync(recordings)) {
  test(`${name}: the findings are what they were`, () => {
    const folder = runFolder(path.join(recordings, name));
    const now = JSON.stringify(asBefore(judge(readRecording(folder), undefined, meaningOf)));
    const before = readFileSync(folder.findings, 'utf8');
    // The texts are too long to be shown whole: where they part is what matters.
    const parts = [...now].findIndex((letter, i) => letter !== before[i]);
    assert.ok(now === before, `they part at: …${now.slice(Math.max(0, parts - 80), parts + 80)}…`);
  });
}
