import { stat } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../clock.ts'
import type { CopySigner } from '../db/signer.ts'
import { partOf } from '../db/sqlite/file/copy.ts'
import { removeCutOff } from './folder.ts'

/** How often progress is told. */
const tellMs = 500

/** What to copy, and who signs it. */
export interface CopyOrder {
  from: string
  to: string
  signer: CopySigner
}

/**
 * Copies a database and signs the copy, without holding up this thread. Resolves with the copy's size in bytes once it is
 * whole and on the disk; rejects with what went wrong, and then there is no copy. `onProgress` hears how many bytes are
 * written so far. What is left of copies that were cut off goes first.
 */
export async function copyInThread(
  order: CopyOrder,
  onProgress?: (bytes: number) => void,
): Promise<number> {
  const { to } = order
  await removeCutOff(dirname(to), systemClock.now())
  // The worker lies beside this file as source, and beside the bundle in the image.
  const worker = new Worker(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url), {
    workerData: order,
  })
  const timer =
    onProgress &&
    setInterval(() => {
      stat(partOf(to)).then(
        ({ size }) => onProgress(size),
        () => {},
      )
    }, tellMs)
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', () => resolve())
    })
  } finally {
    clearInterval(timer)
  }
  return (await stat(to)).size
}
