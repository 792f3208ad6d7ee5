import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { keys, load, together } from './keys.ts';

const PIN = `${'ab:'.repeat(31)}ab`;
const TOKEN = { id: 'brownout@pve!suite', secret: 'env:PVE_SECRET' };
const ENDPOINTS = ['https://pve1.example.org:8006', 'https://[2001:db8::1]:8006/'];

const schema = z.strictObject(keys);
const read = (reach: object) => load(schema.parse({ reach }), '/clusters').reach;
const refused = (reach: object): string => {
  const { success, error } = schema.safeParse({ reach });
  assert.equal(success, false, JSON.stringify(reach));
  return error!.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n');
};

describe('the way to a Proxmox cluster', () => {
  it('is endpoints, a token and a pin, or a user and an authority', () => {
    assert.deepEqual(read({ endpoints: ENDPOINTS, token: TOKEN, fingerprint: PIN }), {
      endpoints: ['https://pve1.example.org:8006', 'https://[2001:db8::1]:8006'],
      login: { token: 'brownout@pve!suite', secret: 'env:PVE_SECRET' },
      trust: { fingerprints: [PIN.toUpperCase()] },
    });
    const user = { user: 'root@pam', password: 'command:pass show pve' };
    assert.deepEqual(read({ endpoints: ENDPOINTS, ...user, ca: 'ca.pem' }).trust, { ca: '/clusters/ca.pem' });
    assert.deepEqual(read({ endpoints: ENDPOINTS, ...user }), {
      endpoints: ['https://pve1.example.org:8006', 'https://[2001:db8::1]:8006'],
      login: user,
      trust: { ca: undefined },
    });
    assert.deepEqual(read({ endpoints: ENDPOINTS, token: TOKEN, fingerprint: [PIN, PIN] }).trust, {
      fingerprints: [PIN.toUpperCase(), PIN.toUpperCase()],
    });
  });

  it('is refused where it is none, and says what was expected', () => {
    const cases: [object, RegExp][] = [
      [{ token: TOKEN }, /reach\.endpoints: /],
      [{ endpoints: [], token: TOKEN }, /at least one endpoint/],
      [{ endpoints: ['http://pve1:8006'], token: TOKEN }, /reach\.endpoints\.0: expected https:\/\/host:port/],
      [{ endpoints: ['https://pve1:8006/api2/json'], token: TOKEN }, /expected https:\/\/host:port/],
      [{ endpoints: ['https://root@pve1:8006'], token: TOKEN }, /expected https:\/\/host:port/],
      [{ endpoints: ['https://root:hunter2@pve1:8006'], token: TOKEN }, /a secret stands here/],
      [{ endpoints: ['https://a:8006', 'https://a:8006/'], token: TOKEN }, /given twice/],
      [{ endpoints: ENDPOINTS }, /expected `token`, or `user` and `password`/],
      [{ endpoints: ENDPOINTS, user: 'root@pam' }, /'password' is missing/],
      [{ endpoints: ENDPOINTS, password: 'env:A' }, /'user' is missing/],
      [{ endpoints: ENDPOINTS, token: TOKEN, user: 'root@pam' }, /reach\.token: excludes 'user'/],
      [{ endpoints: ENDPOINTS, token: { ...TOKEN, id: 'root@pam' } }, /token\.id: expected user@realm!name/],
      [{ endpoints: ENDPOINTS, token: { ...TOKEN, secret: 'e9b2' } }, /token\.secret: a secret stands here as a value/],
      [{ endpoints: ENDPOINTS, user: 'root', password: 'env:A' }, /reach\.user: expected user@realm/],
      [{ endpoints: ENDPOINTS, user: 'root@pam', password: 'hunter2' }, /a secret stands here as a value/],
      [{ endpoints: ENDPOINTS, token: TOKEN, fingerprint: 'ab:cd' }, /expected a SHA-256 fingerprint/],
      [{ endpoints: ENDPOINTS, token: TOKEN, fingerprint: [] }, /at least one fingerprint/],
      [{ endpoints: ENDPOINTS, token: TOKEN, fingerprint: PIN, ca: 'ca.pem' }, /reach\.ca: excludes 'fingerprint'/],
      [{ endpoints: ENDPOINTS, token: TOKEN, insecure: true }, /insecure/],
    ];
    for (const [reach, words] of cases) {
      const said = refused(reach);
      assert.match(said, words);
      assert.doesNotMatch(said, /hunter2|e9b2/);
    }
  });
});

describe('where guests come from', () => {
  const reach = { endpoints: ENDPOINTS, token: TOKEN };
  const whole = (more: object) => load(schema.parse({ reach, ...more }), '/clusters');

  it('is a template, an image or guests that are there, with numbers and addresses for them', () => {
    const cluster = whole({
      template: 9000,
      storage: 'ceph',
      vmids: '7000-7099',
      addresses: '10.0.0.254-10.0.1.1/16',
      gateway: '10.0.0.1',
      ssh: { key: 'id', 'known-hosts': 'hosts' },
    });
    assert.deepEqual(cluster.from, { template: 9000 });
    assert.deepEqual(cluster.vmids, { first: 7000, last: 7099 });
    assert.deepEqual(cluster.addresses, { all: ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1'], prefix: 16 });
    assert.deepEqual(cluster.ssh, { user: 'root', port: 22, key: '/clusters/id', knownHosts: '/clusters/hosts' });
    assert.deepEqual(whole({ image: 'shared:import/d.qcow2' }).from, { image: 'shared:import/d.qcow2' });
    assert.deepEqual(whole({ guests: { vote: [101, 102] } }).from, { guests: { vote: [101, 102] } });
    assert.equal(whole({}).from, undefined);
  });

  it('is refused where it makes no sense', () => {
    const cases: [object, RegExp][] = [
      [{ template: 99 }, /template: expected the number of a guest/],
      [{ image: 'debian.qcow2' }, /image: expected a volume/],
      [{ vmids: '200-100' }, /vmids: the first is greater/],
      [{ vmids: '200' }, /vmids: expected two numbers/],
      [{ addresses: '10.0.0.9-10.0.0.1/24' }, /addresses: expected two addresses/],
      [{ addresses: '10.0.0.1-10.0.1.1/24' }, /addresses: expected two addresses/],
      [{ addresses: '10.0.0.1-10.0.0.300/24' }, /addresses: expected two addresses/],
      [{ gateway: 'fe80::1' }, /gateway: expected an IPv4 address/],
      [{ guests: { vote: [101, 101] } }, /guests.vote: the same guest is given twice/],
      [{ ssh: { password: 'x' } }, /password/],
    ];
    for (const [more, words] of cases) {
      const { error } = schema.safeParse({ reach, ...more });
      assert.ok(error, JSON.stringify(more));
      assert.match(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'), words);
    }
  });

  it('have a gateway of their own subnet that none of them is', () => {
    const wrong = (gateway: string) =>
      together({ addresses: '10.0.0.100-10.0.0.149/24', gateway }).map(({ message }) => message);
    assert.deepEqual(wrong('10.0.0.1'), []);
    assert.match(wrong('10.0.0.101')[0]!, /10\.0\.0\.101 is one of 'addresses'/);
    assert.match(wrong('192.168.1.1')[0]!, /not in the subnet of 'addresses' \(\/24\)/);
  });
});
