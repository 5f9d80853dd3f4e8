// Opens reports of whk test in Chromium, light and dark, wide and narrow and printed, and
// fails if anything in them acts, loads, hides or cannot be read.
//
//   node html.mjs FILE...    a file named hostile.html has to show every hostile answer
//
// CHROMIUM names the browser. SHOTS, where it is set, is a folder for pictures.
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {chromium} from 'playwright-core';
import {answers} from './hostile.mjs';

const looks = [];
for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 390]) looks.push({colorScheme, width});
}

// judge runs in the page and says what is wrong with it.
function judge({mayClose}) {
  const faults = [];
  const acting = 'script, iframe, img, link, object, embed, form, input, base, video, audio, meta[http-equiv=refresh i]';
  for (const e of document.querySelectorAll(acting)) faults.push(`an element that acts or loads: ${e.outerHTML.slice(0, 80)}`);
  for (const e of document.querySelectorAll('*')) {
    for (const a of e.attributes) {
      if (/^on|^style$/i.test(a.name) || /^\s*(javascript|data):/i.test(a.value)) faults.push(`an attribute that acts: ${a.name}="${a.value.slice(0, 60)}"`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = (color) => {
    const [r, g, b] = channels(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  let worst = 21, texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, e = text.parentElement, range = document.createRange();
    if (!text.data.trim()) continue;
    range.selectNodeContents(text);
    const shown = [...range.getClientRects()].some((r) => r.width > 0 && r.height > 0);
    if (!shown) {
      if (!mayClose) faults.push(`text that does not show: ${text.data.slice(0, 60)}`);
      continue;
    }
    texts++;
    const style = getComputedStyle(e), inPlot = e instanceof SVGElement;
    const [a, b] = [light(inPlot ? style.fill : style.color), light(ground(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    worst = Math.min(worst, contrast);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${text.data.slice(0, 60)}`);
    if (parseFloat(style.fontSize) < 11) faults.push(`letters of ${style.fontSize}: ${text.data.slice(0, 60)}`);
  }
  if (texts < 6) faults.push(`only ${texts} texts show`);
  return {faults, worst, texts};
}

// visit opens a file and returns what is wrong with it, and the lowest contrast.
async function visit(browser, file, {colorScheme, width}) {
  const faults = [], url = pathToFileURL(resolve(file)).href;
  const context = await browser.newContext({colorScheme, viewport: {width, height: 900}});
  const page = await context.newPage();
  const report = (what) => faults.push(what);
  page.on('console', (m) => report(`console: ${m.text()}`));
  page.on('pageerror', (e) => report(`page error: ${e.message}`));
  page.on('dialog', (d) => (report(`dialog: ${d.message()}`), d.dismiss()));
  page.on('popup', () => report('a window opened'));
  await context.route('**/*', (route) => {
    if (route.request().url() === url) return route.continue();
    report(`request: ${route.request().url()}`);
    return route.abort();
  });
  await page.goto(url);
  if (!/^whk test/.test(await page.title())) report(`title: ${await page.title()}`);
  const closed = await page.evaluate(judge, {mayClose: true});
  for (const link of await page.$$eval('a', (all) => all.map((a) => a.getAttribute('href')))) {
    if (!link.startsWith('#') || (await page.$(link)) === null) report(`a link that leads nowhere: ${link}`);
  }
  if (process.env.SHOTS) await page.screenshot({path: join(process.env.SHOTS, `${basename(file, '.html')}-${colorScheme}-${width}.png`), fullPage: true});
  await page.emulateMedia({media: 'print', colorScheme});
  const printed = await page.evaluate(judge, {mayClose: false});
  await page.emulateMedia({media: null, colorScheme});
  const first = await page.$('details:not([open]) > summary');
  await first?.click();
  if (first && !(await first.evaluate((e) => e.parentElement.open))) report('what is folded does not open');
  await page.$$eval('details', (all) => all.forEach((d) => (d.open = true)));
  const opened = await page.evaluate(judge, {mayClose: false});
  const text = await page.innerText('body');
  if (basename(file) === 'hostile.html') {
    for (const {shown} of answers) if (!text.includes(shown)) report(`a hostile answer does not show as text: ${shown.slice(0, 80)}`);
  }
  await page.mouse.move(width / 2, 300);
  await context.close();
  faults.push(...closed.faults, ...printed.faults.map((f) => `printed: ${f}`), ...opened.faults.map((f) => `opened: ${f}`));
  return {faults: [...new Set(faults)], worst: Math.min(closed.worst, printed.worst, opened.worst), texts: opened.texts};
}

// A page with a fault of each kind, so that a judge who sees nothing is noticed.
const faulty = `<!DOCTYPE html><title>owned</title><body onclick="x()"><p style="width:3000px;color:#999">faint</p><p style="font-size:8px">small</p>
<details><summary>more</summary><p>x</p></details><p hidden>hidden</p><a href="http://127.0.0.1:9/">out</a><img src="http://127.0.0.1:9/owned.png"><script>console.error("said");alert(1)</script>`;
const kinds = ['acts or loads', 'attribute that acts', 'wide in a window', 'contrast', 'letters of', 'does not show', 'leads nowhere', 'request:', 'console:', 'dialog:', 'title:', 'texts show'];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let bad = 0;
try {
  const sample = join(mkdtempSync(join(tmpdir(), 'whk-html-')), 'faulty.html');
  writeFileSync(sample, faulty);
  const {faults} = await visit(browser, sample, looks[0]);
  for (const kind of kinds.filter((k) => !faults.some((f) => f.includes(k)))) {
    bad++;
    console.error(`the judge does not see: ${kind}`);
  }
  for (const file of process.argv.slice(2)) {
    const seen = await Promise.all(looks.map((look) => visit(browser, file, look)));
    for (const [i, {faults, worst, texts}] of seen.entries()) {
      const look = looks[i];
      console.log(`${basename(file)}, ${look.colorScheme}, ${look.width} px: ${texts} texts, contrast at least ${worst.toFixed(1)}, ${faults.length} faults`);
      for (const fault of faults.slice(0, 10)) console.error(`  ${fault}`);
      bad += faults.length;
    }
  }
} finally {
  await browser.close();
}
process.exit(bad || process.argv.length < 3 ? 1 : 0);
