package cmd

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"whk/replay"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/provider"
)

// sent prints what was sent and what came back, as lines or as JSON.
type sent struct {
	app  *app
	form string // of --print, "" for none
	sign replay.SignMode
	json *jsonOutput
}

func (a *app) newSent(f *sendFlags) (*sent, error) {
	out := &sent{app: a, form: f.print, sign: replay.SignMode(f.sign)}
	if f.dryRun && f.print == "" {
		out.form = "http"
	}
	if !a.isJSON() && out.form != "json" {
		return out, nil
	}
	var err error
	out.json, err = a.newJSON()
	return out, err
}

// sentJSON is a forged delivery as output, type "delivery".
type sentJSON struct {
	Provider  string             `json:"provider"`
	Event     string             `json:"event"`
	Variant   string             `json:"variant"`
	Certainty provider.Certainty `json:"certainty"`
	Sign      replay.SignMode    `json:"sign"`
	// Secret is the name of what it was signed with, absent when nothing was.
	Secret string `json:"secret,omitempty"`
	deliveryJSON
}

// delivery prints a request in the form that was asked for.
func (o *sent) delivery(s *shot, d *verify.Delivery) error {
	if o.json != nil {
		return o.json.emit("delivery", sentJSON{
			Provider: s.provider.Name, Event: provider.Name(s.sample.Entity, s.sample.Action), Variant: s.sample.Variant,
			Certainty: s.sample.Certainty, Sign: o.sign, Secret: s.forge.Secret().Name, deliveryJSON: newDelivery(d, s.redact),
		})
	}
	switch o.form {
	case "http":
		return o.http(s, d)
	case "curl":
		text, err := replay.Curl(d, d.URL, replay.CurlOptions{Redactor: s.redact, Provider: s.provider.Name})
		if err != nil {
			return fail(codeUsage, err)
		}
		_, err = fmt.Fprintln(o.app.Out, text)
		return err
	}
	return nil
}

// http prints the raw message: exactly into a file or a pipe, made safe on a terminal.
func (o *sent) http(s *shot, d *verify.Delivery) error {
	var b bytes.Buffer
	if err := replay.WriteHTTP(&b, s.redact.Delivery(d)); err != nil {
		return fail(codeUsage, err)
	}
	if !o.app.OutTTY {
		_, err := b.WriteTo(o.app.Out)
		return err
	}
	head, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	_, err := io.WriteString(o.app.Out, display.Block(strings.ReplaceAll(head, "\r\n", "\n"))+"\n\n"+strings.TrimSuffix(display.Block(body), "\n")+"\n")
	return err
}

// attempt prints one event that was sent and its answer.
func (o *sent) attempt(s *shot, d *verify.Delivery, r verify.Result) error {
	if o.form != "" || o.json != nil {
		if err := o.delivery(s, d); err != nil {
			return err
		}
	}
	redact := o.app.redactor(s.secrets)
	if o.app.isJSON() {
		return o.json.emit("attempt", newAttempt(0, r, redact))
	}
	if o.form == "http" && len(d.Body) > 0 && !o.app.OutTTY {
		fmt.Fprintln(o.app.Out) // the message ends without a newline
	}
	verb := "sent"
	if r.Outcome == verify.Refused || r.Outcome == verify.Failed {
		verb = "could not send"
	}
	p := o.app.out
	fmt.Fprintf(o.app.Out, "%s %s to %s, %s\n", verb, p.bold(display.Line(s.title())), display.Line(redact.Text(r.Target)), o.signature(s))
	return o.app.printAnswer(r, redact)
}

// title is the event's name, with its variant and its certainty where they are not the
// usual ones.
func (s *shot) title() string {
	title := s.name()
	var more []string
	if s.sample.Variant != provider.DefaultVariant {
		more = append(more, s.sample.Variant)
	}
	if s.sample.Certainty == provider.Guessed {
		more = append(more, "guessed")
	}
	if len(more) > 0 {
		title += " (" + strings.Join(more, ", ") + ")"
	}
	return title
}

// signature says how the delivery was signed.
func (o *sent) signature(s *shot) string {
	scheme, secret := s.provider.Scheme, s.forge.Secret()
	name := display.Line(secret.Name)
	if secret.Development {
		name = o.app.out.warn("development secret")
	}
	switch {
	case !scheme.Signs():
		return "not signed: " + s.provider.Title + " documents no authentication"
	case o.sign == replay.SignWrong:
		return "signed with a wrong secret"
	case o.sign == replay.SignMissing:
		return "without its signature"
	case !scheme.Keyed():
		return "with its digest"
	case o.sign == replay.SignTampered:
		return "tampered with after it was signed (" + name + ")"
	case o.sign == replay.SignDowngrade:
		return "signed with a weaker hash (" + name + ")"
	}
	return "signed (" + name + ")"
}

// The most of an answer that is shown.
const (
	answerLines = 10
	answerWidth = 500
)

// printAnswer prints what came back: the status and the beginning of the body.
func (a *app) printAnswer(r verify.Result, redact *replay.Redactor) error {
	p := a.out
	if r.Outcome != verify.Answered {
		_, err := fmt.Fprintf(a.Out, "  %s %s after %s\n", a.arrow(), p.bad(string(r.Outcome)), display.Took(r.Took))
		return err
	}
	line := fmt.Sprintf("  %s %s in %s", a.arrow(), p.status(r.Status, strconv.Itoa(r.Status)), display.Took(r.Took))
	if location := r.Header.Get("Location"); location != "" && r.Status/100 == 3 {
		line += ", a redirect to " + display.Line(redact.Text(location)) + " that is not followed"
	}
	if _, err := fmt.Fprintln(a.Out, line); err != nil {
		return err
	}
	for _, text := range a.excerpt(r, redact) {
		if _, err := fmt.Fprintln(a.Out, "    "+p.faint(text)); err != nil {
			return err
		}
	}
	return nil
}

// excerpt is the beginning of an answer's body, safe to show.
func (a *app) excerpt(r verify.Result, redact *replay.Redactor) []string {
	if len(r.Body) == 0 {
		return nil
	}
	if !utf8.Valid(r.Body) || bytes.IndexByte(r.Body, 0) >= 0 {
		return []string{sized(len(r.Body)) + " that are no text"}
	}
	width := answerWidth
	if a.OutTTY {
		width = max(a.Columns-4, 40)
	}
	ellipsis := "…"
	if a.ascii() {
		ellipsis = "..."
	}
	lines := strings.Split(strings.TrimRight(display.Block(redact.Text(string(r.Body))), "\n"), "\n")
	more := len(lines) - answerLines
	for i, line := range lines[:min(len(lines), answerLines)] {
		lines[i] = display.Shorten(strings.ReplaceAll(line, "\t", "  "), width, ellipsis)
	}
	if more > 0 {
		lines = append(lines[:answerLines], fmt.Sprintf("%s and %s more, %s in all", ellipsis, plural(more, "line"), sized(len(r.Body))))
	}
	return lines
}

// unexpected is the error for an answer that is not as expected, or did not come.
func unexpected(verb, name string, expect *expectation, r verify.Result) error {
	switch {
	case r.Outcome == verify.Interrupted:
		return exit(codeInterrupted)
	case r.Outcome != verify.Answered:
		text := string(r.Outcome)
		if r.Error != "" {
			text = r.Error
		}
		err := fail(codeNetwork, fmt.Errorf("%s %s: %s", verb, name, text))
		if verb == "send" && r.Outcome == verify.Refused && isLoopback(r.Target) {
			return hint(err, "whk listen --addr "+hostOf(r.Target)+" starts a receiver there")
		}
		return err
	case !expect.status(r.Status):
		return fail(codeNo, fmt.Errorf("%s %s: answered %d, expected %s", verb, name, r.Status, expect))
	}
	return nil
}

// hostOf is the host and port of a target.
func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	return u.Host
}
