/** A load that the cluster sends itself. It lies in a namespace of its own, so `remove` undoes it, and finds it by label. */
import { namespace, text, texts, wholeNumber } from '../../verb.ts';
import { offersTestRuns, refusalOf, runnerLogs, startTestRun, stopTestRun, testRunState } from '../acts/test-run.ts';
import { question, type Rule, verb } from './entry.ts';

const K6 = 'k6.io';
const LOOK: Rule[] = [
  { group: K6, resources: ['testruns'], verbs: ['get'] },
  { resources: ['pods'], verbs: ['list'] },
];

export const loadVerbs = {
  /** `script` is a file of this machine. The image is the role `k6` of the cluster file's `images`. */
  'load.start': verb(
    { namespace, run: text, runners: wholeNumber, words: texts, script: text },
    [
      { resources: ['namespaces'], verbs: ['get', 'create', 'patch'] },
      { resources: ['configmaps'], verbs: ['create', 'patch'] },
      { group: K6, resources: ['testruns'], verbs: ['create', 'patch'] },
      ...LOOK,
      { resources: ['pods/log'], verbs: ['get'] },
    ],
    async ({ api, cluster }, args) => {
      await startTestRun(api, { ...args, image: cluster.images.k6, pull: cluster.pull });
      return undefined;
    },
  ),

  'load.stop': verb(
    { namespace },
    [
      { resources: ['pods'], verbs: ['list'] },
      { resources: ['pods/exec'], verbs: ['create', 'get'] },
    ],
    async ({ api }, { namespace }) => {
      await stopTestRun(api, namespace);
      return undefined;
    },
  ),
};

export const loadQueries = {
  /** → { kind, operator, refused }: what of k6-operator is there, and why it could not take a load with these words and a script of so many bytes. */
  'load.offered': question(
    { words: texts, bytes: wholeNumber },
    [{ group: 'apps', resources: ['deployments'], verbs: ['list'] }],
    async ({ api }, { words, bytes }) => ({
      ...(await offersTestRuns(api)),
      refused: refusalOf(words, bytes)?.message ?? null,
    }),
  ),

  /** → { stage, pods } */
  'load.state': question({ namespace }, LOOK, async ({ api }, { namespace }) => {
    const { stage, pods } = await testRunState(api, namespace);
    return { stage, pods: pods.map((pod) => ({ ...pod })) };
  }),

  /** → what each runner has said last, by its pod. */
  'load.logs': question(
    { namespace, lines: wholeNumber },
    [
      { resources: ['pods'], verbs: ['list'] },
      { resources: ['pods/log'], verbs: ['get'] },
    ],
    async ({ api }, { namespace, lines }) => runnerLogs(api, namespace, lines),
  ),
};
