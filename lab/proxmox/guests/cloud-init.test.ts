import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudInitFiles } from './cloud-init.ts';

const config = { name: 'web1', ciuser: 'root', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0', nameserver: '10.0.0.1' };

test("cloud-init's files as Proxmox VE writes them", () => {
  const keys = encodeURIComponent('ssh-ed25519 AAAA one\nssh-ed25519 BBBB two\n');
  const files = cloudInitFiles(100, { ...config, ipconfig0: 'ip=10.0.0.2/20,gw=10.0.0.1', sshkeys: keys });
  assert.match(files['user-data'], /^#cloud-config\nhostname: web1\n/);
  assert.match(files['user-data'], /ssh_authorized_keys:\n {2}- ssh-ed25519 AAAA one\n {2}- ssh-ed25519 BBBB two\n/);
  assert.match(files['network-config'], /mac_address: 'bc:24:11:00:00:01'/);
  assert.match(files['network-config'], /address: '10.0.0.2'\n {8}netmask: '255.255.240.0'\n {8}gateway: '10.0.0.1'/);
  assert.match(files['network-config'], /- type: nameserver\n {6}address:\n {6}- '10.0.0.1'/);
});

test('an address that is none is named', () => {
  assert.throws(() => cloudInitFiles(100, { ...config, ipconfig0: 'ip=10.0.0.2' }), /ipconfig0: '10.0.0.2' is not/);
});
