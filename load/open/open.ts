import { createProbe, importKinds } from '../../probes/kinds.ts';
import type { Engine } from '../engine.ts';
import { specOf } from '../request.ts';
import { Sender } from './sender.ts';

/** The suite's own client in a process of its own, on an exact schedule: the open model. */
export const open: Engine<'open'> = {
  check: async () => 'open',
  start: async (load, world) => {
    const { kind, kindFile } = load.request;
    const kinds = await importKinds(kindFile === undefined ? {} : { [kind]: kindFile });
    const fastest = Math.max(load.rate.from, ...load.rate.stages.map(({ rate }) => rate));
    const probe = createProbe(specOf(load, 1000 / fastest), kinds);
    await probe.open();
    return new Sender(load, probe, world);
  },
};
