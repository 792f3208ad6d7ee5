/** The availability page as a plugin of Allure's: it is loaded by Allure itself, by the path of this file. */
import { printable } from '../../../output/printable.ts';
import { cleanUpOf } from '../../clean-up.ts';
import { timelineImage } from '../../html/timeline-svg.ts';
import { sayFaults } from '../../wording.ts';
import { FINDINGS, META } from '../names.ts';
import { firstNamed, judgedOf, subjectOf } from '../results.ts';
import type { Tested } from './cell.ts';
import { matrixOf } from './matrix.ts';
import { type LeftBehind, renderAvailability } from './page.ts';
import type { HistoryPoint } from './past.ts';

/** As much of Allure's interfaces as is used. */
interface Context {
  reportUuid: string;
  reportFiles: { addFile(name: string, data: Buffer): Promise<string> };
}

interface Store {
  allTestResults(): Promise<TestResult[]>;
  allHistoryDataPoints(): Promise<(HistoryPoint & { uuid: string })[]>;
  attachmentsByTrId(id: string): Promise<{ id: string; name?: string }[]>;
  attachmentContentById(id: string): Promise<{ asUtf8String(): Promise<string | undefined> } | undefined>;
}

interface TestResult {
  id: string;
  historyId?: string;
  name: string;
  status: string;
  error?: { message?: string };
  labels: { name: string; value?: string }[];
  parameters: { name: string; value?: string }[];
}

/** As seen from the page's folder. */
const ALLURE = '../index.html';

export default class AvailabilityPlugin {
  async done({ reportUuid, reportFiles }: Context, store: Store): Promise<void> {
    // Of a test that ran several times only the last counts, as in Allure.
    const tested = (await Promise.all((await store.allTestResults()).map((one) => testedOf(one, store)))).flat();
    const history = (await store.allHistoryDataPoints()).filter(({ uuid }) => uuid !== reportUuid);
    const timelines = tested.flatMap(({ id, judged }): [string, string][] =>
      judged ? [[id, timelineImage(judged.findings)]] : [],
    );
    const page = renderAvailability({
      matrix: matrixOf(tested, history),
      timelines: new Map(timelines),
      left: tested.flatMap(leftBehind),
      allure: ALLURE,
    });
    await reportFiles.addFile('index.html', Buffer.from(page));
  }
}

/** None for a test that is of no scenario. */
async function testedOf(result: TestResult, store: Store): Promise<Tested[]> {
  const { id, historyId, name, status, error, labels, parameters } = result;
  const of = subjectOf({ labels, parameters });
  if (!of) return [];
  const attachments = await store.attachmentsByTrId(id);
  const text = async (wanted: string) => {
    const found = attachments.find((one) => one.name === wanted);
    const file = found && (await store.attachmentContentById(found.id));
    return (await file?.asUtf8String()) ?? '';
  };
  const [meta, findings] = [await text(META), await text(FINDINGS)];
  const judged = judgedOf(meta, findings);
  return [
    {
      ...of,
      id,
      historyId,
      title: name,
      platform: firstNamed(labels, 'parentSuite') ?? '',
      workload: firstNamed(labels, 'suite') ?? '',
      fault: firstNamed(labels, 'subSuite') ?? (judged ? printable(sayFaults(judged.meta)) : ''),
      status,
      message:
        findings !== '' && !judged ? 'its findings are damaged, or of another version of the suite' : error?.message,
      judged,
    },
  ];
}

function leftBehind({ title, cluster, judged }: Tested): LeftBehind[] {
  if (!judged) return [];
  const { sentence, items, command } = cleanUpOf(judged.meta, judged.findings);
  if (command === undefined) return [];
  return [{ title, cluster, sentence, items: items.map(({ text }) => text), command }];
}
