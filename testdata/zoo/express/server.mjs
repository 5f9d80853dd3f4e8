// Serves the endpoint on PORT, with the secret in WHK_SECRET_RENTMAN, and at /count how
// many events it worked on. FAULT names one of faults.mjs.
//
//   whk test --provider rentman -- node server.mjs

import { createServer } from 'node:http'
import express from 'express'
import { rentman, hideErrors } from './rentman.mjs'
import { faults } from './faults.mjs'

let count = 0
const { FAULT, PORT = 3000, WHK_SECRET_RENTMAN } = process.env
if (FAULT && !faults[FAULT]) throw new Error(`no fault ${FAULT}`)
const { before, errors = hideErrors, secret = (given) => given, ...fault } = FAULT ? faults[FAULT] : {}

// An event says what changed, and the API how it is now, so that the order of events
// does not matter. A body that is no event is signed garbage: say so, and go on.
function work(body) {
  try {
    const { eventType, itemType, items } = JSON.parse(body)
    console.log('%s %s: %d items', eventType, itemType, items.length)
    count++
  } catch (error) {
    console.error('not an event: %s', error.message)
  }
}

const app = express()
app.disable('x-powered-by')
app.get('/count', (req, res) => res.json({ count }))
if (before) app.use(before)
app.use(rentman({ work, secret: secret(WHK_SECRET_RENTMAN), ...fault }))
if (errors) app.use(errors)
// Nobody may take forever to send a request.
createServer({ headersTimeout: 10_000, requestTimeout: 20_000 }, app).listen(PORT, '127.0.0.1')
