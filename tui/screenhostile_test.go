package tui

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"whk/listener"
	"whk/replay"
	"whk/verify"
	"whk/verify/display"
	"whk/verify/display/displaytest"
)

// hostilePlace is a place where somebody else's text comes to the screen.
type hostilePlace struct {
	name string
	put  func(e *Entry, text string)
	do   func(s *screen, text string)
	// cut is set where a text is shown in a column of its own, or not at all when it
	// cannot be.
	cut bool
	// options are those that hold the text.
	options func(o *Options, text string)
}

func hostilePlaces() []hostilePlace {
	keys := func(keys ...string) func(*screen, string) {
		return func(s *screen, _ string) { s.keys(keys...) }
	}
	result := func(change func(r *verify.Result, text string)) func(*Entry, string) {
		return func(e *Entry, text string) {
			r := answered(500, time.Second)
			change(&r, text)
			e.Results = append(e.Results, r)
		}
	}
	paste := func(keys ...string) func(*screen, string) {
		return func(s *screen, text string) {
			s.keys(keys...)
			s.send(tea.PasteMsg{Content: text})
		}
	}
	return []hostilePlace{
		{name: "provider", put: func(e *Entry, text string) { e.Provider = text }, do: keys(), cut: true},
		{name: "entity", put: func(e *Entry, text string) { e.Entity = text }, do: keys("enter")},
		{name: "action", put: func(e *Entry, text string) { e.Action = text }, do: keys("enter")},
		{name: "method", put: func(e *Entry, text string) { e.Delivery.Method = text }, do: keys("2", "enter")},
		{name: "URL", put: func(e *Entry, text string) { e.Delivery.URL = text }, do: keys("2", "enter")},
		{name: "query", put: func(e *Entry, text string) { e.Delivery.URL = "/x?" + text + "=" + text }, do: keys("2", "enter"), cut: true},
		{name: "host", put: func(e *Entry, text string) { e.Delivery.Host = text }, do: keys("2", "enter")},
		{name: "header name", put: func(e *Entry, text string) { e.Delivery.Header[text] = []string{"x"} }, do: keys("2", "enter")},
		{name: "header value", put: func(e *Entry, text string) { e.Delivery.Header["X"] = []string{text} }, do: keys("2", "enter")},
		{name: "content type", put: func(e *Entry, text string) { e.Delivery.Header.Set("Content-Type", text) }, do: keys("2", "enter")},
		{name: "sender", put: func(e *Entry, text string) { e.Remote = text }, do: keys("2", "enter")},
		{name: "id", put: func(e *Entry, text string) { e.ID = text }, do: keys("2", "enter")},
		{name: "cut", put: func(e *Entry, text string) { e.Cut = text }, do: keys("2", "enter")},
		{name: "note", put: func(e *Entry, text string) { e.Notes = []string{text} }, do: keys("2", "enter"), cut: true},
		{name: "body", put: func(e *Entry, text string) { e.Delivery.Body = []byte(text) }, do: keys("enter"), cut: true},
		{name: "bytes of a body", put: func(e *Entry, text string) { e.Delivery.Body = []byte(text) }, do: keys("enter", "b"), cut: true},
		{name: "form", put: func(e *Entry, text string) {
			e.Delivery.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			e.Delivery.Body = []byte(text + "=" + text)
		}, do: keys("enter"), cut: true},
		{name: "signature", put: func(e *Entry, text string) { e.Delivery.Header.Set("Digest", text) }, do: keys("v", "enter")},
		{name: "verdict", put: func(e *Entry, text string) {
			e.Verdict = verify.Verdict{Status: verify.Invalid, Reason: verify.Reason(text), Detail: text}
		}, do: keys("v", "enter"), cut: true},
		{name: "reason", put: func(e *Entry, text string) { e.Verdict = verify.Verdict{Status: verify.Invalid} }, do: keys("v", "enter"), options: func(o *Options, text string) {
			o.Explain = func(context.Context, *listener.Event, int) []string { return []string{text} }
		}},
		{name: "secret", put: func(*Entry, string) {}, do: keys("v", "enter"), options: func(o *Options, text string) {
			o.Secrets = func(string) []verify.Secret { return []verify.Secret{verify.NewSecret(text, "x")} }
		}},
		{name: "target", put: result(func(r *verify.Result, text string) { r.Target = text }), do: keys("a", "enter")},
		{name: "error", put: result(func(r *verify.Result, text string) { r.Outcome, r.Error = verify.Failed, text }), do: keys("a", "enter"), cut: true},
		{name: "outcome", put: result(func(r *verify.Result, text string) { r.Outcome = verify.Outcome(text) }), do: keys("a", "enter")},
		{name: "header of an answer", put: result(func(r *verify.Result, text string) { r.Header = http.Header{"X": {text}} }), do: keys("a", "enter")},
		{name: "body of an answer", put: result(func(r *verify.Result, text string) { r.Body = []byte(text) }), do: keys("a", "enter"), cut: true},
		{name: "changed value", put: func(e *Entry, text string) {
			e.Provider = "ploomes"
			e.Delivery.Body = []byte(`{"Action":"Update","Entity":"Contacts","Old":{"x` + asJSON(text) + `":"a"},"New":{"x` + asJSON(text) + `":"b` + asJSON(text) + `"}}`)
		}, do: keys("d", "enter"), cut: true},
		{name: "changed line", put: func(e *Entry, text string) { e.Delivery.Body = []byte(text) }, do: func(s *screen, _ string) {
			s.keys("space", "up", "W", "t")
		}, cut: true},
		{name: "copied", put: func(e *Entry, text string) { e.Delivery.Body = []byte(text) }, do: keys("B"), cut: true},
		{name: "copied id", put: func(e *Entry, text string) { e.ID = text }, do: keys("y")},
		{name: "said", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.m.o.Feed.Say(text)
			s.hear()
		}},
		{name: "output", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.output = text + "\n" + text + "\n"
			s.keys(":", "type:x", "enter")
		}, cut: true},
		{name: "last line of an output", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.output = text
			s.keys("r")
		}, cut: true},
		{name: "command", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.run(s.m.run("send", text))
			s.keys("@")
		}},
		{name: "sample", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.run(s.m.pickTyped(say(bold, text), []choice{{name: text, note: text}}))
		}},
		{name: "question", put: func(*Entry, string) {}, do: func(s *screen, text string) { s.m.filterText = text; s.keys("ctrl+x") }},
		{name: "title", put: func(*Entry, string) {}, do: keys(), options: func(o *Options, text string) { o.Title, o.Notice = text, text }},
		{name: "target in the head", put: func(*Entry, string) {}, do: keys(), options: func(o *Options, text string) { o.Title, o.Targets = "x", []string{text} }},
		{name: "filter", put: func(*Entry, string) {}, do: func(s *screen, text string) { s.m.filterText = text }, cut: true},
		{name: "filter that is pasted", put: func(*Entry, string) {}, do: paste("f"), cut: true},
		{name: "filter that is wrong", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			paste("f")(s, "sig:"+text)
			s.keys("enter")
		}, cut: true},
		{name: "search that is pasted", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			paste("/")(s, text)
			s.keys("enter")
		}, cut: true},
		{name: "command that is pasted", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			paste(":")(s, text)
			s.keys("enter")
		}, cut: true},
		{name: "sample that is searched", put: func(*Entry, string) {}, do: paste("s"), cut: true},
		{name: "name that is pasted", put: func(*Entry, string) {}, do: paste("w"), cut: true},
		{name: "statistics", put: func(e *Entry, text string) { e.Provider, e.Entity = text, text }, do: keys("S"), cut: true},
		{name: "an event that cannot be read", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.send(entryRead{n: s.m.detail.wanted, err: damagedBy(text)})
		}},
		{name: "a log that cannot be read", put: func(*Entry, string) {}, do: func(s *screen, text string) {
			s.log.damage = damagedBy(text)
			s.keys("ctrl+l")
		}},
	}
}

// asJSON is a text as it can stand in a JSON string: what may not stand there is escaped,
// so that it comes back when the string is read.
func asJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ':
			b.WriteString(`\u00` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// damagedBy is an error with a text of somebody else.
type damagedBy string

func (d damagedBy) Error() string { return string(d) }

// TestHostileText puts every class of hostile text into every place, and wants frames in
// which nothing can act on the terminal, and what was there can be seen.
func TestHostileText(t *testing.T) {
	for i, place := range hostilePlaces() {
		t.Run(place.name, func(t *testing.T) {
			for j, class := range displaytest.Classes {
				if (i+j)%sizeStep != 0 {
					continue
				}
				first, e := someEvent(1, "rentman", "Contact", "create", rentmanBody, isValid), someEvent(2, "rentman", "Contact", "create", rentmanBody, isValid)
				place.put(&e, class.Payload)
				options := func(o *Options) {
					if place.options != nil {
						place.options(o, class.Payload)
					}
				}
				s := newScreen(t, &fakeLog{entries: []Entry{first, e}}, 200, 40, options)
				place.do(s, class.Payload)
				s.checkHarmless(t, class.Name)
				if frame := s.m.draw(); !place.cut && !strings.Contains(frame, display.Line(class.Payload)) {
					t.Errorf("%s: %q is not shown:\n%s", class.Name, display.Line(class.Payload), s.text())
				}
				for _, width := range []int{20, 40, 80, 120} {
					s.send(tea.WindowSizeMsg{Width: width, Height: 12})
					s.checkHarmless(t, class.Name)
				}
			}
		})
	}
}

// checkHarmless fails if the frame, which has no colour, could act on a terminal.
func (s *screen) checkHarmless(t *testing.T, class string) {
	t.Helper()
	if fault := s.fault(); fault != "" {
		t.Errorf("%s: %s", class, fault)
	}
	for i, l := range strings.Split(s.m.draw(), "\n") {
		if fault := displaytest.Fault(l, false); fault != "" {
			t.Errorf("%s: line %d: %s: %q", class, i+1, fault, l)
		}
	}
}

// FuzzScreen makes an event of arbitrary bytes and presses arbitrary keys. No frame loses
// its measures or holds a control character.
func FuzzScreen(f *testing.F) {
	for _, class := range displaytest.Classes {
		f.Add([]byte(class.Payload), []byte("\x00\x01\x02"), uint8(80), uint8(24))
	}
	f.Add([]byte(rentmanBody), []byte("0123456789"), uint8(20), uint8(5))
	f.Add([]byte(ploomesBody), []byte("\x10\x20\x30\x40\x50"), uint8(200), uint8(60))
	keys := pressable()
	f.Fuzz(func(t *testing.T, data, presses []byte, width, height uint8) {
		text := string(data[:min(len(data), 1000)])
		e := someEvent(2, text, text, text, text, verify.Verdict{Status: verify.Status(text), Reason: verify.Reason(text), Detail: text})
		e.ID, e.Remote, e.Cut, e.Notes = text, text, text, []string{text, text}
		e.Delivery.Method, e.Delivery.URL, e.Delivery.Host = text, text, text
		e.Delivery.Header = http.Header{text: {text, text}, "Content-Type": {text}}
		r := verify.Result{Outcome: verify.Answered, Status: len(text), Target: text, Error: text, Body: data, Header: http.Header{text: {text}}, Replay: true}
		failed := r
		failed.Outcome, failed.Shadow = verify.Outcome(text), true
		e.Results = []verify.Result{r, failed}
		first := someEvent(1, "ploomes", "Contacts", "Update", ploomesBody, isUnsigned)
		s := newScreen(t, &fakeLog{entries: []Entry{first, e}}, 20+int(width)%181, 5+int(height)%56)
		s.output = text
		for _, k := range presses[:min(len(presses), 50)] {
			s.keys(keys[int(k)%len(keys)])
			if k%7 == 0 {
				s.send(tea.PasteMsg{Content: text})
			}
			s.checkHarmless(t, "fuzz")
		}
		s.checkHarmless(t, "fuzz")
	})
}

// TestSecretsStayHidden puts a secret wherever a delivery and what became of it can hold
// one, and wants to see and copy none of it.
func TestSecretsStayHidden(t *testing.T) {
	const secret = "s3cr3t-0f-th3-sh0p"
	e := someEvent(1, "rentman", "Contact", "create", strings.Replace(rentmanBody, "youraccountname", secret, 1), verify.Verdict{Status: verify.Invalid, Detail: "not " + secret})
	e.Delivery.URL = "/rentman/" + secret + "?key=" + secret
	e.Delivery.Header.Set("Digest", secret)
	e.Delivery.Header.Set("X-Other", secret)
	e.Notes = []string{"it says " + secret}
	r := answered(500, time.Second)
	r.Target, r.Body, r.Header = "http://localhost:3000/"+secret, []byte(`{"got":"`+secret+`"}`), http.Header{"X-Got": {secret}}
	bad := failed(verify.Failed, "no answer for "+secret)
	e.Results = []verify.Result{r, bad}
	other := someEvent(2, "ploomes", "Contacts", "Update", strings.ReplaceAll(ploomesBody, "Ploomes", secret), isUnsigned)
	s := newScreen(t, &fakeLog{entries: []Entry{e, other}}, 200, 60, func(o *Options) {
		o.Redact = replay.NewRedactor([]verify.Secret{verify.NewSecret("env RENTMAN_TOKEN", secret)}, nil)
	})
	for _, n := range []int64{1, 2} {
		s.goTo(n)
		for _, keys := range [][]string{{"1"}, {"1", "enter", "b"}, {"b", "esc", "2"}, {"3"}, {"4"}, {"4", "enter", "t"}, {"t", "esc", "5"}, {"y", "esc"}, {"B"}, {"H"}, {"3", "enter", "c", "esc"}} {
			s.keys(keys...)
			s.lacks(secret)
			if strings.Contains(s.clipboard, secret) {
				t.Errorf("%q copies the secret: %s", keys, s.clipboard)
			}
		}
	}
}
