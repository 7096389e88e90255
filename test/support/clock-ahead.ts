import { readFileSync } from 'node:fs'

// Preloaded into a server's process by `later`: the server reads the time here and nowhere else.
const { now } = Date
let ahead = Number(process.env['CLOCK_AHEAD'])
Date.now = () => now() + ahead

// Somebody sets the machine's clock while the server runs.
process.on('SIGUSR2', () => {
  ahead = Number(readFileSync(`${process.env['HOME'] ?? '.'}/clock-ahead`, 'utf8'))
  process.stdout.write(`clock ahead by ${ahead}\n`)
})
