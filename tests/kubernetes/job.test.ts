/**
 * The suite as a Job of the lab's Kubernetes (ci/job.yaml), in the image of ci/Containerfile and with the role that it generates: every node but
 * its own loses its power in turn, the only control plane too, and its own is refused.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { parse, parseAllDocuments } from 'yaml';
import { run } from '../../lab/command.ts';
import { machineNamed, powerOff, powerOn, powerState } from '../../lab/host.ts';
import { cacheFolder } from '../../lab/image/cache.ts';
import { EDGE, kubernetesLab } from '../../lab/kubernetes/layout.ts';
import { KUBECONFIG, readNotes } from '../../lab/kubernetes/notes.ts';
import { Api } from '../../platforms/kubernetes/api/api.ts';
import { type KubeObject, PODS, type Pod } from '../../platforms/kubernetes/api/objects.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import { giveToNode, IMAGE } from '../labs/container-image.ts';
import { applyAll, deleteAll, labCluster } from '../labs/kubernetes.ts';
import { until } from '../until.ts';

const root = join(import.meta.dirname, '../..');
const OWN = 'w1';
const OTHERS = ['w2', 'w3', 'c1'];
/** This computer, as the lab's machines see it. */
const HERE = `${kubernetesLab.network!.prefix}.1`;
const JOB = { namespace: 'default', name: 'brownout' };

const folder = mkdtempSync(join(cacheFolder(), 'job-test-'));
let api: Api;
let controller: Server;
let takeImage: (() => Promise<void>) | undefined;
const switched: string[] = [];

/** What a baseboard controller is to a pod: another machine, which switches nodes on request. */
async function startController(): Promise<number> {
  controller = createServer((request, response) => {
    const [, node, verb] = request.url!.split('/') as [string, string, string];
    const done = async () => {
      const machine = await machineNamed(kubernetesLab, node);
      if (verb === 'state') return powerState(kubernetesLab, node);
      switched.push(`${node} ${verb}`);
      await (verb === 'on' ? powerOn(kubernetesLab, machine) : powerOff(kubernetesLab, node));
      return '';
    };
    done().then(
      (text) => response.end(text),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((resolve) => controller.listen(0, HERE, resolve));
  return (controller.address() as AddressInfo).port;
}

const clusterFile = (port: number) => `
platform: kubernetes
reach: { in-cluster: true }
allow: { nodes: ['*'], namespaces: [brownout-*] }
power:
  command:
    off: curl --silent --fail-with-body --max-time 60 http://${HERE}:${port}/{node}/off
    on: curl --silent --fail-with-body --max-time 60 http://${HERE}:${port}/{node}/on
    state: curl --silent --fail-with-body --max-time 60 http://${HERE}:${port}/{node}/state
entry: { '*': 'http://${EDGE.address}:{port}' }
pull: never
images: { '*': 'brownout/{workload}:lab' }
toleration: 5s
`;

/** Steady for so long that the node's disk has what it wrote for the pods there: without, a node may never let go of a pod (docs/lab.md). */
const scenario = (node: string) => `
title: ${node} dies
workload: apache
variant: hardened
steady: 40s
horizon: 60s
breaks-quorum: true
faults: [{ node-kill: { node: { name: ${node} }, hold: 15s } }]
probes: { page: { every: 100ms } }
objectives: { page: { recovery: 60s } }
`;

before(async () => {
  const { reach } = await labCluster();
  api = new Api(openReach(reach));
  takeImage = await giveToNode(OWN, folder);
});
after(async () => {
  controller?.close();
  api?.close();
  // Whatever has become of the test, the lab is whole again.
  for (const node of OTHERS) await powerOn(kubernetesLab, await machineNamed(kubernetesLab, node));
  await takeImage?.();
  rmSync(folder, { recursive: true, force: true });
});

/** The objects of the Job, its account and its files, with what only the lab has to have otherwise. */
async function objects(): Promise<KubeObject[]> {
  const cluster = clusterFile(await startController());
  const scenarios = Object.fromEntries([OWN, ...OTHERS].map((node) => [`${node}.yaml`, scenario(node)]));
  const files = join(folder, 'files');
  mkdirSync(files);
  for (const [name, text] of Object.entries({ ...scenarios, 'cluster.yaml': cluster }))
    writeFileSync(join(files, name), text);
  const words = ['plan', ...Object.keys(scenarios), '--cluster', 'cluster.yaml', '--rights'];
  const { stdout } = await execa(process.execPath, [join(root, 'cli/main.ts'), ...words], { cwd: files });
  const account = parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject);
  const configMap = (name: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: JOB.namespace },
    data,
  });
  const job = parse(readFileSync(join(root, 'ci/job.yaml'), 'utf8'));
  const { spec } = job.spec.template;
  const [container] = spec.containers;
  container.image = IMAGE;
  container.imagePullPolicy = 'Never';
  // The lab's nodes are small, and its pods reach no other machine but by the network of their node.
  container.resources = { requests: { cpu: '200m' } };
  spec.hostNetwork = true;
  spec.nodeSelector = { 'kubernetes.io/hostname': OWN };
  return [
    ...account,
    configMap('brownout-cluster', { 'cluster.yaml': cluster }),
    configMap('brownout-scenarios', scenarios),
    job,
  ];
}

async function podOfJob(): Promise<Pod | undefined> {
  const { items } = await api.list<Pod>(PODS, { namespace: JOB.namespace }, { labelSelector: `job-name=${JOB.name}` });
  return items[0];
}

/** Of the Job's container; undefined while it runs, or while the control plane has no power. */
async function exitCode(): Promise<number | undefined> {
  const pod = await podOfJob().catch(() => undefined);
  return pod?.status.containerStatuses?.[0]?.state?.terminated?.exitCode;
}

test('every node but its own is killed in turn, and each run ends with a verdict', { timeout: 1_500_000 }, async () => {
  const all = await objects();
  await applyAll(api, all);
  let code: number | undefined;
  let log = '';
  try {
    await until(
      'the Job has ended',
      async () => {
        code = await exitCode();
        return code !== undefined;
      },
      1_200_000,
    );
  } finally {
    const { programs } = (await readNotes())!;
    const kubectl = [join(programs, 'kubectl'), '--kubeconfig', KUBECONFIG, '--namespace', JOB.namespace];
    log = await run([...kubectl, 'logs', `job/${JOB.name}`]).catch(String);
    // With its pod, which a deletion of the Job alone would leave: one that is still at work heals first.
    await run([...kubectl, 'delete', 'job', JOB.name, '--timeout', '300s']);
    await deleteAll(api, all);
  }
  const rows = log.split('\n').filter((line) => /^\| \*\*/.test(line));
  console.log([...rows, ...(log.match(/^- \*\*(fail|unknown)\*\* .*/gm) ?? [])].map((line) => `  ${line}`).join('\n'));
  const rowOf = (node: string) => rows.find((row) => row.includes(`| ${node} dies<br>`)) ?? '';
  assert.match(
    rowOf(OWN),
    /\*\*refused\*\*.*w1 \(.*no target: brownout itself runs on it \(by NODE.{0,2}_NAME alone\)/,
    log,
  );
  for (const node of OTHERS) assert.match(rowOf(node), /^\| \*\*(passed|failed|unknown)\*\*.*report\.html \|$/, log);
  assert.equal(log.match(/^pass +fault confirmed/gm)?.length, OTHERS.length, log);
  assert.deepEqual(switched.toSorted(), OTHERS.flatMap((node) => [`${node} off`, `${node} on`]).toSorted());
  // Something that is not undone would be 4: it comes before what was refused.
  assert.equal(code, 3, log);
});
