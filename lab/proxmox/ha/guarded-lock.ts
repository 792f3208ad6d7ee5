import type { Environment, Watchdog } from './environment.ts';

/** A lock is tried so often, a second apart, in one round. */
const TRIES = 6;
const PATIENCE = 5;

/** A lock of the cluster and the watchdog that resets this machine when the lock is not renewed in time. */
export class GuardedLock {
  readonly #env: Environment;
  readonly #name: string;
  #watchdog: Watchdog | undefined;

  constructor(env: Environment, name: string) {
    this.#env = env;
    this.#name = name;
  }

  /** Takes or renews it, in several tries: the store may be busy for a moment. Only then the watchdog is fed. */
  async take(): Promise<boolean> {
    if (!(await this.#insist())) return false;
    if (this.#watchdog) this.#watchdog.feed();
    else this.#watchdog = this.#env.openWatchdog();
    return true;
  }

  /** Gives it back. */
  async release(): Promise<void> {
    this.unguard();
    await this.#env.unlock(this.#name);
  }

  /** Takes the watchdog off and leaves the lock to its time. */
  unguard(): void {
    this.#watchdog?.close();
    this.#watchdog = undefined;
  }

  async #insist(): Promise<boolean> {
    const env = this.#env;
    const began = env.now();
    for (let tries = 1; ; tries++) {
      if (await env.lock(this.#name)) return true;
      if (tries >= TRIES || env.now() - began > PATIENCE) return false;
      await env.sleep(1);
    }
  }
}
