/** What Proxmox VE writes onto the drive of cloud-init. */
import type { GuestConfig } from '../node/parts.ts';
import { netsOf, parseOptions } from './config.ts';

/** The files `user-data` and `network-config` of a guest's configuration. Throws an Error that names the address which is none. */
export function cloudInitFiles(vmid: number, config: GuestConfig): Record<'user-data' | 'network-config', string> {
  return { 'user-data': userData(vmid, config), 'network-config': networkConfig(config) };
}

function userData(vmid: number, config: GuestConfig): string {
  const { ciuser, cipassword, sshkeys, name = `VM${vmid}` } = config;
  const lines = ['#cloud-config', `hostname: ${name}`, 'manage_etc_hosts: true', `fqdn: ${name}`];
  if (ciuser !== undefined) {
    lines.push(`user: ${ciuser}`);
    if (ciuser === 'root') lines.push('disable_root: False');
  }
  if (cipassword !== undefined) lines.push(`password: ${cipassword}`);
  if (sshkeys !== undefined) {
    const keys = decodeURIComponent(sshkeys)
      .split('\n')
      .filter((line) => line.trim() !== '');
    lines.push('ssh_authorized_keys:', ...keys.map((key) => `  - ${key.trim()}`));
  }
  lines.push('chpasswd:', '  expire: False');
  if (ciuser !== 'root') lines.push('users:', '  - default');
  return `${lines.join('\n')}\n`;
}

function networkConfig(config: GuestConfig): string {
  const lines = ['version: 1', 'config:'];
  for (const { key, mac } of netsOf(config)) {
    const number = key.slice('net'.length);
    const address = config[`ipconfig${number}`];
    if (address === undefined) continue;
    lines.push(
      '    - type: physical',
      `      name: eth${number}`,
      `      mac_address: '${mac?.toLowerCase()}'`,
      '      subnets:',
    );
    const { ip, gw, ip6 } = parseOptions(address, 'ip');
    if (ip === 'dhcp') lines.push('      - type: dhcp4');
    else if (ip !== undefined) {
      const [, host, bits] = /^(\d+(?:\.\d+){3})\/(\d+)$/.exec(ip) ?? [];
      if (host === undefined || Number(bits) > 32)
        throw new Error(`invalid format - ipconfig${number}: '${ip}' is not ADDRESS/BITS`);
      lines.push('      - type: static', `        address: '${host}'`, `        netmask: '${netmask(Number(bits))}'`);
      if (gw !== undefined) lines.push(`        gateway: '${gw}'`);
    }
    if (ip6 !== undefined && ip6 !== 'auto' && ip6 !== 'dhcp')
      lines.push('      - type: static6', `        address: '${ip6}'`);
  }
  const { nameserver, searchdomain } = config;
  if (nameserver !== undefined || searchdomain !== undefined) {
    lines.push('    - type: nameserver');
    if (nameserver !== undefined)
      lines.push('      address:', ...nameserver.split(/[ ,;]+/).map((each) => `      - '${each}'`));
    if (searchdomain !== undefined)
      lines.push('      search:', ...searchdomain.split(/[ ,;]+/).map((each) => `      - '${each}'`));
  }
  return `${lines.join('\n')}\n`;
}

/** 24 → 255.255.255.0 */
function netmask(bits: number): string {
  return [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - from)))).join('.');
}
