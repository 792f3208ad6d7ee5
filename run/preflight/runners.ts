import { bundleScript } from '../../load/k6/bundle.ts';
import { argumentsFor } from '../../load/k6/words.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import type { Platform } from '../../platforms/platform.ts';
import { fitsPattern } from '../../units/pattern.ts';
import { type ClusterLoad, loadNamespaceOf } from '../load/runners.ts';
import type { PreflightCheck } from './check.ts';

const INSTALL =
  'Install k6-operator (https://grafana.com/docs/k6), or leave `runners` out: the load is then sent from here.';

/** Whether the cluster can send a load itself. The rights for it are looked at with all others. Throws FileError or OperatorError for a script with mistakes. */
export async function runnersCheck({
  platform,
  cluster,
  namespace,
  load,
}: {
  platform: Pick<Platform, 'query' | 'queries'>;
  cluster: Pick<Cluster, 'platform' | 'file' | 'allow' | 'images' | 'pull'>;
  namespace: string;
  load: ClusterLoad;
}): Promise<PreflightCheck> {
  const what = 'runners of the load';
  if (!platform.queries.includes('load.offered')) {
    const observed = `${cluster.platform} has no runners for k6`;
    return { what, ok: false, observed, hint: 'Leave `runners` out: the load is then sent from here.' };
  }
  const own = loadNamespaceOf(namespace);
  if (!fitsPattern(own, cluster.allow.namespaces)) {
    const observed = `${cluster.file} does not allow the namespace ${own}`;
    return { what, ok: false, observed, hint: "Allow 'brownout-*' in `allow.namespaces`." };
  }
  const bytes = Buffer.byteLength((await bundleScript(load.script)).text);
  const offered = await platform.query({ verb: 'load.offered', args: { words: argumentsFor(load), bytes } });
  const { kind, operator, refused } = offered as { kind: boolean; operator: string | null; refused: string | null };
  if (!kind) return { what, ok: false, observed: 'the cluster knows no TestRun (k6.io/v1alpha1)', hint: INSTALL };
  if (refused !== null) return { what, ok: false, observed: refused, hint: 'Send it from here: leave `runners` out.' };
  const image = cluster.images.k6;
  if (image === undefined && cluster.pull === 'never') {
    const observed = "no image for k6 is named, and the operator's own must be pulled, which `pull: never` rules out";
    return {
      what,
      ok: false,
      observed,
      hint: 'Name one that is on the nodes: `images: { k6: … }` in the cluster file.',
    };
  }
  const by = operator ?? 'no Deployment that looks like k6-operator was seen, only its TestRun';
  return { what, ok: true, observed: `${by}; image ${image ?? "of the operator's own choice"}` };
}
