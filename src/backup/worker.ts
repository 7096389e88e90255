import { workerData } from 'node:worker_threads'
import { leastBytes } from '../cluster/readiness.ts'
import { copyDatabase } from '../db/sqlite/file/copy.ts'
import type { CopyOrder } from './copy-in-thread.ts'

// A thread of its own: the copy, and the signature over it, block for as long as they take.
const { from, to, signer } = workerData as CopyOrder
copyDatabase(from, to, () => ({ ...signer, key: Buffer.from(signer.key) }), {
  leaveBytes: 2 * leastBytes, // until then a server says that it is ready
})
