package replay

import (
	"bytes"
	"strings"
	"time"

	"whk/verify"
)

// Exchange is one delivery with all that came of it: what exports write and imports
// read. The results are in the order in which they were made.
type Exchange struct {
	// N is the number in the store it was read from, 0 elsewhere; ID is unique across
	// stores, a UUID, or empty.
	N  int64
	ID string
	// At is when the delivery was received, or made; zero when that is not known.
	At time.Time
	// Remote is the address it came from.
	Remote string

	// Provider, Entity and Action name what the delivery says happened.
	Provider string
	Entity   string
	Action   string

	Delivery *verify.Delivery
	Verdict  verify.Verdict
	// Status is what whk answered itself, 0 when a target decided that.
	Status int
	// Cut says why the body is incomplete; empty for a whole one.
	Cut string
	// Notes are one-line remarks for people.
	Notes []string
	// Altered says why the delivery is not what was received, "secrets masked" in an
	// export or a body put together again in an import; empty for the real thing.
	Altered string

	Results []verify.Result
}

// Last returns the newest result, and false when the delivery was never sent on.
func (x *Exchange) Last() (verify.Result, bool) {
	if len(x.Results) == 0 {
		return verify.Result{}, false
	}
	return x.Results[len(x.Results)-1], true
}

// unknown stands for a name that could not be told.
const unknown = "unknown"

// Name is the event's name without its provider, "Contact.create".
func (x *Exchange) Name() string {
	switch {
	case x.Entity == "" && x.Action == "":
		return unknown
	case x.Action == "":
		return x.Entity
	case x.Entity == "":
		return x.Action
	}
	return x.Entity + "." + x.Action
}

// splitName takes a name apart at its last dot, the way most names were put together.
func splitName(name string) (entity, action string) {
	if name == unknown {
		return "", ""
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 && i < len(name)-1 {
		return name[:i], name[i+1:]
	}
	return name, ""
}

// maskStart is how the mask of a known secret begins.
const maskStart = "[secret fp "

// MaskedSecrets is Exchange.Altered where a Redactor took something out.
const MaskedSecrets = "secrets masked"

// Exchange returns x as it can be shown: with every credential masked in the request,
// the answers and what was said about them. What nothing was taken out of is x itself.
func (r *Redactor) Exchange(x *Exchange) *Exchange {
	if r == nil {
		return x
	}
	c := *x
	changed := false
	text := func(s string) string {
		masked := r.Text(s)
		changed = changed || masked != s
		return masked
	}
	if d := r.delivery(x.Delivery); d != x.Delivery {
		c.Delivery, c.Altered, changed = d, MaskedSecrets, true
	}
	c.Verdict.Detail = text(x.Verdict.Detail)
	c.Notes = nil
	for _, note := range x.Notes {
		c.Notes = append(c.Notes, text(note))
	}
	c.Results = nil
	for _, result := range x.Results {
		masked, differs := r.result(result)
		changed = changed || differs
		c.Results = append(c.Results, masked)
	}
	if !changed {
		return x
	}
	return &c
}

// delivery is Delivery without a copy where there is nothing to mask, and with a URL
// that can still be one: a mask has blanks.
func (r *Redactor) delivery(d *verify.Delivery) *verify.Delivery {
	if len(r.spans(d.URL)) == 0 && len(r.spans(string(d.Body))) == 0 && !r.masks(d.Header) {
		return d
	}
	masked := r.Delivery(d)
	masked.URL = strings.ReplaceAll(masked.URL, " ", "%20")
	return masked
}

// holdsMask reports whether a Redactor seems to have been at a request.
func holdsMask(d *verify.Delivery) bool {
	for _, values := range d.Header {
		for _, value := range values {
			if value == Masked || strings.Contains(value, maskStart) {
				return true
			}
		}
	}
	return strings.Contains(d.URL, strings.ReplaceAll(maskStart, " ", "%20")) || bytes.Contains(d.Body, []byte(maskStart))
}

// masks reports whether anything in h has to go.
func (r *Redactor) masks(h map[string][]string) bool {
	for name, values := range h {
		for _, value := range values {
			if r.Value(name, value) != value {
				return true
			}
		}
	}
	return false
}

// result masks an attempt: its answer, and the address that was called.
func (r *Redactor) result(result verify.Result) (masked verify.Result, changed bool) {
	masked = result
	masked.Target, masked.Error = strings.ReplaceAll(r.Text(result.Target), " ", "%20"), r.Text(result.Error)
	changed = masked.Target != result.Target || masked.Error != result.Error
	if r.masks(result.Header) {
		masked.Header, changed = r.Header(result.Header), true
	}
	if body := string(result.Body); len(r.spans(body)) > 0 {
		masked.Body, changed = []byte(r.Text(body)), true
	}
	return masked, changed
}
