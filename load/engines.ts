import { autocannon } from './autocannon/autocannon.ts';
import type { Engine } from './engine.ts';
import { k6 } from './k6/k6.ts';
import type { EngineName } from './load.ts';
import { open } from './open/open.ts';

/** The engines that there are. A new one is one folder and one line here. */
const engines: { [Name in EngineName]?: Engine<Name> } = { autocannon, k6, open };

/** The engine of that name, which its load fits. */
export function engineOf(name: EngineName): Engine {
  const engine = engines[name];
  if (!engine) throw new Error(`no engine ${name}`);
  return engine as Engine;
}
