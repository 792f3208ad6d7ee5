import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { isSecretKey } from '../../files/secret.ts';
import { rememberSecret } from '../../output/secrets.ts';
import { runProgram, words } from '../../processes/program.ts';
import { OperatorError, PermanentError } from '../../units/operator-error.ts';
import type { Power, PowerConfig, PowerState } from './power.ts';

type CommandConfig = Extract<PowerConfig, { kind: 'command' }>;

/** Power by three shell commands of the cluster file, `{node}` replaced. `state` prints `on` or `off`; a line `note: …` of `off` is for the report. */
export function commandPower(config: CommandConfig): Power {
  const env = { ...process.env, PATH: searchPath() };
  // The shell takes them from the environment, and a command may repeat what it was given.
  for (const [, name = ''] of `${config.off} ${config.on} ${config.state}`.matchAll(/\$\{?(\w+)/g))
    if (isSecretKey(name)) rememberSecret(process.env[name]);

  async function shell(verb: 'off' | 'on' | 'state', node: string): Promise<string> {
    // The name goes into a shell line: nothing but what a host name can hold may pass.
    if (!/^[\w.-]+$/.test(node)) {
      throw new PermanentError(`power ${verb}: '${node}' cannot stand in a shell command`, {
        hint: 'node names may hold letters, digits, dot, hyphen and underscore',
      });
    }
    const line = config[verb].replaceAll('{node}', node);
    const result = await runProgram('/bin/sh', ['-c', line], { env, timeout: config.timeout });
    if (result.timedOut) {
      throw new OperatorError(`power ${verb} of ${node}: no end within ${config.timeout} ms: ${line}`, {
        hint: 'raise `timeout` under `power` in the cluster file, or find out why the command hangs',
      });
    }
    if (result.code !== 0) {
      throw new OperatorError(`power ${verb} of ${node} failed (exit ${result.code}): ${line}\n${words(result)}`, {
        hint: 'run the command by hand; it must exit 0 once the node has no power (or has it again)',
      });
    }
    return result.stdout.trim();
  }

  return {
    kind: 'command',
    async off(node) {
      const note = /^note: (.+)$/m.exec(await shell('off', node))?.[1];
      return note === undefined ? {} : { note };
    },
    async on(node) {
      await shell('on', node);
    },
    async state(node): Promise<PowerState> {
      const said = await shell('state', node);
      return said === 'on' || said === 'off' ? said : 'unknown';
    },
  };
}

/** The suite's own `bin` and its Node come first, so that `brownout lab power …` works from a checkout too. */
function searchPath(): string {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  return [join(root, 'bin'), dirname(process.execPath), process.env.PATH].filter(Boolean).join(delimiter);
}
