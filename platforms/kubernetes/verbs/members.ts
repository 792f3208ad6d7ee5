/** What is done to single members. */
import { namespace, node, text } from '../../verb.ts';
import { evict } from '../acts/evict.ts';
import { deleteMember, killMember, pauseMember, unpauseMember } from '../acts/member-acts.ts';
import { podOf } from '../state/containers.ts';
import { NODE_AGENT, undo, verb } from './entry.ts';

const onNode = { namespace, node, member: text };

export const memberVerbs = {
  /** → { effect } or { gone }. Its process ends; kubelet starts another in the same pod. */
  'member.kill': verb({ ...onNode, signal: text.optional() }, NODE_AGENT, async (context, args) => {
    const killed = await killMember(context, args, args.signal ?? 'SIGKILL');
    return 'gone' in killed ? killed : { effect: { ...killed } };
  }),

  /** → { gone? }. The pod is deleted, with its own grace period or this one, in seconds. */
  'member.delete': verb(
    { namespace, member: text, grace: text.optional() },
    [{ resources: ['pods'], verbs: ['get', 'delete'] }],
    async ({ api }, { namespace, member, grace }) =>
      deleteMember(api, namespace, member, grace === undefined ? undefined : Number(grace)),
  ),

  /** → { evicted, gone?, blocked?, refused?, forGood? }: see ../acts/evict.ts. */
  evict: verb(
    { namespace, member: text },
    [
      { resources: ['pods'], verbs: ['get'] },
      { resources: ['pods/eviction'], verbs: ['create'] },
    ],
    async ({ api }, { namespace, member }) => {
      const pod = await podOf(api, namespace, member);
      // On its way already: whoever sent it there did not ask for an eviction.
      if (!pod || pod.metadata.deletionTimestamp !== undefined) return { evicted: true, gone: true };
      return { ...(await evict(api, namespace, pod.metadata.name, pod.metadata.uid)) };
    },
  ),

  /** → { effect } */
  'member.pause': verb(onNode, NODE_AGENT, async (context, args) => ({
    effect: { ...(await pauseMember(context, args)) },
  })),

  'member.unpause': undo(onNode, NODE_AGENT, async (context, args, ownRun) => {
    await unpauseMember(context, args, ownRun);
    return undefined;
  }),
};
