#!/usr/bin/env node
import '../node-version.js'
// Dynamic: a static import would be loaded before the check runs.
await import('./main.ts')
