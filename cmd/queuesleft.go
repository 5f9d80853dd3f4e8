package cmd

import (
	"context"
	"net/url"
	"slices"

	"whk/listener"
	"whk/verify/display"
)

// tellWaiting says at the end of a listener what --ack has answered for and not yet
// handed on: the sender thinks that it arrived, so nobody else will say so.
func (r *receiver) tellWaiting(ctx context.Context) {
	if !r.flags.ack {
		return
	}
	waiting, err := backlogs(ctx, r.log)
	if err != nil {
		r.warn("count what still waits for forward targets: "+display.Line(err.Error()), "whk doctor says more")
		return
	}
	for _, b := range waiting {
		if !slices.ContainsFunc(r.options.Routes, func(route listener.Route) bool { return route.Name == b.target }) {
			continue // left by an earlier listener, which said so
		}
		target := display.Line(withoutPassword(b.target))
		r.notice("%s for %s", b.still(), target)
		r.say(r.paint.faint("hint:") + " " + r.leftAdvice(target))
	}
}

// leftAdvice says what hands on, or drops, what is left for a target. Only one that
// got every event is named as the argument of whk listen.
func (r *receiver) leftAdvice(target string) string {
	next := "whk listen " + target + " --ack hands them on"
	if len(r.options.Routes) > 1 {
		next = "the next whk listen with the same targets and --ack hands them on"
	} else if len(r.flags.routes) > 0 {
		next = "the next whk listen with the same --route and --ack hands them on"
	}
	return next + "; whk events unqueue " + target + " drops them from the queue, and keeps the events"
}

func (b *backlog) still() string {
	count := display.Thousands(int64(b.events)) + " events still wait"
	if b.events == 1 {
		count = "1 event still waits"
	}
	if b.more {
		count = "more than " + count
	}
	return count
}

func withoutPassword(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.User == nil {
		return target
	}
	return u.Redacted()
}
