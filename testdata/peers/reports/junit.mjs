// Reads a JUnit report with a library that has nothing to do with whk, and holds its counts
// against those of the JSON report of the same run.
//
//   node junit.mjs FILE.xml FILE.json
import {readFileSync} from 'node:fs';
import {parse} from 'junit2json';

const [xml, json] = process.argv.slice(2);
const read = await parse(readFileSync(xml, 'utf8'));
const {runs} = JSON.parse(readFileSync(json, 'utf8'));
let bad = 0;
const same = (what, got, want) => {
  if (got === want) return;
  bad++;
  console.error(`${xml}: ${what}: the reader sees ${got}, whk counted ${want}`);
};

const count = (cases, key) => cases.filter((c) => c[key]?.length).length;
const total = {tests: 0, failures: 0, errors: 0};
same('suites', read.testsuite?.length, runs.length);
for (const [i, run] of runs.entries()) {
  const suite = read.testsuite[i], cases = suite.testcase ?? [];
  const red = run.checks.filter((c) => c.status === 'failed' && c.severity === 'error').map((c) => c.id);
  const skipped = run.checks.filter((c) => c.status === 'skipped' || c.status === 'inconclusive');
  const troubled = ['unreachable', 'inconclusive', 'interrupted'].includes(run.summary.verdict) || run.crashed ? 1 : 0;
  same('tests', cases.length, run.checks.length + troubled);
  same('failures', count(cases, 'failure'), red.length);
  same('errors', count(cases, 'error'), troubled);
  same('skipped', count(cases, 'skipped'), skipped.length);
  same('failed', cases.filter((c) => c.failure?.length).map((c) => c.name).join(), red.join());
  for (const [key, n] of [['tests', cases.length], ['failures', red.length], ['errors', troubled], ['skipped', skipped.length]]) {
    same(`the attribute ${key}`, suite[key], n);
    if (key in total) total[key] += n;
  }
}
for (const key in total) same(`the attribute ${key} of all`, read[key], total[key]);
console.log(`${xml}: ${total.tests} tests, ${total.failures} failures, ${total.errors} errors, as counted by junit2json`);
process.exit(bad || total.tests === 0 ? 1 : 0);
