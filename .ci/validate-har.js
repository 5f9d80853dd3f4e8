// Validates a HAR file with a library that has nothing to do with whk.
const {readFileSync} = require('fs');
const validate = require('har-validator/lib/promise');

const har = JSON.parse(readFileSync(process.argv[2], 'utf8'));
validate.har(har).then(
  () => console.log(`${har.log.entries.length} entries, valid HAR 1.2`),
  (e) => {
    console.error(JSON.stringify(e.errors || String(e), null, 1));
    process.exit(1);
  },
);
