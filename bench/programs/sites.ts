import { createServer } from 'node:http'
import { listen } from './listen.ts'

// Sites that take every webhook, on all addresses of this machine: each of 127.0.0.0/8 is another endpoint. Asked with GET,
// it answers how many it took.
let taken = 0
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(String(taken))
    return
  }
  request.resume()
  request.on('end', () => {
    taken += 1
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 })
    response.end('{}')
  })
})
server.keepAliveTimeout = 60_000
listen(server, '0.0.0.0')
