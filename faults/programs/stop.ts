/** What the faults share that stop a program of a node: how it is stopped, and how it comes back whatever happens. */
import type { ActingWorld, Done } from '../fault.ts';

export interface Stopping {
  /** `kubelet`, `runtime`, or a component of the control plane as its static pod is labelled. */
  program: string;
  how: 'frozen' | 'gone';
  /** Where it says whether it is well; asked from the node itself before it is stopped. */
  health?: string;
  /** It starts again by itself after so many ms, whatever became of the suite. */
  timer: number;
}

export const STOP_NEEDS = ['program.stop', 'program.start', 'images.tools'];

export async function stopOn(
  world: ActingWorld,
  nodes: string[],
  { program, how, timer, health }: Stopping,
): Promise<Done[]> {
  const name = agentName(world, program);
  const seconds = String(Math.ceil(timer / 1000));
  return Promise.all(
    nodes.map((node) =>
      world.act(
        {
          verb: 'program.stop',
          args: {
            ...{ node, name, run: world.run, image: world.toolsImage, program, how, seconds },
            ...(health === undefined ? {} : { health }),
          },
        },
        { verb: 'program.start', args: { node, name, seconds } },
      ),
    ),
  );
}

export const agentName = (world: ActingWorld, program: string) => `brownout-${world.run}-${program}`;
