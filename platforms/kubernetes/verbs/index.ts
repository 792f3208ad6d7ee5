/** All that can be done to a cluster, and asked of it: one typed entry each. */
import { isPermanent, OperatorError, PermanentError } from '../../../units/operator-error.ts';
import type { Act, Json, Query } from '../../platform.ts';
import { entryOf, type Question, readArguments, subjectOf, type Verb } from '../../verb.ts';
import { ApiError, isFinal } from '../api/api-error.ts';
import { SYSTEM } from '../state/inspect.ts';
import type { KubernetesContext, Rule } from './entry.ts';
import { loadQueries, loadVerbs } from './load.ts';
import { memberVerbs } from './members.ts';
import { namespaceVerbs } from './namespaces.ts';
import { nodeVerbs } from './nodes.ts';
import { queries as allQueries } from './queries.ts';
import { workloadVerbs } from './workload.ts';

export const verbs: Record<string, Verb<KubernetesContext, Rule>> = {
  ...workloadVerbs,
  ...memberVerbs,
  ...nodeVerbs,
  ...namespaceVerbs,
  ...loadVerbs,
};

export const queries: Record<string, Question<KubernetesContext, Rule>> = { ...allQueries, ...loadQueries };

const A_CLUSTER = 'a Kubernetes cluster';

export async function performOnKubernetes(
  context: KubernetesContext,
  act: Act,
  ownRun: string | undefined,
): Promise<Json> {
  const entry = entryOf(verbs, act.verb, A_CLUSTER);
  const args = readArguments(entry, act, context.cluster.allow);
  keepOutOfSystem(act);
  return explained(context, act, () => entry.perform(context, args, ownRun));
}

export async function askKubernetes(context: KubernetesContext, query: Query): Promise<Json> {
  const entry = entryOf(queries, query.verb, A_CLUSTER);
  const args = readArguments(entry, query, context.cluster.allow);
  keepOutOfSystem(query);
  return explained(context, query, () => entry.ask(context, args));
}

function keepOutOfSystem({ verb, args }: Act | Query): void {
  if (args.namespace === SYSTEM && !verb.startsWith('names.')) {
    throw new PermanentError(`${verb}: in ${SYSTEM} nothing but its name servers is ever touched`);
  }
}

async function explained(
  { api }: KubernetesContext,
  what: Act | Query,
  work: () => Promise<Json | undefined>,
): Promise<Json> {
  try {
    return (await work()) ?? null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const isForGood = isPermanent(error) || (error instanceof ApiError && isFinal(error) && !api.isReloading);
    const Failure = isForGood ? PermanentError : OperatorError;
    throw new Failure(`${what.verb} ${subjectOf(what)}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
