import { test } from '@playwright/test';
import { attachToAllure, failureMessage } from '../../../reports/allure.ts';
import { sampleRuns } from '../samples.ts';

for (const { folder, meta, findings } of sampleRuns()) {
  test(`${findings.title} (${meta.cluster.name})`, async () => {
    for (const { phase } of findings.phases) await test.step(phase, () => undefined);
    await attachToAllure(test.info(), { meta, findings, folder });
    if (meta.scenario.expect === 'fail') test.fail(true, 'the scenario shows a weakness');
    if (findings.verdict !== 'pass') throw new Error(failureMessage(findings));
  });
}
