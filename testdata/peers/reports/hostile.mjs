// An endpoint whose answers would act on whoever reads them, if they could. Each event
// says in its account which answer it wants, as a failure; others are taken.
import {createServer} from 'node:http';
import {fileURLToPath} from 'node:url';
import {renameSync, writeFileSync} from 'node:fs';

const elsewhere = 'http://127.0.0.1:9/owned';

// What is answered, and what a page has to show of it.
export const answers = [
  [`<script>document.title="owned";fetch("${elsewhere}")</script>`],
  [`</style></title></pre></code><script src="${elsewhere}.js"></script>`],
  [`"><img src="${elsewhere}.png" onerror="document.title='owned'">`],
  [`' onmouseover='document.title=1' style='position:fixed;inset:0;background:red`],
  [`<svg onload="document.title='owned'"><a href="javascript:document.title=1">x</a>`],
  [`<iframe srcdoc="<script>parent.document.title=1</script>"></iframe>`],
  [`<meta http-equiv=refresh content="0;url=${elsewhere}"><base href="${elsewhere}">`],
  [`<link rel=stylesheet href="${elsewhere}.css"><style>*{display:none}</style>`],
  ['left \u202e thgir \u2066 alone \u2069 zero\u200bwidth', 'left \\u{202E} thgir \\u{2066} alone \\u{2069} zero\\u{200B}width'],
  ['bell \u0007 clear \u001b[2J title \u001b]0;owned\u0007 nul \u0000', 'bell \\x07 clear \\x1b[2J title \\x1b]0;owned\\x07 nul \\x00'],
  ['<!-- --> <![CDATA[ x ]]> &lt;b&gt; &#60;i&#62; &amp;amp;'],
  ['long ' + 'x'.repeat(1 << 20), 'x'.repeat(250)],
].map(([answer, shown = answer]) => ({answer, shown}));

// node hostile.mjs FILE serves, and writes its address into the file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer((request, response) => {
    const body = [];
    request.on('data', (part) => body.push(part));
    request.on('end', () => {
      const wanted = /"account": ?"answer ([0-9]+)"/.exec(Buffer.concat(body))?.[1];
      response.writeHead(wanted ? 500 : 200, {'Content-Type': 'text/html'});
      response.end(answers[wanted ?? 0].answer);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    writeFileSync(process.argv[2] + '.new', `http://127.0.0.1:${server.address().port}/rentman\n`);
    renameSync(process.argv[2] + '.new', process.argv[2]);
  });
}
