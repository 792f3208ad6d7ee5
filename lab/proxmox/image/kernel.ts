import { readFile, rm, writeFile } from 'node:fs/promises';
import { OperatorError } from '../../../units/operator-error.ts';
import { run } from '../../command.ts';

/**
 * Writes the kernel inside a bzImage as the plain ELF file that QEMU can start as well: unpacking itself would take a guest seconds
 * of emulation at each boot.
 *
 * Where the packed kernel lies is said by the header of Linux's boot protocol (2.08 and later). Throws OperatorError when that is not LZ4.
 */
export async function unpackKernel(bzImage: string, to: string): Promise<void> {
  const image = await readFile(bzImage);
  if (image.toString('latin1', 0x202, 0x206) !== 'HdrS') throw new OperatorError(`${bzImage} is not a Linux kernel`);
  const start = (image.readUInt8(0x1f1) + 1) * 512 + image.readUInt32LE(0x248);
  // The last 4 bytes are the unpacked size.
  const packed = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  if (packed.readUInt32BE(0) !== 0x02214c18) {
    throw new OperatorError(`the kernel in ${bzImage} is packed otherwise than by LZ4`, {
      hint: 'the lab was written for the kernel of Debian 12',
    });
  }
  await writeFile(`${to}.lz4`, packed);
  await run(['lz4', '-dq', `${to}.lz4`, to]);
  await rm(`${to}.lz4`);
}
