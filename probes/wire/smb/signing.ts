import { createHmac, timingSafeEqual } from 'node:crypto';
import { Cmac } from './cmac.ts';
import { type Dialect, isSmb3 } from './keys.ts';
import { HEAD, markSigned, SIGNATURE_AT } from './message.ts';

const ZERO = Buffer.alloc(HEAD - SIGNATURE_AT);

/** Signs messages, and looks whether answers are signed with the same key (MS-SMB2, 3.1.4.1 and 3.1.5.1). */
export class Signer {
  readonly algorithm: 'HMAC-SHA256' | 'AES-CMAC';
  readonly #signature: (message: Buffer) => Buffer;

  constructor(dialect: Dialect, key: Buffer) {
    if (isSmb3(dialect)) {
      const cmac = new Cmac(key);
      this.algorithm = 'AES-CMAC';
      this.#signature = (message) => cmac.of(message);
    } else {
      this.algorithm = 'HMAC-SHA256';
      this.#signature = (message) => createHmac('sha256', key).update(message).digest().subarray(0, ZERO.length);
    }
  }

  sign(message: Buffer): void {
    markSigned(message);
    this.#signature(message).copy(message, SIGNATURE_AT);
  }

  /** Leaves the message without its signature. */
  isRight(message: Buffer): boolean {
    const theirs = Buffer.from(message.subarray(SIGNATURE_AT, HEAD));
    ZERO.copy(message, SIGNATURE_AT);
    return timingSafeEqual(this.#signature(message), theirs);
  }
}
