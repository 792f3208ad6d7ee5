/** What the tests on the lab's Swarm share: the lab itself, a small stack, and a world in which faults can act. */
import { join } from 'node:path';
import { loadCluster } from '../../clusters/load.ts';
import type { ActingWorld } from '../../faults/fault.ts';
import { swarmUp } from '../../lab/swarm/up.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import type { Act, Platform } from '../../platforms/platform.ts';
import { createPower } from '../../platforms/power/index.ts';
import type { Power } from '../../platforms/power/power.ts';
import type { SwarmCluster } from '../../platforms/swarm/cluster.ts';
import { createActor } from '../../run/journal/actor.ts';
import { fitsPattern } from '../../units/pattern.ts';
import { seeded } from '../../units/random.ts';

/** Brings the lab's Swarm up, or uses the one that is up already. */
export async function labCluster(): Promise<SwarmCluster> {
  await swarmUp({}, (text) => console.error(text));
  return (await loadCluster(join(import.meta.dirname, '../../clusters/lab-swarm.yaml'))) as SwarmCluster;
}

/** Two front ends behind their names, one back end with a volume and a folder on the shared storage. */
const STACK = `
services:
  front:
    image: brownout/tools:lab
    command: [python3, -m, http.server, '80']
    init: true
    stop_grace_period: 1s
    networks: [inside]
    healthcheck: { test: [CMD, curl, -fso, /dev/null, 'http://127.0.0.1/'], interval: 2s, timeout: 2s }
    deploy:
      replicas: 2
      endpoint_mode: dnsrr
      placement: { max_replicas_per_node: 1, constraints: [node.role == worker] }
      restart_policy: { delay: 1s }
      update_config: { parallelism: 1, monitor: 1s }
  back:
    image: brownout/tools:lab
    command: [sleep, infinity]
    init: true
    stop_grace_period: 1s
    networks: [inside]
    volumes: [data:/data, '/srv/shared/{namespace}/back:/shared']
    deploy: { endpoint_mode: dnsrr, placement: { constraints: [node.hostname == m1] } }
networks: { inside: {} }
volumes: { data: {} }
`;
export const STACK_SERVICES = { front: 2, back: 1 };
export const WHOLE_TIMEOUT = 90_000;

export function deployAct(namespace: string, run: string): Act {
  const manifest = STACK.replaceAll('{namespace}', namespace);
  return { verb: 'deploy', args: { namespace, manifest, labels: { 'brownout.run': run } } };
}

/** A world that acts for real and remembers what it did; there is no journal, the tests undo by themselves. */
export async function actingWorld(
  platform: Platform,
  cluster: Cluster,
  { namespace, run, power: given, seed = 1 }: { namespace: string; run: string; power?: Power; seed?: number },
): Promise<ActingWorld & { acts: { does: Act; undo: Act | undefined }[] }> {
  const power = given ?? (await createPower(cluster));
  const actor = createActor(platform, power, cluster.allow, run);
  const acts: { does: Act; undo: Act | undefined }[] = [];
  const [inspection, members] = await Promise.all([platform.inspect(), platform.members(namespace)]);
  return {
    inspection,
    members,
    namespace,
    run,
    platform,
    power,
    random: seeded(seed),
    allowed: (node) => fitsPattern(node, cluster.allow.nodes),
    allowedNamespace: (name) => fitsPattern(name, cluster.allow.namespaces),
    toolsImage: cluster.images.tools!,
    acts,
    async act(does, undo) {
      actor.check(does, undo);
      acts.push({ does, undo });
      const from = performance.now();
      const answer = await actor.perform(does);
      return { answer, from, undo: async () => void (undo && (await actor.undo(undo))) };
    },
  };
}
