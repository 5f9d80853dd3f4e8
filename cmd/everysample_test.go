package cmd

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/cmd/config"
	"whk/verify"
	"whk/verify/provider"
)

// sendEverySample sends each event of each provider in each of its variants, many at
// once, and counts what was sent by the events' names.
func (d *desk) sendEverySample(target string) map[string]int {
	sent, variants := map[string]int{}, map[string]bool{}
	var all sync.WaitGroup
	send := func(args ...string) {
		all.Go(func() {
			stdout, stderr, code := d.run(append([]string{"send", "--to", target}, args...)...)
			if code != codeDone || stderr != "" {
				d.t.Errorf("send %s: code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
			}
		})
	}
	for _, p := range builtin(d.t).All() {
		send(p.Name + "/*")
		for _, e := range p.Events() {
			for _, v := range e.Variants {
				sent[p.Name+"/"+e.Name]++
				variants[v.Name] = true
			}
		}
	}
	delete(variants, provider.DefaultVariant)
	for name := range variants {
		send("*/*", "--variant", name)
	}
	all.Wait()
	return sent
}

// Whatever whk send forges, a whk listen that shares its secret takes for what it is:
// this provider, this event, and valid, or unsigned where nothing is signed. That holds
// with the development secrets and with secrets of one's own, by the provider's path
// and by any other, where a provider can be told by its looks.
func TestEverySampleIsReceivedForWhatItIs(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of requests take long under the race detector")
	}
	t.Run("by its path, with the development secrets", func(t *testing.T) {
		d := newDesk(t)
		address, end := d.receiving("--json")
		sent := d.sendEverySample(address)
		stdout, _ := end()
		compareEvents(t, stdout, sent, "development")
	})
	t.Run("by its looks, with secrets of one's own", func(t *testing.T) {
		d := newDesk(t)
		for _, p := range builtin(t).All() {
			if p.Scheme.Keyed() {
				d.env[config.SecretVariable(p.Name)] = p.Scheme.DevelopmentSecret("somebody's own").Reveal()
			}
		}
		address, end := d.receiving("--json")
		sent := d.sendEverySample(address + "/hooks/in")
		for _, p := range builtin(t).All() {
			for _, e := range p.Events() {
				if name := p.Name + "/" + e.Name; p.PathOnly && sent[name] > 0 {
					sent["unknown/unknown"] += sent[name]
					delete(sent, name)
				}
			}
		}
		stdout, _ := end()
		compareEvents(t, stdout, sent, "env WHK_SECRET_")
	})
}

// compareEvents holds what a listener wrote against what was sent to it.
func compareEvents(t *testing.T, stdout string, sent map[string]int, secret string) {
	t.Helper()
	got := map[string]int{}
	for text := range strings.Lines(stdout) {
		var e struct {
			Type, Provider, Event string
			Verdict               verify.Verdict
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type != "event" {
			continue
		}
		name := e.Provider + "/" + e.Event
		got[name]++
		want, why := verify.Unchecked, verify.NoProvider
		if p, err := builtin(t).Lookup(e.Provider); err == nil {
			want, why = verify.Unsigned, ""
			if p.Scheme.Keyed() {
				want = verify.Valid
			}
		}
		switch v := e.Verdict; {
		case v.Status != want || v.Reason != why:
			t.Errorf("%s: %s (%s), want %s", name, v, v.Detail, want)
		case want == verify.Valid && (!strings.HasPrefix(v.Secret, secret) || v.Development != (secret == "development")):
			t.Errorf("%s: matched by %s, want %s", name, v.Secret, secret)
		}
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("events that came (-sent +received):\n%s", diff)
	}
	if len(sent) < 250 {
		t.Errorf("%d events were sent, expected hundreds", len(sent))
	}
}
