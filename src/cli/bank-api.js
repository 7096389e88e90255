#!/usr/bin/env node
import '../node-version.js'
import { bundled } from '../bundle.js'
// Dynamic: a static import would be loaded before the check of Node runs.
await import(bundled('main') ?? './main.ts')
