package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// Draft is what a new suite is made of.
type Draft struct {
	Provider *provider.Provider
	// Target is the address of the endpoint, Secret a reference; both may be empty.
	Target, Secret string
	// Recorded are events of the store, in the place of shipped samples.
	Recorded []RecordedEvent
}

// RecordedEvent names an event of the store.
type RecordedEvent struct{ ID, Name string }

// mostDrafted is how many samples a draft sends.
const mostDrafted = 6

// Suite writes the suite, with words on what may be added. A careful endpoint passes it.
func (d Draft) Suite() []byte {
	p, target := d.Provider, d.Target
	if target == "" {
		target = "http://localhost:3000/" + p.Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# What whk test asks of this endpoint: whk test THIS-FILE; whk schema suite describes the form.\nversion: 1\ntarget: %s\nprovider: %s\n",
		quoted("${WHK_TARGET:-"+target+"}"), quoted(p.Name))
	if p.Scheme.Keyed() {
		if d.Secret != "" {
			fmt.Fprintf(&b, "secret: %s\n", quoted(d.Secret))
		} else {
			b.WriteString("# secret: env:NAME              # names a source, never a value; without it the usual places are asked\n")
		}
	}
	b.WriteString(`# budget: {p95: 2s, timeout: 10s}
# probe: {get: "http://localhost:3000/count", json: count}  # what events change; shows whether a repeat counts twice
checks:
  run: [quick]                    # quick, full, hostile, and ids or globs such as "schema.*"
  # skip: {sig.huge: "the proxy answers it"}
  # severity: {http.get: info}
cases:
`)
	first := ""
	if len(d.Recorded) > 0 {
		for _, e := range d.Recorded {
			send := "event:" + e.ID
			if first == "" {
				first = send
			}
			name := e.Name
			if name == "" {
				name = "an event"
			}
			d.write(&b, "takes "+display.Line(name)+" as recorded in "+e.ID, send, "status: 2xx")
		}
	} else {
		for _, info := range drafted(p) {
			send := p.Name + "/" + info.Name
			if first == "" {
				first = send
			}
			d.write(&b, "takes "+info.Name, send, "status: 2xx")
		}
	}
	if first == "" {
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "  - name: takes the same event three times at once\n    send: %s\n    deliver: {times: 3, concurrent: true}\n    expect: {status: [2xx, 409]}      # with a probe: {status: [2xx, 409], probe: {delta: 1}}\n", quoted(first))
	if p.Scheme.Keyed() {
		fmt.Fprintf(&b, "  - name: refuses a wrong signature\n    send: %s\n    sign: wrong\n    expect: {outcome: rejected}\n", quoted(first))
	}
	return []byte(b.String())
}

// drafted are the events that a draft sends: those that the vendor documents come first,
// since guessed ones may be refused for good reason.
func drafted(p *provider.Provider) []provider.EventInfo {
	events := slices.DeleteFunc(slices.Clone(p.Events()), func(e provider.EventInfo) bool { return e.Known || len(e.Variants) == 0 })
	slices.SortStableFunc(events, func(a, b provider.EventInfo) int { return cmp.Compare(doubt(a), doubt(b)) })
	return events[:min(len(events), mostDrafted)]
}

func doubt(e provider.EventInfo) int {
	return slices.Index([]provider.Certainty{provider.Documented, provider.Seen, provider.Guessed}, e.Certainty)
}

func (d Draft) write(b *strings.Builder, name, send, expect string) {
	fmt.Fprintf(b, "  - name: %s\n    send: %s\n    expect: {%s}\n", quoted(name), quoted(send), expect)
}

// EventName is what a draft calls a delivery.
func EventName(p *provider.Provider, d *verify.Delivery) string {
	entity, action, _ := p.EventOf(d)
	return provider.Name(entity, action)
}
