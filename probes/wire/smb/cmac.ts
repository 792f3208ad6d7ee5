import { createCipheriv } from 'node:crypto';

const BLOCK = 16;
const ZERO = Buffer.alloc(BLOCK);

/** AES-128-CMAC (RFC 4493) with one key. */
export class Cmac {
  readonly #key: Buffer;
  /** For a last block that is whole, and for one that is not. */
  readonly #whole: Buffer;
  readonly #part: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
    this.#whole = doubled(this.#chain(ZERO));
    this.#part = doubled(this.#whole);
  }

  of(message: Buffer): Buffer {
    const isWhole = message.length > 0 && message.length % BLOCK === 0;
    const blocks = Buffer.alloc(isWhole ? message.length : message.length - (message.length % BLOCK) + BLOCK);
    message.copy(blocks);
    if (!isWhole) blocks[message.length] = 0x80;
    const last = blocks.length - BLOCK;
    const key = isWhole ? this.#whole : this.#part;
    for (let i = 0; i < BLOCK; i++) blocks[last + i]! ^= key[i]!;
    return this.#chain(blocks);
  }

  /** The last block of a CBC over whole blocks. */
  #chain(blocks: Buffer): Buffer {
    const cipher = createCipheriv('aes-128-cbc', this.#key, ZERO).setAutoPadding(false);
    return cipher.update(blocks).subarray(-BLOCK);
  }
}

/** Times x in the field of 2^128 elements. */
function doubled(block: Buffer): Buffer {
  const result = Buffer.alloc(BLOCK);
  for (let i = 0; i < BLOCK; i++) result[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >> 7);
  if (block[0]! & 0x80) result[BLOCK - 1]! ^= 0x87;
  return result;
}
