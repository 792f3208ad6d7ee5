import { OperatorError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { markOf, splitTags, tagsOf } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { untilListed } from './listed.ts';
import type { Manifest } from './manifest.ts';

/** Marks guests that are there already; nothing is installed in them. */
export async function adopt(
  api: Api,
  viewer: Viewer,
  byService: Record<string, number[]>,
  view: View,
  manifest: Manifest,
  namespace: string,
  run: string,
): Promise<void> {
  const wanted = Object.values(manifest.guests).flatMap(({ parts }) => Object.keys(parts));
  const missing = wanted.filter((service) => !byService[service]);
  if (missing.length > 0) {
    throw new OperatorError(`\`guests\` in the cluster file names none for ${missing.join(', ')}`);
  }
  const services = Map.groupBy(
    wanted.flatMap((service) => byService[service]!.map((vmid) => ({ service, vmid }))),
    ({ vmid }) => vmid,
  );
  const found = await Promise.all(
    [...services].map(async ([vmid, uses]) => {
      const row = view.guests.find((guest) => guest.vmid === vmid && guest.type === 'qemu');
      if (!row) throw new OperatorError(`there is no guest ${vmid}, which \`guests\` in the cluster file names`);
      const { tags, digest } = await api.get('/nodes/{node}/qemu/{vmid}/config', { node: row.node, vmid });
      const mark = markOf(tags);
      if (mark && mark.run !== run.toLowerCase()) {
        throw new OperatorError(`guest ${vmid} on ${row.node} is in use by run ${mark.run}`);
      }
      return { row, uses, tags, digest };
    }),
  );
  for (const { row, uses, tags: own, digest } of found) {
    const { node, vmid } = row;
    const marks = tagsOf({ namespace, services: uses.map(({ service }) => service), run });
    const tags = [...new Set([...splitTags(own), ...marks])].join(';');
    const since = digest === undefined ? {} : { digest };
    await api.put('/nodes/{node}/qemu/{vmid}/config', { node, vmid, tags, ...since });
  }
  await untilListed(
    viewer,
    namespace,
    found.map(({ row: { vmid, name } }) => ({ vmid, name: name ?? '' })),
  );
}
