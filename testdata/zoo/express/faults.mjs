// What goes wrong in endpoints for Rentman that people write in Express. Each fault
// replaces one step of rentman.mjs; FAULT=name starts the endpoint with it.

import { createHmac, getHashes, timingSafeEqual } from 'node:crypto'
import express from 'express'
import { Inbox, rawBody, signed } from './rentman.mjs'

const hex = (hash, secret, body) => createHmac(hash, secret).update(body).digest('hex')
const event = (body) => { try { return JSON.parse(body) } catch { return null } }

// reading has work in front of the answer, on an event that is genuine.
const reading = (work) => ({
  isGenuine: async (req, secret) => {
    if (!signed(req, secret)) return false
    const e = event(req.body)
    if (e?.items) await work(e)
    return true
  },
})

export const faults = {
  // Verifying.
  'M1 no header is fine': {
    isGenuine: (req, secret) => !req.get('Digest') || signed(req, secret),
  },
  'M2 a secret that is not set is empty': {
    secret: (given) => given ?? '\0', // which an HMAC pads to what it makes of an empty one
  },
  'M8 the check is not awaited': {
    isGenuine: (req, secret) => Boolean((async () => signed(req, secret))()), // a promise is true
  },
  'M8 no header, no answer': {
    isGenuine: (req, secret) => req.get('Digest') ? signed(req, secret) : new Promise(() => {}),
  },
  'M5 the header names the hash': {
    isGenuine: (req, secret) => {
      const [hash, sent] = (req.get('Digest') ?? '').split('=')
      return getHashes().includes(hash) && hex(hash, secret, req.body) === sent
    },
  },
  'timingSafeEqual without a look at the lengths': {
    isGenuine: (req, secret) => {
      const [, sent] = (req.get('Digest') ?? '').split('sha512=')
      return timingSafeEqual(Buffer.from(sent ?? '', 'hex'), Buffer.from(hex('sha512', secret, req.body), 'hex'))
    },
  },
  'Buffer.from ends at what is no hex': {
    isGenuine: (req, secret) => {
      const [, sent] = (req.get('Digest') ?? '').split('sha512=')
      const right = Buffer.from(hex('sha512', secret, req.body), 'hex')
      const bytes = Buffer.from(sent ?? '', 'hex')
      return bytes.length === right.length && timingSafeEqual(bytes, right)
    },
  },
  'M11 the right shape is enough': {
    isGenuine: (req) => /^sha512=[0-9a-f]{128}$/.test(req.get('Digest') ?? '') && Boolean(event(req.body)?.itemType),
  },
  'the header is found by its spelling': {
    isGenuine: (req, secret) => {
      const at = req.rawHeaders.indexOf('Digest')
      return at >= 0 && req.rawHeaders[at + 1] === 'sha512=' + hex('sha512', secret, req.body)
    },
  },

  // The body.
  'M15 express.json, then JSON.stringify': {
    readBody: [express.json({ type: () => true, limit: '5mb' }), (req, res, next) => {
      req.body = Buffer.from(JSON.stringify(req.body ?? ''))
      next()
    }],
  },
  'M15 express.text': {
    readBody: [express.text({ type: () => true, limit: '5mb' }), (req, res, next) => {
      req.body = Buffer.from(req.body ?? '')
      next()
    }],
  },
  'express.raw of application/json alone': {
    readBody: express.raw({ type: 'application/json', limit: '5mb' }),
  },
  'a body is always there': {
    readBody: express.raw({ type: () => true, limit: '5mb', inflate: false }), // none is set when none came
  },
  'express.json, whose errors are shown': {
    readBody: [express.json({ type: () => true, limit: '5mb', verify: (req, res, bytes) => { req.bytes = bytes } }), (req, res, next) => {
      req.body = req.bytes ?? Buffer.alloc(0)
      next()
    }],
    errors: null,
  },

  // The event.
  'what is signed is JSON': {
    isGenuine: (req, secret) => signed(req, secret) && Boolean(JSON.parse(req.body) ?? true),
  },
  'M18 deleted items have no ref': reading((e) => e.items.forEach((item) => item.ref.split('/'))),
  'M19 nobody is the user': reading((e) => e.user.id.toString()),
  'M20 there is a first item': reading((e) => e.items[0].toString()),
  'M21 what is not known is refused': reading((e) => {
    if (/^Whk/.test(e.itemType)) throw Object.assign(new Error('unknown itemType'), { status: 422 })
  }),
  'M23 the work comes before the answer': reading(() => new Promise((done) => setTimeout(done, 300))),

  // Repeats.
  'every delivery is new': { inbox: { add: () => true } },
  'a repeat is refused': {
    inbox: {
      first: new Inbox(),
      add(body) {
        if (this.first.add(body)) return true
        throw Object.assign(new Error('seen already'), { status: 400 })
      },
    },
  },
  'looking and remembering are two queries': {
    inbox: {
      rows: new Set(),
      query: (what) => new Promise((done) => setTimeout(() => done(what()), 5)),
      async add(body) {
        const key = body.toString('latin1')
        if (await this.query(() => this.rows.has(key))) return false
        await this.query(() => this.rows.add(key))
        return true
      },
    },
  },
  'M25 once in thirty seconds': {
    inbox: {
      last: new Map(),
      add(body) {
        const e = event(body)
        const key = `${e?.itemType} ${JSON.stringify([e?.items].flat().map((item) => item?.id ?? item))}`
        const fresh = !(Date.now() - this.last.get(key) < 30_000)
        this.last.set(key, Date.now())
        return fresh
      },
    },
  },

  // The rest of HTTP.
  'no is said with 200': {
    before: (req, res, next) => {
      res.sendStatus = (status) => status === 401 ? res.json({ ok: false, error: 'invalid signature' }) : res.status(status).end()
      next()
    },
  },
  'app.use takes every method': {
    before: (req, res, next) => {
      req.method = 'POST'
      next()
    },
  },
  'every page may send, with cookies': {
    before: (req, res, next) => {
      res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' })
      next()
    },
  },
}
