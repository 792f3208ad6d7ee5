/** The whole life of a fault on a real cluster: chosen, injected, proven from outside, healed, and nothing left of it. */
import assert from 'node:assert/strict';
import type { ActingWorld, Evidence } from '../../faults/fault.ts';
import { faults } from '../../faults/index.ts';
import type { Act, Target } from '../../platforms/platform.ts';

export type RecordingWorld = ActingWorld & { acts: { does: Act; undo: Act | undefined }[] };

const CONFIRM = 30_000;
const HEALED = 90_000;

export interface Lived {
  there: Evidence;
  over: Evidence;
}

/** @param during looks at the cluster while the fault is there */
export async function live(
  world: RecordingWorld,
  name: string,
  options: object,
  during: (targets: Target[], evidence: Evidence) => Promise<void> = async () => {},
): Promise<Lived> {
  const fault = faults[name]!;
  const chosen = fault.options.parse(options);
  const targets = fault.aim(world, chosen);
  const began = performance.now();
  const injection = await fault.inject(world, targets, chosen);
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  let there: Evidence | undefined;
  try {
    console.log(`  ${name}: injected after ${seconds()} s`);
    there = await injection.confirm(CONFIRM);
    assert.ok(there, `${name} is proven`);
    console.log(`  ${name}, ${seconds()} s: ${there.text}`);
    await during(targets, there);
  } finally {
    await injection.heal();
    await injection.heal();
  }
  const over = await injection.confirmHealed(HEALED);
  assert.ok(over, `${name} is proven to be over`);
  console.log(`  ${name}, healed, ${seconds()} s: ${over.text}`);
  const announced = fault.needs(chosen);
  for (const { does, undo } of world.acts) {
    assert.ok(announced.includes(does.verb), `${does.verb} was announced`);
    assert.ok(!undo || announced.includes(undo.verb), `${undo?.verb} was announced`);
  }
  return { there, over };
}
