/** There once all is filled. */
export const FULL_FILE = '/tmp/full';

/** Takes so many bytes of memory or disk, and keeps them. Arguments: `memory` or `disk`, and the bytes. */
export const FILL = `
import os, sys, time

OF, LEFT = sys.argv[1], int(sys.argv[2])
BLOCK = 16 * 2**20
block = os.urandom(4096) * (BLOCK // 4096)
held = []
with open('/var/tmp/filling', 'wb', buffering=0) as file:
    while LEFT > 0:
        size = min(BLOCK, LEFT)
        if OF == 'memory':
            held.append(bytearray(block[:size]))
            time.sleep(0.02)
        else:
            file.write(block[:size])
        LEFT -= size
    os.fsync(file.fileno())
open('${FULL_FILE}', 'w').close()
while True:
    time.sleep(3600)
`;
