import { nearest } from '../../files/nearest.ts';
import { readSecret } from '../../files/reference.ts';
import { isReference } from '../../files/secret.ts';
import { mask } from '../../output/secrets.ts';
import { type Ended, runProgram, words } from '../../processes/program.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { type FenceParameter, parseFenceMetadata } from './metadata.ts';
import type { Power, PowerConfig } from './power.ts';

type FenceConfig = Extract<PowerConfig, { kind: 'fence' }>;

/** Exit codes of `status` (ClusterLabs, Fence Agent API). Everything else means that the agent could not tell. */
const STATUS_ON = 0;
const STATUS_OFF = 2;

/** Where distributions install the agents; often not on a user's PATH. */
const AGENT_FOLDERS = '/usr/sbin:/sbin:/usr/local/sbin';

/**
 * Power by a ClusterLabs fence agent (IPMI, Redfish, PDUs, hypervisors, clouds). Parameters go to its standard input as
 * `key=value` lines, never onto its command line where any user could read a password. `{node}` in a value is replaced;
 * references to secrets are resolved at the moment of use.
 */
export function fencePower(config: FenceConfig): Power {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:${AGENT_FOLDERS}` };
  let parameters: Promise<FenceParameter[]> | undefined;

  async function call(input: Record<string, string>): Promise<Ended> {
    const lines = Object.entries(input).map(([key, value]) => `${key}=${value}\n`);
    try {
      const result = await runProgram(config.agent, [], { input: lines.join(''), env, timeout: config.timeout });
      if (!result.timedOut) return result;
    } catch (error) {
      throw new OperatorError(`fence agent ${config.agent} cannot be started: ${(error as Error).message}`, {
        hint: 'install it (Debian: apt-get install fence-agents) or correct `agent` under `power` in the cluster file',
        cause: error,
      });
    }
    throw new OperatorError(`${config.agent} action=${input.action}: no end within ${config.timeout} ms`, {
      hint: 'is its device reachable from here? `timeout` under `power` gives it more time',
    });
  }

  async function readParameters(): Promise<FenceParameter[]> {
    const result = await call({ action: 'metadata' });
    const found = result.code === 0 ? parseFenceMetadata(result.stdout) : undefined;
    if (found) return found;
    throw new OperatorError(`${config.agent} action=metadata gave no metadata: ${words(result)}`, {
      hint: 'is it a fence agent, and complete? run it by hand with -o metadata',
    });
  }

  async function run(action: 'on' | 'off' | 'status', node: string): Promise<Ended> {
    // One question is enough for the life of the agent; a failed one is asked again.
    parameters ??= readParameters();
    const known = await parameters.catch((error) => {
      parameters = undefined;
      throw error;
    });
    const options = checkFenceOptions(config, known, node);
    const secrets: string[] = [];
    const values: Record<string, string> = {};
    for (const [key, value] of Object.entries(options)) values[key] = await resolve(config.agent, key, value, secrets);
    const result = await call({ ...values, action });
    return { ...result, stdout: maskThese(result.stdout, secrets), stderr: maskThese(result.stderr, secrets) };
  }

  async function act(action: 'on' | 'off', node: string): Promise<void> {
    const result = await run(action, node);
    if (result.code === 0) return;
    throw new OperatorError(
      `${config.agent} action=${action} for ${node} failed (exit ${result.code}): ${words(result)}`,
      {
        hint: 'try the agent by hand with the same parameters',
      },
    );
  }

  return {
    kind: `fence ${config.agent}`,
    off: async (node) => {
      await act('off', node);
      return {};
    },
    on: (node) => act('on', node),
    async state(node) {
      const result = await run('status', node);
      if (result.code === STATUS_ON) return 'on';
      if (result.code === STATUS_OFF) return 'off';
      throw new OperatorError(
        `${config.agent} action=status for ${node} could not tell (exit ${result.code}): ${words(result)}`,
        { hint: 'address, login and plug of the power device: are they right in the cluster file?' },
      );
    },
  };
}

/**
 * The options for one node, `{node}` replaced and the plug filled in, checked against the agent's own metadata: unknown
 * names, values outside its choices and missing required parameters are errors here, not surprises at the power-off.
 */
export function checkFenceOptions(
  { agent, options }: Pick<FenceConfig, 'agent' | 'options'>,
  parameters: FenceParameter[],
  node: string,
): Record<string, string> {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const filled = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, value.replaceAll('{node}', node)]),
  );
  for (const [key, value] of Object.entries(filled)) {
    const parameter = byName.get(key);
    if (!parameter || key === 'action') {
      const usable = [...byName.keys()].filter((name) => name !== 'action');
      const near = nearest(key, usable);
      throw new OperatorError(
        key === 'action'
          ? `${agent}: 'action' is set by the suite, not by the cluster file`
          : `${agent} has no parameter '${key}'`,
        { hint: near ? `did you mean '${near}'?` : `it knows: ${usable.sort().join(', ')}` },
      );
    }
    if (/[\r\n]/.test(value)) throw new OperatorError(`${agent}: the value of '${key}' holds a line break`);
    if (!isReference(value) && parameter.choices.length > 0 && !parameter.choices.includes(value)) {
      throw new OperatorError(`${agent}: '${key}' cannot be '${value}'`, {
        hint: `expected one of: ${parameter.choices.join(', ')}`,
      });
    }
  }
  const given = (parameter: FenceParameter) => sameAs(parameter, parameters).some((name) => name in filled);
  const plug = byName.get('plug') ?? byName.get('port');
  // As Pacemaker does: without a plug of its own, the device knows the node by the node's name.
  if (plug?.required && !given(plug)) filled[plug.name] = node;
  const missing = parameters.filter(
    (parameter) =>
      parameter.required &&
      !parameter.deprecated &&
      !parameter.hasDefault &&
      parameter.name !== 'action' &&
      !given(parameter),
  );
  if (missing.length > 0) {
    throw new OperatorError(`${agent} needs ${missing.map(({ name }) => `'${name}'`).join(', ')}`, {
      hint: missing.map(({ name, description }) => `${name}: ${description}`).join('; '),
    });
  }
  return filled;
}

/** All names by which a parameter can be given: its own, the one it replaces, the ones that replace it. */
function sameAs(parameter: FenceParameter, all: FenceParameter[]): string[] {
  const newer = all.filter(({ obsoletes }) => obsoletes === parameter.name).map(({ name }) => name);
  return [parameter.name, ...(parameter.obsoletes ? [parameter.obsoletes] : []), ...newer];
}

/** Resolves a reference to a secret, and remembers it so that it can be kept out of every message. */
async function resolve(agent: string, key: string, value: string, secrets: string[]): Promise<string> {
  if (!isReference(value)) return value;
  const secret = await readSecret(value, `${agent}: '${key}'`);
  if (secret !== '') secrets.push(secret);
  return secret;
}

/** In what the agent says, its secrets are masked however short they are. */
function maskThese(text: string, secrets: string[]): string {
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  return longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '•••'), mask(text));
}
