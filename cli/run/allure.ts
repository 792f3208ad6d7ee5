import { stderr, stdout } from '../../output/terminal.ts';
import { completeResults } from '../../reports/allure/complete.ts';
import type { AllurePages } from '../../reports/allure/generate.ts';
import type { InvocationFolder } from '../../run/invocation/folder.ts';
import { shownPath } from '../../run/plan.ts';
import { messageOf } from '../../units/message.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { tellHint } from '../tell.ts';

/** Publishes an invocation's results and, unless it is not wanted, the report of them. If that cannot be made, the verdicts are still valid. */
export async function publishAllure(folder: InvocationFolder, withReport: boolean): Promise<AllurePages | undefined> {
  const { allureResults, allureReport, allureHistory } = folder;
  const report = async () => {
    const { generateAllureReport } = await import('../../reports/allure/generate.ts');
    return generateAllureReport(allureResults, allureReport, allureHistory);
  };
  try {
    completeResults(allureResults);
    return await folder.publish(withReport ? report : undefined);
  } catch (error) {
    stderr.print(`No Allure report was made of ${shownPath(allureResults)}: ${messageOf(error)}`);
    if (error instanceof OperatorError) tellHint(error.hint);
    return undefined;
  }
}

export function tellPages({ availability, allure }: AllurePages): void {
  stdout.print(`Availability: ${shownPath(availability)}`);
  stdout.print(`Allure report: ${shownPath(allure)}`);
}
