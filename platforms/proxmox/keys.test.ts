import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { keys, load } from './keys.ts';

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
