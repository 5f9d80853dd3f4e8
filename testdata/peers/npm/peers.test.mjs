// Asks the vendors' own libraries what they think of whk: they must accept what whk signs
// and refuse it when it was changed, and whk must accept what they sign.
//
//   npm ci --ignore-scripts && WHK=/path/to/whk npm test

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import hubspot from '@hubspot/api-client'
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods'
import { Paddle } from '@paddle/paddle-node-sdk'
import sendgrid from '@sendgrid/eventwebhook'
import bolt from '@slack/bolt'
import { verifyKey } from 'discord-interactions'
import { createVerifier, httpbis } from 'http-message-signatures'
import { WebhooksHelper } from 'square'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import twilio from 'twilio'

const WHK = process.env.WHK
if (!WHK) throw new Error('set WHK to the binary of whk')
const dir = mkdtempSync(join(tmpdir(), 'whk-peers-'))
after(() => rmSync(dir, { recursive: true }))

function file(name, content) {
  const path = join(dir, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

function whk(...args) {
  const done = spawnSync(WHK, args, { cwd: dir, env: { HOME: dir, PATH: process.env.PATH, CI: 'false' }, encoding: 'utf8' })
  try {
    return JSON.parse(done.stdout)
  } catch {
    throw new Error(`whk ${args.join(' ')}: code ${done.status}: ${done.stdout}${done.stderr}`)
  }
}

// lower returns the headers with which whk signs a body, by their names in lower case.
function signed(provider, secret, body, ...flags) {
  const { headers } = whk('sign', provider, '@' + file('body', body), '--secret-file', file('secret', secret), '--json', '--show-secrets', ...flags)
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name.toLowerCase(), values[0]]))
}

function judged(provider, secret, body, headers, ...flags) {
  const flat = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  const out = whk('verify', '--provider', provider, '--body', '@' + file('body', body), '--secret-file', file('secret', secret), '--json', ...flat, ...flags)
  return out.verdict?.status ?? out.status
}

// accepts turns a library's answer, which may be an exception, into yes or no.
async function accepts(ask) {
  try {
    return (await ask()) !== false
  } catch {
    return false
  }
}

const JSON_BODY = '{"id":"evt_1","object":"event","type":"payment_intent.succeeded","event_type":"transaction.completed","note":"für \\/ 1.10","data":{"id":"txn_1"}}'
const FORM = { MessageSid: 'SM123', From: '+14158675309', Body: 'Ahoy! a&b', Empty: '', NumMedia: '0' }
const FORM_BODY = new URLSearchParams(FORM).toString()
const HOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const URL_ = 'https://example.com/hook?a=1'
const BODY_URL = 'https://example.com/hook?bodySHA256=' + createHash('sha256').update(JSON_BODY).digest('hex')
const SENDGRID_PRIVATE = 'MHcCAQEEIEQmZgBEh9DcU9zMl34czK3xov4AYvm9P3r7rNB2dNXtoAoGCCqGSM49AwEHoUQDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=='
const SENDGRID_PUBLIC = 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA=='
// The Ed25519 key of RFC 9421, appendix B.1.4, in the forms that are handed out.
const ED_PRIVATE = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n'
const ED_PUBLIC = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n'
const ED_HEX = '26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb'

const stripe = new Stripe('sk_test_nobody')
const standard = new StandardWebhook(HOOK_SECRET)
const svix = new SvixWebhook(HOOK_SECRET)
const eventWebhook = new sendgrid.EventWebhook()
const now = () => new Date()
const seconds = () => Math.floor(Date.now() / 1000)

// Each case: the library's judgement of headers (in lower case) and a body, and, where the
// library signs too, the headers that it makes.
const cases = [
  { name: 'stripe', provider: 'stripe', secret: 'whsec_of_nobody', body: JSON_BODY,
    accepts: (h, body) => stripe.webhooks.constructEvent(body, h['stripe-signature'], 'whsec_of_nobody') && true,
    makes: (body) => ({ 'Stripe-Signature': stripe.webhooks.generateTestHeaderString({ payload: body, secret: 'whsec_of_nobody' }) }) },
  { name: '@octokit/webhooks-methods', provider: 'github', secret: "It's a Secret to Everybody", body: JSON_BODY,
    accepts: (h, body) => octokitVerify("It's a Secret to Everybody", body, h['x-hub-signature-256']),
    makes: async (body) => ({ 'X-Hub-Signature-256': await octokitSign("It's a Secret to Everybody", body) }) },
  { name: 'standardwebhooks', provider: 'standardwebhooks', secret: HOOK_SECRET, body: JSON_BODY,
    accepts: (h, body) => standard.verify(body, h) && true,
    makes: (body) => { const at = now(); return { 'webhook-id': 'msg_1', 'webhook-timestamp': Math.floor(at / 1000), 'webhook-signature': standard.sign('msg_1', at, body) } } },
  { name: 'svix', provider: 'svix', secret: HOOK_SECRET, body: JSON_BODY,
    accepts: (h, body) => svix.verify(body, h) && true,
    makes: (body) => { const at = now(); return { 'svix-id': 'msg_1', 'svix-timestamp': Math.floor(at / 1000), 'svix-signature': svix.sign('msg_1', at, body) } } },
  { name: '@slack/bolt', provider: 'slack', secret: '8f742231b10e8888abcd99yyyzzz85a5', body: 'token=x&command=%2Fweather&text=94070',
    accepts: (h, body) => { bolt.verifySlackRequest({ signingSecret: '8f742231b10e8888abcd99yyyzzz85a5', body, headers: { 'x-slack-signature': h['x-slack-signature'], 'x-slack-request-timestamp': Number(h['x-slack-request-timestamp']) } }) } },
  { name: 'twilio, form', provider: 'twilio', secret: '12345', body: FORM_BODY, flags: ['--url', URL_, '--header', 'Content-Type: application/x-www-form-urlencoded'],
    accepts: (h, body) => twilio.validateRequest('12345', h['x-twilio-signature'], URL_, Object.fromEntries(new URLSearchParams(body))),
    makes: (body) => ({ 'X-Twilio-Signature': twilio.getExpectedTwilioSignature('12345', URL_, Object.fromEntries(new URLSearchParams(body))) }) },
  { name: 'twilio, JSON', provider: 'twilio', secret: '12345', body: JSON_BODY, flags: ['--url', BODY_URL, '--header', 'Content-Type: application/json'],
    accepts: (h, body) => twilio.validateRequestWithBody('12345', h['x-twilio-signature'], BODY_URL, body) },
  { name: 'square', provider: 'square', secret: 'Ibxx_5AKakO-3qeNVR61Dw', body: JSON_BODY, flags: ['--url', URL_],
    accepts: (h, body) => WebhooksHelper.verifySignature({ requestBody: body, signatureHeader: h['x-square-hmacsha256-signature'], signatureKey: 'Ibxx_5AKakO-3qeNVR61Dw', notificationUrl: URL_ }) },
  ...['v1', 'v2', 'v3'].map((version) => ({
    name: '@hubspot/api-client, ' + version, provider: 'hubspot', secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy', body: JSON_BODY,
    flags: ['--url', URL_, ...(version === 'v3' ? [] : ['--header', 'X-HubSpot-Signature-Version: ' + version])],
    accepts: (h, body) => hubspot.Signature.isValid({
      signatureVersion: version, signature: h[version === 'v3' ? 'x-hubspot-signature-v3' : 'x-hubspot-signature'], clientSecret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy',
      requestBody: body, url: URL_, method: 'POST', timestamp: Number(h['x-hubspot-request-timestamp']),
    }) })),
  { name: '@paddle/paddle-node-sdk', provider: 'paddle', secret: 'pdl_ntfset_of_nobody', body: JSON_BODY,
    accepts: async (h, body) => (await new Paddle('nobody').webhooks.isSignatureValid(body, 'pdl_ntfset_of_nobody', h['paddle-signature'])) },
  { name: '@sendgrid/eventwebhook', provider: 'sendgrid', secret: SENDGRID_PRIVATE, public: SENDGRID_PUBLIC, body: JSON_BODY,
    accepts: (h, body) => eventWebhook.verifySignature(eventWebhook.convertPublicKeyToECDSA(SENDGRID_PUBLIC), body, h['x-twilio-email-event-webhook-signature'], h['x-twilio-email-event-webhook-timestamp']) },
  { name: 'discord-interactions', provider: 'discord', secret: ED_PRIVATE, public: ED_HEX, body: JSON_BODY,
    accepts: (h, body) => verifyKey(body, h['x-signature-ed25519'], h['x-signature-timestamp'], ED_HEX) },
  { name: 'http-message-signatures', provider: 'httpsignature', secret: ED_PRIVATE, public: ED_PUBLIC, body: JSON_BODY, flags: ['--url', URL_],
    accepts: async (h, body) => {
      const digest = createHash('sha256').update(body).digest('base64')
      const ok = await httpbis.verifyMessage({ keyLookup: async () => ({ verify: createVerifier(ED_PUBLIC, 'ed25519') }) }, { method: 'POST', url: URL_, headers: h })
      return ok === true && h['content-digest'] === `sha-256=:${digest}:`
    },
    makes: async (body) => {
      const digest = createHash('sha256').update(body).digest('base64')
      const { createSigner } = await import('http-message-signatures')
      const message = await httpbis.signMessage({ key: createSigner(ED_PRIVATE, 'ed25519', 'key'), fields: ['@method', '@target-uri', 'content-digest'] },
        { method: 'POST', url: URL_, headers: { 'content-digest': `sha-256=:${digest}:` } })
      return message.headers
    } },
]

for (const c of cases) {
  test(c.name, async () => {
    const flags = c.flags ?? []
    const headers = signed(c.provider, c.secret, c.body, ...flags)
    const changed = c.body.replace('1', '2') === c.body ? c.body.replace('9', '8') : c.body.replace('1', '2')
    assert.equal(await accepts(() => c.accepts(headers, c.body)), true, 'the library refuses what whk signed: ' + JSON.stringify(headers))
    assert.equal(await accepts(() => c.accepts(headers, changed)), false, 'the library accepts another body')
    assert.equal(judged(c.provider, c.public ?? c.secret, c.body, headers, ...flags), 'valid')
    assert.equal(judged(c.provider, c.public ?? c.secret, changed, headers, ...flags), 'invalid')
    if (c.makes) {
      const made = await c.makes(c.body)
      assert.equal(judged(c.provider, c.public ?? c.secret, c.body, made, ...flags), 'valid', 'what the library signed: ' + JSON.stringify(made))
    }
  })
}
