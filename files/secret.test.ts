import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReference, isSecretKey, secretsInText, withoutSecrets } from './secret.ts';

test('keys that hold secrets are told from keys that speak of them', () => {
  for (const key of [
    'passwd',
    'password',
    'ipmi_password',
    'snmp-priv-passwd',
    'token',
    'api_token',
    'secret_key',
    'apiKey',
  ]) {
    assert.equal(isSecretKey(key), true, key);
  }
  for (const key of ['community', 'hexadecimal_kg', 'auth', 'clientSecret', 'PASSWORD'])
    assert.equal(isSecretKey(key), true, key);
  for (const key of [
    'password_script',
    'identity_file',
    'snmp_auth_prot',
    'username',
    'plug',
    'key',
    'keyboard',
    'ip',
  ]) {
    assert.equal(isSecretKey(key), false, key);
  }
});

test('references are no secrets', () => {
  for (const text of ['env:IPMI_PASSWORD', 'file:/run/secrets/ipmi', 'file:ipmi.txt', 'command:pass show ipmi'])
    assert.ok(isReference(text), text);
  for (const text of ['', 'env:', 'env:A B', 'env:1', 'file:', 'file: x', 'command:', 'hunter2', 'ENV:A'])
    assert.ok(!isReference(text), text);
});

test('secrets that their form gives away are left out', () => {
  const cases: Record<string, string> = {
    'https://ops:hunter2@pdu/': 'https://ops:•••@pdu/',
    'ipmi --password hunter2 off': 'ipmi --password ••• off',
    'ipmi --password=hunter2 off': 'ipmi --password=••• off',
    'IPMI_PASSWORD=hunter2 ipmi off': 'IPMI_PASSWORD=••• ipmi off',
    'ipmi --password "$PW" off': 'ipmi --password "$PW" off',
    'ipmi --password $PW off': 'ipmi --password $PW off',
    'IPMI_PASSWORD=$(cat /run/pw) ipmi off': 'IPMI_PASSWORD=$(cat /run/pw) ipmi off',
    'ipmi --password-file /run/pw off': 'ipmi --password-file /run/pw off',
    'secret-tool lookup ipmi password': 'secret-tool lookup ipmi password',
    'ssh://ops@m1:22': 'ssh://ops@m1:22',
    'http://vip:8080/a@b': 'http://vip:8080/a@b',
  };
  for (const [text, shown] of Object.entries(cases)) assert.equal(withoutSecrets(text), shown);
});

test('in a text that cannot be parsed, all that could be a secret is found', () => {
  const hidden = (text: string) => secretsInText(text).map(([from, to]) => text.slice(from, to));
  assert.deepEqual(hidden('a: 1\npasswd: "hunter2\nb: 2\n'), ['"hunter2']);
  assert.deepEqual(hidden('{ a: 1, token: hunter2, b: 2'), ['hunter2, b: 2']);
  assert.deepEqual(hidden('  secret_key: |\n    line one\n    line two\n  next: x'), ['|', 'line one', 'line two']);
  assert.deepEqual(hidden('password: env:IPMI\nusername: ops'), []);
});
