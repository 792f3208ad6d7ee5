import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { mask } from '../../units/secrets.ts';

/** Of what ssh complains about, before secrets are masked and the last of it is told. */
const KEPT = 64 * 2 ** 10;

/**
 * HTTP over `ssh … docker system dial-stdio`, as Docker's own command line does it: the user's ssh, so the user's keys,
 * known hosts, jump hosts and ~/.ssh/config hold here too.
 */
export class SshAgent extends Agent {
  readonly #argv: string[];

  constructor(url: URL) {
    super({ keepAlive: false });
    const port = url.port ? ['-p', url.port] : [];
    const user = url.username ? `${decodeURIComponent(url.username)}@` : '';
    // BatchMode: a question for a password would hang a run for ever.
    const options = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-T'];
    this.#argv = [...options, ...port, '--', `${user}${url.hostname}`, 'docker', 'system', 'dial-stdio'];
  }

  override createConnection(): Duplex {
    // spawn, and not execa like elsewhere: this is a connection made of three pipes, not a program whose end is waited for.
    return new SshConnection(spawn('ssh', this.#argv));
  }
}

/** An ssh process as a connection: what is written goes to its input, what it prints is read. */
class SshConnection extends Duplex {
  readonly #ssh: ChildProcessWithoutNullStreams;

  constructor(ssh: ChildProcessWithoutNullStreams) {
    super();
    this.#ssh = ssh;
    let heard = false;
    let complaint = '';
    ssh.stdout.on('data', (chunk: Buffer) => {
      heard = true;
      if (!this.push(chunk)) ssh.stdout.pause();
    });
    ssh.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = `${complaint}${text}`.slice(-KEPT);
    });
    // A broken pipe says less than what ssh says at its end.
    ssh.stdin.on('error', () => {});
    ssh.on('error', (error) => this.destroy(new Error(`ssh cannot be started: ${error.message}`)));
    ssh.on('close', (code) => {
      // An answer that is complete is one, however ssh ended after it.
      if (heard || code === 0) this.push(null);
      else this.destroy(new Error(`ssh: ${mask(complaint.trim()).slice(-1000) || `exit ${code}`}`));
    });
  }

  override _read(): void {
    this.#ssh.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#ssh.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#ssh.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ssh.kill();
    done(error);
  }

  // What Node's HTTP client asks of a socket and a process has no use for.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
