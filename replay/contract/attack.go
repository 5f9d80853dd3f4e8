package contract

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

func attackChecks() []Check {
	checks := []Check{
		{ID: "ssrf.callback", Scope: Scope{"bodies of JSON", func(s *Subject) bool { return s.scheme.Keyed() && s.basis.isObject() }}, Severity: Error, Risk: Medium, Mode: Hostile, Topic: AboutValues,
			Title: "a forged event whose addresses lead to whk", Expect: "no call",
			Why: "whoever can make the endpoint call an address reaches what only the endpoint reaches", Run: ssrfCallback},
	}
	for _, a := range attacks() {
		checks = append(checks, Check{ID: "inject." + a.name, Scope: jsonBodies(), Severity: Warning, Risk: Medium, Mode: Hostile, Topic: AboutValues,
			Title: a.title, Expect: "2xx or 400, no failure, no call",
			Why: "values come from whoever can type into the provider's app", Run: func(x *Exam) { x.inject(a) }})
	}
	return checks
}

// attack is a kind of text that does something where it is not treated as text. %s is an
// address of whk's own.
type attack struct {
	name, title string
	texts       []string
}

func attacks() []attack {
	return []attack{
		{"sql", "SQL in a value", []string{`' OR '1'='1`, `"; DROP TABLE whk; --`, `1); SELECT pg_sleep(0) --`}},
		{"template", "templates in a value", []string{`{{7*7}}${7*7}<%= 7*7 %>#{7*7}`, `{{config}}{{self}}`, `${T(java.net.URL)("%s").content}`}},
		{"shell", "shell commands in a value", []string{"$(curl -s %s)", "`wget -q %s`", "; curl %s #", "| curl %s"}},
		{"csv", "formulas in a value", []string{`=HYPERLINK("%s")`, `+1+1`, `@SUM(1)`, `=WEBSERVICE("%s")`}},
		{"crlf", "line ends in a value", []string{"a\r\nX-Whk: 1\r\n\r\nb", "a\nb", "a\u2028b"}},
		{"log4j", "look-ups in a value", []string{"${jndi:ldap://%s/a}", "${jndi:dns://%s}", "${env:PATH}"}},
		{"html", "HTML in a value", []string{`<script src="%s"></script>`, `<img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`}},
	}
}

// catcher waits for calls that must not come.
type catcher struct {
	url, host string
	mu        sync.Mutex
	calls     []string
	server    *http.Server
	done      chan struct{}
}

// newCatcher listens on this machine alone. An endpoint elsewhere cannot reach it; then
// only its answers are judged.
func newCatcher() (*catcher, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for calls: %w", err)
	}
	c := &catcher{host: l.Addr().String(), url: "http://" + l.Addr().String() + "/whk", done: make(chan struct{})}
	c.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.mu.Lock()
			c.calls = append(c.calls, "a connection")
			c.mu.Unlock()
		}
	}, Handler: http.NotFoundHandler()}
	go func() {
		defer close(c.done)
		_ = c.server.Serve(l) // ends with close
	}()
	return c, nil
}

func (c *catcher) called() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls)
}

func (c *catcher) close() {
	_ = c.server.Close()
	<-c.done
}

// caught waits a little for calls that are made behind an answer.
func (x *Exam) caught(c *catcher) bool {
	for range 5 {
		if c.called() > 0 {
			return true
		}
		x.pause(100 * time.Millisecond)
	}
	return c.called() > 0
}

func ssrfCallback(x *Exam) {
	c, err := newCatcher()
	if err != nil {
		x.unsure(err.Error())
		return
	}
	defer c.close()
	s := wrongKeyShotOf(x, func(s *Shot) {
		tree := x.treeOf(s)
		for _, l := range tree.walk() {
			if l.node.kind == '"' && (strings.Contains(l.node.text(), "://") || strings.HasSuffix(strings.ToLower(l.key), "url") || l.key == "ref") {
				l.node.raw = quoted(c.url)
			}
		}
		for _, name := range []string{"url", "callback", "callback_url", "href", "image"} {
			if o := tree.object(); o != nil && o.get(name) == nil {
				o.set(name, textNode(c.url))
			}
		}
		s.Body(tree.bytes())
	})
	if s == nil {
		return
	}
	s.Says("a forged event whose addresses lead to %s", c.url)
	r, o := x.Send(s)
	if x.settled(s, r, o) {
		return
	}
	if x.caught(c) {
		x.fail(x.check.Severity, s, r, "an address in a forged event was called")
	} else if !x.local() {
		x.unsure("the endpoint is not on this machine, so that a call would not be seen")
	}
}

// local reports whether the endpoint can reach what listens on this machine alone.
func (s *Subject) local() bool {
	host, _, err := net.SplitHostPort(hostOf(s.Target))
	if err != nil {
		host = hostOf(s.Target)
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// wrongKeyShotOf is an event that is changed and then signed with another secret.
func wrongKeyShotOf(x *Exam, change func(*Shot)) *Shot {
	wrong, err := x.another()
	if err != nil {
		x.unsure(err.Error())
		return nil
	}
	k, err := x.bent(wrong, nil)
	if err != nil {
		x.unsure(err.Error())
		return nil
	}
	s := x.Event().odd()
	change(s)
	if !x.signWith(s, k, s.at) {
		return nil
	}
	return s
}

func (x *Exam) inject(a attack) {
	c, err := newCatcher()
	if err != nil {
		x.unsure(err.Error())
		return
	}
	defer c.close()
	for _, text := range a.texts {
		address := c.url
		if a.name == "log4j" {
			address = c.host
		}
		text = strings.ReplaceAll(text, "%s", address)
		s := x.Event()
		s.Body(x.everyText(s, text))
		if !x.Sign(s) {
			return
		}
		s.Says("%s with %q in its texts", s.What, text)
		r, o := x.Send(s)
		switch {
		case x.settled(s, r, o):
		case !o.survived():
			x.fail(x.check.Severity, s, r, "the endpoint %s", o.did())
		case strings.Contains(text, "7*7") && slices.Contains(fieldsOf(string(r.Body)), "49"):
			x.fail(Error, s, r, "a template in a value was worked out")
		}
		if c.called() > 0 {
			break
		}
	}
	if x.caught(c) {
		x.Fail(Error, "an address in a value was called: the value is run, not shown")
	}
}

// everyText puts a text behind every text of the body that decides nothing.
func (x *Exam) everyText(s *Shot, text string) []byte {
	tree := x.treeOf(s)
	changed := false
	for _, l := range tree.walk() {
		if l.node.kind == '"' && !x.deciding(s.spec, l) && !looksFixed(l.node.text()) {
			l.node.raw = quoted(l.node.text() + text)
			changed = true
		}
	}
	if !changed {
		return x.extended(s, quoted(text))
	}
	return tree.bytes()
}
