import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clash, hardwareAddress, type Network } from './network.ts';

const network: Network = { name: 'bo-swarm', prefix: '10.77.0', file: '/nowhere' };
const having = (ifname: string, local: string, prefixlen: number) => [{ ifname, addr_info: [{ local, prefixlen }] }];

test('an interface inside the lab’s network, or around it, is in the way', () => {
  assert.equal(clash(network, having('eth1', '10.77.0.40', 24)), 'eth1 (10.77.0.40/24)');
  assert.equal(clash(network, having('vpn0', '10.1.2.3', 8)), 'vpn0 (10.1.2.3/8)');
  assert.equal(clash(network, having('tun0', '10.77.0.200', 30)), 'tun0 (10.77.0.200/30)');
});

test('other networks, IPv6 and the lab’s own interface are not', () => {
  assert.equal(clash(network, having('eth0', '10.78.0.1', 24)), undefined);
  assert.equal(clash(network, having('eth0', '192.168.77.1', 16)), undefined);
  assert.equal(clash(network, having('eth0', 'fd00::2', 64)), undefined);
  assert.equal(clash(network, having('bo-swarm', '10.77.0.1', 24)), undefined);
  assert.equal(clash(network, [{ ifname: 'eth3' }]), undefined);
});

test('a hardware address is local, for one machine, and made of its address alone', () => {
  assert.equal(hardwareAddress('10.77.0.20'), '02:4c:0a:4d:00:14');
});
