// A careful endpoint for Rentman: the app that the recipes of the README test.
const {createHash, createHmac, timingSafeEqual} = require('node:crypto');
const {createServer} = require('node:http');

const secret = process.env.WHK_SECRET_RENTMAN;
if (!secret) throw new Error('WHK_SECRET_RENTMAN is not set');
const seen = new Set();

// handle answers a request with a status; the body is the raw bytes.
function handle(request, body) {
  if (request.url.split('?')[0].replace(/\/$/, '') !== '/rentman') return 404;
  if (request.method !== 'POST') return 405;
  const want = Buffer.from('sha512=' + createHmac('sha512', secret).update(body).digest('hex'));
  const got = Buffer.from(String(request.headers.digest));
  if (got.length !== want.length || !timingSafeEqual(got, want)) return 401;
  const id = createHash('sha256').update(body).digest('hex');
  if (seen.has(id)) return 200; // it was delivered again, and has had its effect
  seen.add(id);
  try {
    JSON.parse(body); // and queue it
  } catch {
    return 400;
  }
  return 200;
}

createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    response.writeHead(handle(request, Buffer.concat(parts)), {'Content-Type': 'text/plain'});
    response.end();
  });
}).listen(process.env.PORT, '127.0.0.1');
