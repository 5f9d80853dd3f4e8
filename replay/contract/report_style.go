package contract

// pageStyle is the style of the HTML report. Colours are few and never alone: every state
// is a word as well. Each pair of text and ground has a contrast of 4.5 or more, light and
// dark. Long lines are folded on the screen and stay one line when they are copied.
const pageStyle = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1c2024;--faint:#5b6069;--line:#e1e3e8;--box:#f5f6f8;--bad:#b4232c;--warn:#8a5200;--good:#1a7a3c;--link:#2257a8;--bar:#4a7dd8;--rest:#b9bec7}
@media screen and (prefers-color-scheme:dark){:root{--ground:#15171a;--ink:#e6e8ea;--faint:#a3a9b1;--line:#2f3338;--box:#1e2125;--bad:#ff8b86;--warn:#f0b35a;--good:#6fd08c;--link:#8fb8ff;--bar:#7aa7f5;--rest:#545a63}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem 3rem}
article+article{margin-top:3rem;padding-top:2rem;border-top:1px solid var(--line)}
p{margin:0}
h1{font-size:1.6rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:0 0 .15rem;overflow-wrap:anywhere}
b{font-weight:600}
a{color:var(--link);text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
.brand,.faint{color:var(--faint)}
.brand{font-size:.85rem;letter-spacing:.02em}
.outcome{margin:1rem 0 1.25rem;padding:1rem 1.25rem;background:var(--box);border-radius:8px}
.verdict{font-size:1.1rem;font-weight:600;line-height:1.4;color:var(--warn);overflow-wrap:anywhere}
.passed .verdict{color:var(--good)}.failed .verdict,.unreachable .verdict{color:var(--bad)}
svg{display:block;width:100%}
.share{height:6px;margin:.8rem 0 .6rem;border-radius:3px}
.share .error{fill:var(--bad)}.share .warning{fill:var(--warn)}.share .info,.share .noted{fill:var(--bar)}.share .passed{fill:var(--good)}.share .unclear{fill:var(--rest)}
.tally{display:flex;flex-wrap:wrap;gap:.1rem 1.5rem;margin:0;padding:0;list-style:none;color:var(--faint)}
.tally b{color:var(--ink)}.tally .error b{color:var(--bad)}.tally .warning b{color:var(--warn)}.tally .passed b{color:var(--good)}
dl{display:grid;grid-template-columns:5.5rem minmax(0,1fr);gap:.3rem 1rem;align-items:baseline;margin:0}
dt{color:var(--faint);grid-column:1}
dd{margin:0;min-width:0;overflow-wrap:anywhere;grid-column:2}
section,nav{border:1px solid var(--line);border-radius:8px;padding:1rem 1.25rem 1.1rem;margin:1.25rem 0}
section .faint{margin-bottom:.75rem}
section dl+dl{margin-top:.75rem;padding-top:.75rem;border-top:1px solid var(--line)}
.failure{border-left:4px solid var(--rest)}.failure.error{border-left-color:var(--bad)}.failure.warning{border-left-color:var(--warn)}
.badge{font-size:.8rem;font-weight:600;color:var(--faint)}
.error .badge{color:var(--bad)}.warning .badge{color:var(--warn)}
h2 .badge{margin-left:.35rem}
pre{margin:0 0 .2rem;padding:.45rem .7rem;background:var(--box);border-radius:6px;font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:inherit}
details{margin-top:.75rem}
details dl{margin-top:.5rem}
summary{cursor:pointer;padding:.15rem 0;color:var(--faint)}
.others{margin:1.25rem 0 0}
.others summary{color:var(--ink);font-weight:600}
table{border-collapse:collapse;width:100%;margin-top:.5rem;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:.35rem 1rem .35rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;width:13.5rem}
.level{width:5.5rem}
.took{color:var(--faint);white-space:nowrap;text-align:right;padding-right:0;width:5rem}
.plot{height:200px;margin-top:.5rem}
.bar{fill:var(--bar)}.axis{stroke:var(--line)}.mark{stroke:var(--ink);stroke-dasharray:3 3}
svg text{fill:var(--faint);font:12px system-ui,sans-serif;paint-order:stroke;stroke:var(--ground);stroke-width:3px}
@media (max-width:40rem){
main{padding:1.25rem 1rem 2rem}
.outcome,section,nav{padding:.9rem 1rem}
section dl{grid-template-columns:minmax(0,1fr);gap:0}
section dt,section dd{grid-column:1}
section dt{font-size:.85rem;margin-top:.45rem}
table,tbody,tr,th,td{display:block;width:auto}
tr{border-top:1px solid var(--line);padding:.4rem 0}
th,td{border:0;padding:0}
nav tr{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .6rem}
nav td:last-child{flex-basis:100%}
.took{text-align:left}
.took:empty{display:none}
}
@page{margin:16mm 14mm}
@media print{
body{font-size:10pt}
main{max-width:none;padding:0}
a{color:inherit}
h2,summary{break-after:avoid}
pre,tr,dt,dd,.outcome,.plot{break-inside:avoid}
pre,.outcome{border:1px solid var(--line)}
details:not([open])::details-content{content-visibility:visible;block-size:auto}
.share,.plot{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`
