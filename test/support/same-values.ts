import { configureGlobal } from 'fast-check'

// CI says the same of the same commit. Who works on it meets other values each time.
if (process.env['CI'] === 'true') configureGlobal({ seed: 20_250_310 })
