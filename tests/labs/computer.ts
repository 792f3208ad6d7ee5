/** What a lab could change on this computer, or leave behind on it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';

export function everything(): Record<string, string[]> {
  const lines = (argv: string[]) => {
    const [program, ...args] = argv as [string, ...string[]];
    return execaSync(program, args, { stdin: 'ignore', stderr: 'ignore' }).stdout.split('\n');
  };
  // Settings, not the counters that a computer moves by itself.
  const setting = /^(kernel|net|user|vm)\./;
  const moving = /^(kernel\.(ns_last_pid|pty\.nr|random\.)|net\.netfilter\.nf_conntrack_count)/;
  return {
    links: lines(['ip', '-oneline', 'link']).map((line) => line.split(':')[1]?.trim() ?? ''),
    addresses: lines(['ip', '-oneline', 'address']).map((line) => line.replace(/^\d+:|(valid|preferred)_lft \S+/g, '')),
    routes: lines(['ip', 'route', 'show', 'table', 'all']),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ').slice(4).join(' ')),
    groups: lines(['find', '/sys/fs/cgroup', '-type', 'd']),
    sysctls: lines(['sysctl', '--all']).filter((line) => setting.test(line) && !moving.test(line)),
    filter: lines(['iptables-save'])
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(/\[\d+:\d+\]/, '')),
    files: ['/run', '/etc', '/var/lib', '/usr/sbin'].flatMap((folder) =>
      readdirSync(folder).map((name) => join(folder, name)),
    ),
    loops: lines(['losetup', '--noheadings', '--output', 'NAME,BACK-FILE']),
    processes: labProcesses(),
  };
}

/** Processes that belong to a lab: by the control group that they are in, and by what they run. Each with its group. */
function labProcesses(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const group = /^\d+:[^:]*:(.*brownout-lab\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
        const elsewhere = readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt');
        const daemon = elsewhere && /^(\S*\/)?(dockerd|containerd|haproxy|mmdebstrap)\b/.test(command);
        return group || daemon || command.includes('/brownout-lab/') ? [`${group ?? ''} ${pid} ${command}`] : [];
      } catch {
        return []; // It ended while it was looked at.
      }
    });
}
