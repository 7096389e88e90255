import { workerData } from 'node:worker_threads'
import { copyDatabase } from '../db/sqlite/file/copy.ts'
import type { CopyOrder } from './copy-in-thread.ts'

// A thread of its own: the copy, and the signature over it, block for as long as they take.
const { from, to, signer } = workerData as CopyOrder
copyDatabase(from, to, () => ({ ...signer, key: Buffer.from(signer.key) }), {
  leaveBytes: 128 * 1024 * 1024, // twice what a server wants before it says that it is ready
})
