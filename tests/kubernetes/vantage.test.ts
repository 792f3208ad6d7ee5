/** A pod on a named node of the lab's Kubernetes as a vantage: a prober that `kubectl exec` starts in it, as a cluster file would say. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../lab/command.ts';
import { cacheFolder } from '../../lab/image/cache.ts';
import { kubernetesLab } from '../../lab/kubernetes/layout.ts';
import { KUBECONFIG, readNotes } from '../../lab/kubernetes/notes.ts';
import type { StreamSpec } from '../../probes/probe.ts';
import { parseSamples, SampleEncoder } from '../../probes/samples.ts';
import type { Exchange } from '../../probes/vantage/exchanges.ts';
import { lookAt, startRemoteProber } from '../../probes/vantage/remote-prober.ts';
import type { Vantage } from '../../probes/vantage/vantage.ts';
import { giveToNode, IMAGE } from '../labs/container-image.ts';
import { labCluster } from '../labs/kubernetes.ts';
import { until } from '../until.ts';

const NODE = 'w2';
const POD = 'prober';
/** This computer, as the lab's pods see it. */
const HERE = `${kubernetesLab.network!.prefix}.1`;

const folder = mkdtempSync(join(cacheFolder(), 'vantage-test-'));
let takeImage: (() => Promise<void>) | undefined;
let kubectl: string[];
let server: Server;
let stream: StreamSpec;
let answered = 0;
const from = new Set<string>();

before(async () => {
  await labCluster();
  takeImage = await giveToNode(NODE, folder);
  kubectl = [join((await readNotes())!.programs, 'kubectl'), '--kubeconfig', KUBECONFIG, '--namespace', 'default'];
  const spec = {
    nodeName: NODE,
    // The lab's pods reach no other machine but by the network of their node.
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    terminationGracePeriodSeconds: 0,
    containers: [{ name: POD, image: IMAGE, imagePullPolicy: 'Never', command: ['sleep', 'infinity'] }],
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: POD }, spec };
  await run([...kubectl, 'apply', '--filename=-'], { input: JSON.stringify(pod) });
  await run([...kubectl, 'wait', '--for=condition=Ready', `pod/${POD}`, '--timeout=120s']);
  server = createServer((request, answer) => {
    answered++;
    from.add(request.socket.remoteAddress!);
    answer.end('fine');
  });
  await new Promise<void>((resolve) => server.listen(0, HERE, resolve));
  const { port } = server.address() as AddressInfo;
  stream = {
    name: 'page',
    kind: 'http',
    target: `http://${HERE}:${port}/`,
    every: 20,
    timeout: 1000,
    connection: 'new',
    writes: false,
    idPrefix: 'x-',
    options: { status: 200 },
  };
});
after(async () => {
  server?.close();
  if (kubectl) await run([...kubectl, 'delete', 'pod', POD, '--ignore-not-found', '--now']).catch(() => '');
  await takeImage?.();
  rmSync(folder, { recursive: true, force: true });
});

const vantage = (): Vantage => ({ kind: 'command', argv: [...kubectl, 'exec', '-i', POD, '--'] });

test('Node and addresses are told from inside the pod', { timeout: 60_000 }, async () => {
  const { node, addresses } = await lookAt({ vantage: vantage(), kinds: {} }, ['kubernetes.default.svc', 'localhost']);
  assert.match(node, /^\d+\.\d+\.\d+$/);
  assert.ok(addresses.localhost!.length > 0);
});

test('it probes from the pod, its clock is known, and nothing is left there', { timeout: 120_000 }, async (t) => {
  const pieces: Buffer[] = [];
  const exchanges: Exchange[] = [];
  const listener = {
    origin: (origin: string) => pieces.push(SampleEncoder.header(origin, [stream])),
    samples: (records: Buffer) => pieces.push(records),
    exchange: (exchange: Exchange) => exchanges.push(exchange),
  };
  const plan = { vantage: vantage(), streams: [stream], kinds: {}, seed: 1 };
  const prober = await startRemoteProber(plan, () => performance.now(), listener);
  await until('it has asked for a while', () => answered > 100);
  const { report, error } = await prober.stop();
  assert.equal(error, undefined);
  const { recorded, scheduled } = report as { recorded: Record<string, number>; scheduled: Record<string, number> };
  assert.deepEqual(recorded, scheduled);
  const [page] = parseSamples(Buffer.concat(pieces), 'samples').streams;
  assert.equal(page!.n, recorded.page);
  assert.ok(page!.outcome.every((outcome) => outcome === 0));
  const unsure = Math.min(...exchanges.map(({ asked, heard }) => heard - asked)) / 2;
  t.diagnostic(
    `asked from ${[...from]}, ${page!.n} samples, clock ± ${unsure.toFixed(2)} ms of ${exchanges.length} looks`,
  );
  assert.ok(exchanges.length >= 32);
  assert.ok(![...from].some((address) => address.includes(HERE)), 'not from this computer');
  const processes = () => run([...kubectl, 'exec', POD, '--', 'sh', '-c', "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]);
  await until('its process is gone', async () => !(await processes()).includes('brownout-prober'));
});

test('a pod that is killed is the end of its vantage, and no outage', { timeout: 120_000 }, async () => {
  const pieces: Buffer[] = [];
  const listener = {
    origin: (origin: string) => pieces.push(SampleEncoder.header(origin, [stream])),
    samples: (records: Buffer) => pieces.push(records),
    exchange: () => {},
  };
  answered = 0;
  const plan = { vantage: vantage(), streams: [stream], kinds: {}, seed: 1 };
  const prober = await startRemoteProber(plan, () => performance.now(), listener);
  await until('it has asked for a while', () => answered > 50);
  await run([...kubectl, 'delete', 'pod', POD, '--now']);
  const { error } = await prober.ended;
  assert.match(error ?? '', /the connection ended with code/);
  const [page] = parseSamples(Buffer.concat(pieces), 'samples').streams;
  assert.ok(page!.n > 20 && page!.outcome.every((outcome) => outcome === 0));
});
