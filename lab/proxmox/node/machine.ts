import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { COROSYNC_OFF, COROSYNC_PID } from '../cluster/corosync.ts';
import type { Machine, Service } from './parts.ts';
import { pushButton } from './power-button.ts';

/** The machine that this node is. */
export class NodeMachine implements Machine {
  readonly remarks: readonly string[];
  readonly #end: () => Promise<void>;
  readonly #say: (line: string) => void;
  #asked: 'shutdown' | 'reboot' | undefined;

  /** @param end stops what runs here, in good order */
  constructor(remarks: readonly string[], end: () => Promise<void>, say: (line: string) => void) {
    this.remarks = remarks;
    this.#end = end;
    this.#say = say;
  }

  get asked(): 'shutdown' | 'reboot' | undefined {
    return this.#asked;
  }

  async shutdown(how: 'shutdown' | 'reboot'): Promise<void> {
    if (this.#asked) return;
    this.#asked = how;
    this.#say(`${how} was asked for`);
    this.#end()
      .catch((error: Error) => this.#say(`${how}: ${error.message}`))
      .finally(() => pushButton(how === 'reboot' ? how : 'off'));
  }

  isRunning(service: Service): boolean {
    return service !== 'corosync' || !existsSync(COROSYNC_OFF);
  }

  async startService(service: Service): Promise<void> {
    if (service === 'corosync') rmSync(COROSYNC_OFF, { force: true });
  }

  /** Of the lab's services only corosync can be stopped: the others are one program, and the one that would have to start it again. */
  async stopService(service: Service): Promise<void> {
    if (service !== 'corosync') throw new Error(`the lab cannot stop '${service}'`);
    writeFileSync(COROSYNC_OFF, '');
    const pid = existsSync(COROSYNC_PID) ? Number(readFileSync(COROSYNC_PID, 'utf8')) : 0;
    if (pid > 1 && existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGTERM');
  }
}
