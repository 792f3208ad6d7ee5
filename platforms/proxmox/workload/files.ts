/** What a guest is given beside its disk: files, names of the others, and what it starts at each boot. */
import { statSync } from 'node:fs';
import { OperatorError } from '../../../units/operator-error.ts';
import { quote, runProgram, words } from '../../../units/program.ts';
import { type Guest, LONGEST_INPUT, mustExec } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import type { GuestSpec, PartSpec } from './manifest.ts';

const HOME = '/opt/brownout';
const STEP = 30_000;
const UNPACK = 120_000;

/** A folder as base64 of a compressed archive. Throws OperatorError where there is none. */
export async function pack(folder: string): Promise<string> {
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is no folder');
  } catch (error) {
    throw new OperatorError(`the files of a guest cannot be read: ${folder}: ${(error as Error).message}`);
  }
  const line = 'tar --create --gzip --owner=0 --group=0 --directory "$1" . | base64 --wrap=0';
  const result = await runProgram('sh', ['-c', line, 'pack', folder], { timeout: 60_000 });
  if (result.code !== 0) throw new OperatorError(`the files in ${folder} cannot be packed: ${words(result)}`);
  return result.stdout;
}

export interface Installing {
  spec: GuestSpec;
  hostname: string;
  /** Lines of /etc/hosts. */
  hosts: string[];
  /** As `pack` gives it. */
  packed: string | undefined;
}

/**
 * Through the agent: what takes an account (ssh, snippets of cloud-init) would need more rights over more machines. Files go through a
 * program's input, which every version passes on; /etc/rc.local is what both systemd and small inits start at each boot, so a guest that
 * is booted cold on another node plays its part again by itself.
 */
export async function install(api: Api, guest: Guest, { spec, hostname, hosts, packed }: Installing): Promise<void> {
  const shell = (script: string, stdin?: string, timeout = STEP) =>
    mustExec(api, guest, ['sh', '-c', script], { timeout, ...(stdin === undefined ? {} : { stdin }) });
  await shell(`mkdir -p ${HOME} && rm -f ${HOME}/files.b64`);
  if (packed !== undefined && spec.files) {
    for (let at = 0; at < packed.length; at += LONGEST_INPUT)
      await shell(`cat >>${HOME}/files.b64`, packed.slice(at, at + LONGEST_INPUT));
    const to = spec.files.to;
    await shell(
      `mkdir -p ${to} && base64 -d ${HOME}/files.b64 | tar --extract --gzip --directory ${to} && rm ${HOME}/files.b64`,
      undefined,
      UNPACK,
    );
  }
  const names = Object.keys(spec.parts);
  for (const name of names) {
    await shell(`cat >${HOME}/run-${name} && chmod 755 ${HOME}/run-${name}`, runScript(name, spec.parts[name]!));
  }
  const all = names.map((name) => `${HOME}/run-${name} >/dev/null 2>&1 </dev/null &\n`).join('');
  // cloud-init writes /etc/hosts anew at every boot, as Proxmox tells it to.
  const known = `grep -q '# brownout$' /etc/hosts || cat ${HOME}/hosts >>/etc/hosts\n`;
  await shell(`cat >${HOME}/run && chmod 755 ${HOME}/run`, `#!/bin/sh\n# Written by brownout.\n${known}${all}`);
  // A template may have its own hosts, and what it starts itself.
  await shell(
    `hostname ${quote(hostname)}; echo ${quote(hostname)} >/etc/hostname; sed -i '/# brownout$/d' /etc/hosts
     cat >${HOME}/hosts && cat ${HOME}/hosts >>/etc/hosts`,
    hosts.map((line) => `${line} # brownout\n`).join(''),
  );
  await shell(
    `[ -e /etc/rc.local ] || printf '#!/bin/sh\\nexit 0\\n' >/etc/rc.local
     grep -q '^${HOME}/run ' /etc/rc.local || sed -i '1a ${HOME}/run >/dev/null 2>\\&1 \\&' /etc/rc.local
     chmod 755 /etc/rc.local; sync
     setsid ${HOME}/run >/dev/null 2>&1 </dev/null &`,
  );
}

/** One at a time: what a boot has started is not started again by hand. */
export function runScript(name: string, { environment, start, restart }: PartSpec): string {
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`);
  const command = start.map(quote).join(' ');
  return [
    '#!/bin/sh',
    `# Written by brownout. Plays the part of ${name}; started by /etc/rc.local.`,
    `exec 8>/run/brownout-${name}.lock`,
    'flock --nonblock 8 || exit 0',
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8',
    ...exports,
    'mkdir -p /var/log',
    ...(restart === undefined
      ? [`${command} >>/var/log/brownout-${name}.log 2>&1 8>&-`]
      : ['while :; do', `  ${command} >>/var/log/brownout-${name}.log 2>&1 8>&-`, `  sleep ${restart}`, 'done']),
    '',
  ].join('\n');
}
