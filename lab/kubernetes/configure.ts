import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { issueEdgeCertificate } from '../edge-certificate.ts';
import { entriesOf, labNeeds } from '../workloads.ts';
import { apiBalancerConfig, BALANCER_CONFIG, edgeConfig } from './balancer.ts';
import { issueCertificates, machineFiles } from './certificates.ts';
import { components, staticPod } from './control-plane.ts';
import { fullName, PAUSE_IMAGE } from './images.ts';
import { EDGE, hasOwnBalancer, type Seat } from './layout.ts';
import { prepareScript } from './machines.ts';
import { nodeFiles } from './node.ts';
import type { Notes } from './notes.ts';

/** Writes the configuration of every machine of a new lab, completely or not at all. An existing lab keeps its own, with its keys. */
export async function configure(folder: string, all: Seat[], notes: Notes): Promise<void> {
  if (existsSync(folder)) return;
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await issueCertificates(part, all);
  await write(machineFiles(part, EDGE.name), { [BALANCER_CONFIG]: edgeConfig(all, entriesOf(await labNeeds())) });
  await issueEdgeCertificate(machineFiles(part, EDGE.name), EDGE);
  for (const seat of all) await write(machineFiles(part, seat.name), filesOf(seat, all, notes));
  await rename(part, folder);
}

function filesOf(seat: Seat, all: Seat[], notes: Notes): Record<string, string> {
  const files: Record<string, string> = {
    'prepare.sh': prepareScript(seat, all, notes),
    ...nodeFiles(seat, notes, fullName(PAUSE_IMAGE)),
  };
  if (hasOwnBalancer(seat, all)) files[BALANCER_CONFIG] = apiBalancerConfig(all);
  if (seat.role === 'control-plane') {
    for (const component of components(seat, all, notes)) {
      const pod = staticPod(component, notes.programs, PAUSE_IMAGE);
      files[`manifests/${component.name}.yaml`] = `${JSON.stringify(pod, null, 2)}\n`;
    }
  }
  return files;
}

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
