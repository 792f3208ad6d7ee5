import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { Api } from '../api/api.ts';
import { ApiError, isConflict, isGone, unlessGone } from '../api/api-error.ts';
import { PODS, type Pod } from '../api/objects.ts';

/** What the API answered. An answer that is none of these is thrown. */
export type Eviction =
  /** `gone`: there was no such pod (any more), so that nobody granted anything. */
  | { evicted: true; gone?: true }
  /** A disruption budget says no, for now: its name and its words. */
  | { evicted: false; blocked: string }
  /** Somebody else says no, in these words; `forGood`: asking again would change nothing. */
  | { evicted: false; refused: string; forGood: boolean };

/** How long a budget may take until it is processed, ms. The controller manager takes well under a second. */
const PROCESSING = 30_000;
const LOOK_AGAIN = 500;

/**
 * Asks for a pod's eviction, as `kubectl drain` does. A budget that is not processed yet says no to everything, and a budget that
 * somebody else changes meanwhile decides nothing: both are asked again. Throws OperatorError when they do not decide in time.
 *
 * @param uid only this pod, not a later one of the same name
 */
export async function evict(
  api: Api,
  namespace: string,
  pod: string,
  uid: string | undefined,
  { processing = PROCESSING }: { processing?: number } = {},
): Promise<Eviction> {
  const deadline = performance.now() + processing;
  for (;;) {
    const answer = await ask(api, namespace, pod, uid);
    if ('evicted' in answer) return answer;
    if (performance.now() + LOOK_AGAIN > deadline) {
      throw new OperatorError(`${namespace}/${pod}: ${answer.undecided} after ${processing / 1000} s`, {
        hint: `does the controller manager run? \`kubectl --namespace ${namespace} get pdb\` shows what it makes of the budgets`,
      });
    }
    await sleep(LOOK_AGAIN);
  }
}

async function ask(
  api: Api,
  namespace: string,
  name: string,
  uid: string | undefined,
): Promise<Eviction | { undecided: string }> {
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: uid === undefined ? {} : { preconditions: { uid } },
  };
  try {
    await api.create(PODS, { namespace, name, subresource: 'eviction' }, body);
    return { evicted: true };
  } catch (error) {
    if (isGone(error)) return { evicted: true, gone: true };
    if (!(error instanceof ApiError)) throw error;
    if (isConflict(error)) return conflict(api, namespace, name, uid, error);
    return said(error);
  }
}

/** 409: there is another pod of that name by now, or somebody else changed the budget at the same time. */
async function conflict(
  api: Api,
  namespace: string,
  name: string,
  uid: string | undefined,
  error: ApiError,
): Promise<Eviction | { undecided: string }> {
  const found = await unlessGone(api.read<Pod>(PODS, { namespace, name }));
  if (!found || (uid !== undefined && found.metadata.uid !== uid)) return { evicted: true, gone: true };
  return { undecided: error.message };
}

const TWO_BUDGETS = /more than one PodDisruptionBudget/;
const ADMISSION = /admission webhook ".*" denied the request|ValidatingAdmissionPolicy '.*' .*denied request/s;

function said(error: ApiError): Eviction | { undecided: string } {
  const { status, words } = error;
  const budget = error.causes.find(({ reason }) => reason === 'DisruptionBudget')?.message;
  if (status === 429 && budget !== undefined) {
    const [, name, rest] = /disruption budget (\S+) (.*)/s.exec(budget) ?? [];
    if (/is still being processed/.test(budget))
      return { undecided: `budget ${name} is still being processed by the server` };
    return { evicted: false, blocked: name === undefined ? budget : `${name}: ${rest}` };
  }
  if (TWO_BUDGETS.test(words) || ADMISSION.test(words)) {
    return { evicted: false, refused: words, forGood: status !== 429 };
  }
  throw error;
}
