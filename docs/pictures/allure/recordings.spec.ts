import { cpSync, writeFileSync } from 'node:fs';
import { test } from '@playwright/test';
import { endTest } from '../../../fixtures/end-test.ts';
import { runFolder } from '../../../recording/folder.ts';
import { attachToAllure, identifyInAllure } from '../../../reports/allure.ts';
import { renderHtml } from '../../../reports/html/html.ts';
import { sampleRuns } from '../samples.ts';

for (const { folder: recorded, meta, findings } of sampleRuns()) {
  test(`${findings.title} (${meta.cluster.name})`, async () => {
    for (const { phase } of findings.phases) await test.step(phase, () => undefined);
    // As a run leaves it: judged by this suite, and with its report.
    const folder = runFolder(test.info().outputPath('run'));
    cpSync(recorded.dir, folder.dir, { recursive: true });
    writeFileSync(folder.findings, JSON.stringify(findings));
    writeFileSync(folder.report, renderHtml({ meta, findings }));
    await identifyInAllure(meta);
    await attachToAllure(test.info(), { meta, findings, folder });
    endTest({ meta, findings });
  });
}
