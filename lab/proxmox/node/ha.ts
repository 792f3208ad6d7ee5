import { Crm } from '../ha/crm.ts';
import { Lrm } from '../ha/lrm.ts';
import { RealEnvironment, type World } from './ha-environment.ts';

/** Runs a node's CRM and LRM until they are told to end. */
export class HighAvailability {
  readonly #crm: Crm;
  readonly #lrm: Lrm;
  readonly #lrmEnded: Promise<void>;
  readonly #crmEnded: Promise<void>;

  constructor(world: World) {
    this.#crm = new Crm(new RealEnvironment(world, 'crm'));
    this.#lrm = new Lrm(new RealEnvironment(world, 'lrm'));
    const pause = () => world.clock.sleep(1);
    this.#crmEnded = rounds('crm', this.#crm, pause, world.say);
    this.#lrmEnded = rounds('lrm', this.#lrm, pause, world.say);
  }

  get states(): { crm: string; lrm: string } {
    return { crm: this.#crm.state, lrm: this.#lrm.state };
  }

  /** Ends the LRM, which does with its guests what the policy says, then the CRM, as they are ended when a machine is shut down. */
  async shutDown(): Promise<void> {
    await this.#lrm.shutDown();
    await this.#lrmEnded;
    this.#crm.shutDown();
    await this.#crmEnded;
  }
}

/** A round that fails is told, and the next one comes after a pause. */
async function rounds(
  name: string,
  one: { round(): Promise<boolean> },
  pause: () => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  for (let goesOn = true; goesOn; ) {
    try {
      goesOn = await one.round();
    } catch (error) {
      say(`${name} ${(error as Error).message}`);
      await pause();
    }
  }
}
