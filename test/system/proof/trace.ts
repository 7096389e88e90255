/** A system call of interest, in the order a trace shows them. */
type Step = 'log written' | 'log synced' | 'answered' | 'sent'

const stepOf = (line: string): Step | undefined => {
  if (/\bpwritev?(?:64)?\(\d+<[^>]*-wal>/.test(line)) return 'log written'
  if (/\bf(?:data)?sync\(\d+<[^>]*-wal>.*= 0/.test(line)) return 'log synced'
  if (/"HTTP\/1\.1 200/.test(line)) return 'answered'
  if (/"POST \//.test(line)) return 'sent'
  return undefined
}

export interface Durability {
  answers: number
  /** Answers before which the write-ahead log had not been written and synced, since the answer before. */
  tooEarly: number
  syncs: number
  /** Requests that left before what had been written last was synced. */
  sentAhead: number
}

/** What a trace by `strace -f -y` says of when answers left and when the log was safe. */
export function readTrace(trace: string): Durability {
  const sum = { answers: 0, tooEarly: 0, syncs: 0, sentAhead: 0 }
  let isLastSafe = true
  let isWritten = false
  let isSafe = false
  for (const line of trace.split('\n')) {
    const step = stepOf(line)
    if (step === 'sent' && !isLastSafe) sum.sentAhead += 1
    if (step === 'log written') {
      isLastSafe = false
      isWritten = true
      isSafe = false
    }
    if (step === 'log synced') {
      isLastSafe = true
      isSafe = isWritten
      sum.syncs += 1
    }
    if (step === 'answered') {
      sum.answers += 1
      if (!isSafe) sum.tooEarly += 1
      isWritten = false
      isSafe = false
    }
  }
  return sum
}
