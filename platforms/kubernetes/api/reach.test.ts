import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { execaSync } from 'execa';
import { mask } from '../../../output/secrets.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { openReach } from './reach.ts';

describe('the way to a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'brownout-reach-'));
  const kubeconfig = join(folder, 'config');
  after(() => rmSync(folder, { recursive: true }));

  const write = (user: object, more: object = {}) => {
    const config = {
      clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443' } }],
      users: [{ name: 'u', user }],
      contexts: [
        { name: 'mine', context: { cluster: 'c', user: 'u' } },
        { name: 'torn', context: { cluster: 'gone', user: 'u' } },
      ],
      'current-context': 'mine',
      ...more,
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
  };
  const refused = (context: string, file = kubeconfig): OperatorError => {
    try {
      openReach({ kubeconfig: file, context });
    } catch (error) {
      assert.ok(error instanceof OperatorError, String(error));
      return error;
    }
    assert.fail('it was opened');
  };

  it('makes known which of it is secret, before anything is asked', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n';
    write(
      {
        token: 'the-token-of-u',
        'client-certificate-data': Buffer.from('a certificate').toString('base64'),
        'client-key-data': Buffer.from(key).toString('base64'),
      },
      {
        clusters: [
          { name: 'c', cluster: { server: 'https://api.example', 'proxy-url': 'http://me:the-proxy%27s@p:1' } },
        ],
      },
    );
    openReach({ kubeconfig, context: 'mine' });
    write({ username: 'u', password: 'the-password-of-u' });
    openReach({ kubeconfig, context: 'mine' });
    write({
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: 'x',
        env: [{ name: 'API_TOKEN', value: 'of-the-plugin' }],
      },
    });
    openReach({ kubeconfig, context: 'mine' });
    const secrets = ['the-token-of-u', 'the-password-of-u', "the-proxy's", 'of-the-plugin'];
    for (const secret of [...secrets, 'MIIEvQIBADANBgkqhkiG9w0B', Buffer.from(key).toString('base64')])
      assert.equal(mask(`a ${secret} b`), 'a ••• b', secret);
  });

  it('is a context that is named; what is current is not asked', async () => {
    write({ token: 'hunter2' });
    const reach = openReach({ kubeconfig, context: 'mine' });
    assert.equal(reach.server.origin, 'https://api.example:6443');
    assert.equal((await reach.access()).headers.Authorization, 'Bearer hunter2');
    const { message, hint } = refused('production');
    assert.match(message, /no context 'production'/);
    assert.equal(hint, 'contexts there: mine, torn');
    assert.match(refused('torn').message, /names the cluster 'gone', which is not there/);
  });

  it('needs a file that is there and whole, and repeats nothing of it', () => {
    assert.match(refused('mine', join(folder, 'none')).message, /there is no kubeconfig .*none/);
    writeFileSync(kubeconfig, 'users:\n  - token: hunter2\n   bad: [\n');
    const { message, hint } = refused('mine');
    assert.match(message, /cannot be read as a kubeconfig/);
    assert.doesNotMatch(`${message}${hint}`, /hunter2/);
    writeFileSync(kubeconfig, 'just words');
    assert.match(refused('mine').message, /no context 'mine'/);
  });

  it('takes credentials from a plugin, and says what the plugin said when it fails', async () => {
    const exec = (script: string) => ({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] },
    });
    const status = { token: 'from-plugin' };
    const credential = JSON.stringify({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      status,
    });
    write(exec(`echo '${credential}'`));
    const reach = openReach({ kubeconfig, context: 'mine' });
    assert.equal((await reach.access()).headers.Authorization, 'Bearer from-plugin');
    write(exec('echo log in first >&2; exit 1'));
    await assert.rejects(
      openReach({ kubeconfig, context: 'mine' }).access(),
      /no credentials for .*: log in first \(exit 1\)/,
    );
  });

  it('asks a plugin once for all who need it at the same time, also when its answer has expired', async () => {
    const asked = join(folder, 'asked');
    const credential = (seconds: number) =>
      JSON.stringify({
        kind: 'ExecCredential',
        apiVersion: 'client.authentication.k8s.io/v1',
        status: { token: 'short', expirationTimestamp: new Date(Date.now() + seconds * 1000).toISOString() },
      });
    const script = `echo x >> ${asked}; [ $(wc -l < ${asked}) = 1 ] && echo '${credential(-1)}' || echo '${credential(600)}'`;
    write({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script] } });
    const reach = openReach({ kubeconfig, context: 'mine' });
    const all = () => Promise.all(Array.from({ length: 6 }, () => reach.access()));
    const times = () => readFileSync(asked, 'utf8').split('\n').length - 1;
    await all();
    assert.equal(times(), 1);
    await all();
    assert.equal(times(), 2);
    await all();
    assert.equal(times(), 2);
  });

  it('reads a token that was renewed', async () => {
    write({ token: 'old' });
    const reach = openReach({ kubeconfig, context: 'mine' });
    write({ token: 'new' });
    assert.equal((await reach.access()).headers.Authorization, 'Bearer old');
    reach.renew();
    assert.equal((await reach.access()).headers.Authorization, 'Bearer new');
  });

  it('suspects a certificate that has expired', () => {
    const [key, request, certificate] = [join(folder, 'key'), join(folder, 'request'), join(folder, 'certificate')];
    const openssl = (...args: string[]) => execaSync('openssl', args, { stdio: 'ignore' });
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-new', '-subj', '/CN=u', ...curve, '-keyout', key, '-out', request);
    const made = (days: string) => {
      openssl('x509', '-req', '-in', request, '-signkey', key, '-days', days, '-out', certificate);
      write({ 'client-certificate-data': readFileSync(certificate).toString('base64'), 'client-key': key });
      return openReach({ kubeconfig, context: 'mine' }).suspicion();
    };
    assert.match(made('-1') ?? '', /certificate of user 'u' expired on /);
    assert.equal(made('1'), undefined);
  });

  it('is from inside only where there is an inside', () => {
    assert.throws(() => openReach({ inCluster: true }), /does not run in a pod/);
  });
});
