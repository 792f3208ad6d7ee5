/** What a guest is given beside its disk: files, names of the others, and what it starts at each boot. */
import { statSync } from 'node:fs';
import { quote, runProgram, words } from '../../../processes/program.ts';
import { OperatorError } from '../../../units/operator-error.ts';
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
 * program's input, which every version passes on, and all that is small goes as one script: each program that the agent starts is some
 * calls of the API. /etc/rc.local is what both systemd and small inits start at each boot, so a guest that is booted cold on another
 * node plays its part again by itself.
 */
export async function install(api: Api, guest: Guest, given: Installing): Promise<void> {
  const { spec, packed } = given;
  const shell = (argv: string[], stdin: string, timeout: number) => mustExec(api, guest, argv, { stdin, timeout });
  let unpack = '';
  if (packed !== undefined && spec.files) {
    for (let at = 0; at < packed.length; at += LONGEST_INPUT) {
      const append = at === 0 ? `mkdir -p ${HOME} && cat >${HOME}/files.b64` : `cat >>${HOME}/files.b64`;
      await shell(['sh', '-c', append], packed.slice(at, at + LONGEST_INPUT), STEP);
    }
    const { to } = spec.files;
    unpack = `mkdir -p ${to}\nbase64 -d ${HOME}/files.b64 | tar --extract --gzip --directory ${to}\nrm ${HOME}/files.b64\n`;
  }
  await shell(['sh', '-eu'], unpack + setUp(given), UNPACK);
}

/** A shell script that gives the guest its name, the others' addresses and its parts, and starts those. */
function setUp({ spec, hostname, hosts }: Installing): string {
  const names = Object.keys(spec.parts);
  const all = names.map((name) => `${HOME}/run-${name} >/dev/null 2>&1 </dev/null &\n`).join('');
  // cloud-init writes /etc/hosts anew at every boot, as Proxmox tells it to.
  const known = `grep -q '# brownout$' /etc/hosts || cat ${HOME}/hosts >>/etc/hosts\n`;
  const files = {
    ...Object.fromEntries(names.map((name) => [`run-${name}`, runScript(name, spec.parts[name]!)])),
    run: `#!/bin/sh\n# Written by brownout.\n${known}${all}`,
    hosts: hosts.map((line) => `${line} # brownout\n`).join(''),
  };
  return [
    `mkdir -p ${HOME}`,
    ...Object.entries(files).map(([name, text]) => `printf %s ${quote(text)} >${HOME}/${name}`),
    `chmod 755 ${HOME}/run*`,
    // A template may have its own hosts, and what it starts itself.
    `hostname ${quote(hostname)}`,
    `echo ${quote(hostname)} >/etc/hostname`,
    `sed -i '/# brownout$/d' /etc/hosts`,
    `cat ${HOME}/hosts >>/etc/hosts`,
    `[ -e /etc/rc.local ] || printf '#!/bin/sh\\nexit 0\\n' >/etc/rc.local`,
    `grep -q '^${HOME}/run ' /etc/rc.local || sed -i '1a ${HOME}/run >/dev/null 2>\\&1 \\&' /etc/rc.local`,
    'chmod 755 /etc/rc.local',
    'sync',
    `setsid ${HOME}/run >/dev/null 2>&1 </dev/null &`,
    '',
  ].join('\n');
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
