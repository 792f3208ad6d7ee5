import path from 'node:path';
import { entriesOn, targetOn } from '../../fixtures/on-cluster.ts';
import type { Workload } from '../../fixtures/workload.ts';
import { scriptFile } from '../../load/k6/script.ts';
import type { Load, LoadRequest } from '../../load/load.ts';
import { normalLoad } from '../../load/normal.ts';
import type { WrittenLoad } from '../../load/schema.ts';
import type { Cluster } from '../../platforms/cluster.ts';
import { checkAddress, type KnownKinds } from '../../probes/kinds.ts';

/** What the name of a load's stream is. */
const NAME = 'load';

/**
 * A load on a cluster: it asks the entries of the cluster file, and nothing else. Its writes begin with `idPrefix`; `longest`: ms, of one
 * that does not say itself how long it lasts. Throws OperatorError where the cluster file has no such entry.
 */
export function loadOn(
  written: WrittenLoad,
  workload: Workload | undefined,
  cluster: Cluster,
  { kinds, idPrefix, longest }: { kinds: KnownKinds; idPrefix: string; longest: number },
): Load {
  const { probe, script = '' } = written;
  const entries = entriesOn(cluster, workload ?? {});
  const request = probe === undefined ? undefined : requestOf(probe, workload!, cluster, kinds, idPrefix);
  const file = scriptFile(script) ?? path.resolve(script);
  return normalLoad(written, { request, script: { script: file, entries, idPrefix } }, longest);
}

function requestOf(
  probe: string,
  workload: Workload,
  cluster: Cluster,
  kinds: KnownKinds,
  idPrefix: string,
): LoadRequest {
  const { kind, writes, options = {} } = workload.probes[probe]!;
  const target = targetOn(cluster, workload, probe);
  const kindFile = kinds[kind]?.file;
  checkAddress({ name: probe, kind, target }, kinds);
  return {
    name: NAME,
    kind,
    target,
    writes,
    idPrefix,
    options,
    ...(cluster.entryCa !== undefined && target.startsWith('https:') ? { ca: cluster.entryCa } : {}),
    ...(kindFile === undefined ? {} : { kindFile }),
  };
}
