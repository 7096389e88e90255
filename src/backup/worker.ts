import { workerData } from 'node:worker_threads'
import { copyDatabase } from '../db/sqlite/copy.ts'

// A thread of its own: the copy blocks for as long as it takes.
const { from, to } = workerData as { from: string; to: string }
copyDatabase(from, to)
