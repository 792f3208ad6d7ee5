/** Every way to a Docker API that a cluster file can name, each to the lab's manager through a proxy of its own. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { execaSync } from 'execa';
import { createPlatform } from '../../platforms/index.ts';
import type { SwarmCluster, SwarmReach } from '../../platforms/swarm/cluster.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { deployAct, labCluster } from '../labs/swarm.ts';

const NAMESPACE = 'brownout-test-reach';
const DOCKER_PORT = 2375;

/** What a platform says that can be opened but not reached. */
async function refusal(cluster: SwarmCluster): Promise<OperatorError> {
  const platform = await createPlatform(cluster);
  try {
    await platform.inspect();
  } catch (error) {
    assert.ok(error instanceof OperatorError);
    return error;
  } finally {
    await platform.close();
  }
  assert.fail('it was reached');
}

describe('a Swarm is reached', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-reach-'));
  const open: Server[] = [];
  const path = process.env.PATH;
  let cluster: SwarmCluster;
  let manager: string;

  before(async () => {
    cluster = await labCluster();
    manager = new URL(cluster.reach.hosts[0]!).hostname;
  });
  after(() => {
    for (const server of open) server.close();
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  /** Passes everything on to the manager's Docker API. */
  const passOn = (from: Socket) => {
    const to = connect({ host: manager, port: DOCKER_PORT });
    from.pipe(to).pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  };

  /** Questions, a command line (docker stack deploy) and a two-way stream (exec): all go the same way. */
  async function works(reach: SwarmReach): Promise<void> {
    const others = cluster.reach.hosts.slice(1);
    const platform = await createPlatform({
      ...cluster,
      reach: { ...reach, hosts: [...reach.hosts, ...(reach.tls ? [] : others)] },
    });
    try {
      assert.equal((await platform.inspect()).nodes.length, cluster.reach.hosts.length);
      const { verb, args } = deployAct(NAMESPACE, 'test-reach');
      const manifest = String(args.manifest).replace('replicas: 2', 'replicas: 0');
      await platform.perform({ verb, args: { ...args, manifest } });
      await platform.untilReady({ namespace: NAMESPACE, services: { back: 1 } }, 60_000);
      const [back] = await platform.members(NAMESPACE, 'back');
      const { stdout } = await platform.exec(back!, ['cat'], { stdin: 'there and back' });
      assert.equal(stdout, 'there and back');
    } finally {
      await platform.close();
      const direct = await createPlatform(cluster);
      await direct.perform({ verb: 'remove', args: { namespace: NAMESPACE } });
      await direct.close();
    }
  }

  it('by a local socket', async () => {
    const socket = join(folder, 'docker.sock');
    const server = createServer({ allowHalfOpen: true }, passOn);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    open.push(server);
    await works({ hosts: [`unix://${socket}`], tls: undefined });
  });

  it('by TLS, with a certificate on both sides', async () => {
    const ssl = (...argv: string[]) => execaSync('openssl', argv, { cwd: folder, stdio: 'pipe' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    ssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '1');
    for (const name of ['server', 'client']) {
      writeFileSync(join(folder, `${name}.ext`), 'subjectAltName = IP:127.0.0.1\n');
      ssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', `${name}.ext`];
      ssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`);
    }
    const pem = (name: string) => readFileSync(join(folder, name));
    const options = { key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem'), requestCert: true };
    const server = createTlsServer({ ...options, rejectUnauthorized: true, allowHalfOpen: true }, passOn);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(server);
    const hosts = [`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`];
    const material = (name: string) => ({
      ca: join(folder, 'ca.pem'),
      cert: join(folder, `${name}.pem`),
      key: join(folder, `${name}.key`),
    });
    await works({ hosts, tls: material('client') });
    await assert.rejects(
      createPlatform({ ...cluster, reach: { hosts, tls: material('none') } }),
      /TLS file cannot be read/,
    );
    const { message } = await refusal({ ...cluster, reach: { hosts, tls: undefined } });
    assert.match(message, /no manager of the Swarm answers/);
  });

  it("by ssh, with the user's own ssh command", async () => {
    // What ssh would do on the other side, done on this one.
    const ssh = join(folder, 'ssh');
    const remote = `while [ "$1" != docker ]; do shift; done; exec "$@"`;
    writeFileSync(
      ssh,
      `#!/bin/sh\necho "$*" >> ${folder}/ssh.log\nexport DOCKER_HOST=tcp://${manager}:${DOCKER_PORT}\n${remote}\n`,
    );
    chmodSync(ssh, 0o755);
    process.env.PATH = `${folder}:${path}`;
    await works({ hosts: ['ssh://ops@manager.example:2222'], tls: undefined });
    assert.match(readFileSync(join(folder, 'ssh.log'), 'utf8'), /BatchMode=yes.*-p 2222.*ops@manager\.example/);
    writeFileSync(ssh, '#!/bin/sh\necho Permission denied >&2; exit 255\n');
    const hosts = ['ssh://ops@manager.example'];
    assert.match((await refusal({ ...cluster, reach: { hosts, tls: undefined } })).message, /Permission denied/);
  });

  it('or says which hosts do not answer', async () => {
    const reach = { hosts: ['tcp://127.0.0.1:1', 'unix:///no/such/socket'], tls: undefined };
    const { message } = await refusal({ ...cluster, reach });
    assert.match(message, /127\.0\.0\.1:1: .*ECONNREFUSED.*\/no\/such\/socket: .*ENOENT/);
    const nonsense = { hosts: ['10.77.0.11'], tls: undefined };
    await assert.rejects(createPlatform({ ...cluster, reach: nonsense }), /not the address of a Docker API/);
  });
});
