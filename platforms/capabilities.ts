import type { Cluster } from './cluster.ts';
import type { PlatformModule } from './module.ts';

/** What a fault may need beside verbs, as the cluster file or its platform says that it is there; named like verbs. */
export function capabilitiesOf(cluster: Cluster, { hasTools }: Pick<PlatformModule, 'hasTools'>): string[] {
  const tools = hasTools === true || cluster.images.tools !== undefined;
  return [...(cluster.netem ? ['kernel.netem'] : []), ...(tools ? ['images.tools'] : [])];
}

/** Why something that a fault needs is not to be had on a cluster, and what to do. */
export function missingCapability(cluster: Cluster, need: string): { why: string; hint: string } {
  if (need.startsWith('power.')) {
    return { why: `${cluster.file} tells no way to switch nodes off`, hint: 'add `power:` to the cluster file' };
  }
  if (need.startsWith('kernel.')) {
    return {
      why: `${cluster.file} does not say that the nodes' kernels can do it`,
      hint: 'if `modprobe sch_netem` works on every node: add `netem: true` to the cluster file',
    };
  }
  if (need === 'images.tools') {
    return {
      why: `${cluster.file} names no image for what is run on nodes`,
      hint: 'name one: `images: { tools: … }`; docs/faults.md says what it must have and how it is built',
    };
  }
  return { why: `${cluster.platform} cannot do it (no '${need}')`, hint: 'choose another fault for this platform' };
}
