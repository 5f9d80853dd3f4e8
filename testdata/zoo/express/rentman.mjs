// An endpoint for Rentman's webhooks in Express, to be copied. Replace the inbox by a
// table with a unique column, and hand in work of your own.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import express from 'express'

export function rentman({ secret, work, inbox = new Inbox(), readBody = rawBody, isGenuine = signed }) {
  if (!secret) throw new Error('an endpoint without its secret would believe everybody')
  const router = express.Router()
  router.post('/rentman', readBody, async (req, res) => {
    if (!await isGenuine(req, secret)) return res.sendStatus(401)
    // A repeat is answered like the first, or it would come again.
    const fresh = await inbox.add(req.body)
    // The answer comes first: a sender that has to wait for the work sends again.
    res.sendStatus(204)
    if (fresh) setImmediate(work, req.body)
  })
  router.all('/rentman', (req, res) => res.set('Allow', 'POST').sendStatus(405))
  return router
}

// The body as it came. The signature is over its bytes, and JSON that was parsed and
// written again has others. Whatever its type says, or a body without one would be lost.
export const rawBody = [
  express.raw({ type: () => true, limit: '5mb', inflate: false }),
  (req, res, next) => {
    req.body ??= Buffer.alloc(0) // Express sets none when none came
    next()
  },
]

// Rentman sends "Digest: sha512=" and the HMAC of the body in hex. Which hash it is, the
// endpoint says and not the header. timingSafeEqual throws when the lengths differ.
export function signed(req, secret) {
  const right = Buffer.from('sha512=' + createHmac('sha512', secret).update(req.body).digest('hex'))
  const sent = Buffer.from(req.get('Digest') ?? '')
  return sent.length === right.length && timingSafeEqual(sent, right)
}

// Rentman gives deliveries no id. The same bytes are the same delivery, since they hold
// the time of the change. Looking and remembering are one step: nothing is awaited in
// between. This inbox ends with the process, and forgets all but the latest.
export class Inbox {
  #seen = new Set()

  add(body) {
    const key = createHash('sha256').update(body).digest('base64')
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    if (this.#seen.size > 10_000) this.#seen.delete(this.#seen.values().next().value)
    return true
  }
}

// Without this, Express puts the trace of an error into the answer.
export function hideErrors(error, req, res, next) {
  if (res.headersSent) return next(error)
  res.sendStatus(error.status ?? 500)
}
