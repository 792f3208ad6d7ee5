/** So many bytes are copied sooner than the call that copies them is made. */
const FEW = 16;

/** Bytes that came in pieces, in one buffer: what is held is at most twice what came, however small the pieces are. */
export class Gathered {
  #bytes = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    if (to - from > FEW) bytes.copy(this.#bytes, this.#length, from, to);
    else for (let at = from; at < to; at++) this.#bytes[this.#length + at - from] = bytes[at]!;
    this.#length = length;
  }

  /** What is held so far. Good until the next `add`. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
