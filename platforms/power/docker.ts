import { OperatorError } from '../../units/operator-error.ts';
import { connect, describeFailure, isGone } from '../docker/client.ts';
import type { Power, PowerConfig } from './power.ts';

type DockerConfig = Extract<PowerConfig, { kind: 'docker' }>;

const KEEPS_NOTE = 'the node is a container that was killed: its page cache was kept, which a real power cut loses';

/** Power of nodes that are containers of a Docker engine (kind, k3d, docker-in-docker): kill and start. */
export function dockerPower(config: DockerConfig): Power {
  const engine = connect(config.host, undefined);

  async function container<T>(verb: string, node: string, work: (name: string) => Promise<T>): Promise<T> {
    const name = config.container.replaceAll('{node}', node);
    try {
      return await work(name);
    } catch (error) {
      throw new OperatorError(`power ${verb} of ${node} (container ${name}): ${describeFailure(error)}`, {
        hint: isGone(error)
          ? `no such container on ${config.host}: see \`container\` under \`power\` in the cluster file`
          : `is the Docker API at ${config.host} reachable?`,
        cause: error,
      });
    }
  }

  const running = async (name: string) =>
    (await engine.ask('inspect', (api) => api.getContainer(name).inspect())).State.Running;

  return {
    kind: 'docker',
    off: (node) =>
      container('off', node, async (name) => {
        if (await running(name)) await engine.ask('kill', (api) => api.getContainer(name).kill(), 30_000);
        return { note: KEEPS_NOTE };
      }),
    on: (node) =>
      container('on', node, async (name) => {
        if (!(await running(name))) await engine.ask('start', (api) => api.getContainer(name).start(), 30_000);
      }),
    state: (node) => container('state', node, async (name) => ((await running(name)) ? 'on' : 'off')),
  };
}
