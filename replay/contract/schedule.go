package contract

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// execute runs the gate, then what can run side by side, then what wants to be alone, and
// last what looks back at all answers.
func (r *run) execute(ctx context.Context, checks []*Check) {
	var gate, beside, single, last []*Check
	for _, c := range checks {
		switch {
		case c.gate:
			gate = append(gate, c)
		case c.phase == atEnd:
			last = append(last, c)
		case c.phase == alone || c.Probes && r.o.Probe != nil:
			single = append(single, c)
		default:
			beside = append(beside, c)
		}
	}
	slices.SortStableFunc(beside, func(a, b *Check) int { return btoi(b.slow) - btoi(a.slow) })
	if r.o.Shuffle {
		rnd := rand.New(rand.NewPCG(r.o.Seed, 1))
		rnd.Shuffle(len(beside), func(i, j int) { beside[i], beside[j] = beside[j], beside[i] })
		rnd.Shuffle(len(single), func(i, j int) { single[i], single[j] = single[j], single[i] })
	}
	// What starts the endpoint anew goes last, since it may forget what it has seen.
	slices.SortStableFunc(single, func(a, b *Check) int { return btoi(a.ID == "secret.unset") - btoi(b.ID == "secret.unset") })
	for _, c := range gate {
		r.do(ctx, c)
	}
	r.report.Open = r.open.Load()
	if r.report.Unreachable != "" {
		for _, c := range beside { // a certificate may be why
			if strings.HasPrefix(c.ID, "tls.valid") {
				r.do(ctx, c)
			}
		}
		return
	}
	if r.open.Load() && ctx.Err() == nil {
		r.calibrate(ctx)
	}
	r.besides(ctx, beside)
	for _, c := range single {
		r.do(ctx, c)
	}
	for _, c := range last {
		r.do(ctx, c)
	}
	slices.SortStableFunc(r.report.Results, func(a, b Result) int { return r.index[a.ID] - r.index[b.ID] })
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// besides runs checks on as many workers as requests may be under way.
func (r *run) besides(ctx context.Context, checks []*Check) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range InFlight {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(checks); i = next.Add(1) - 1 {
				r.do(ctx, checks[i])
			}
		})
	}
	wg.Wait()
}

// do runs one check, unless it would mean nothing.
func (r *run) do(ctx context.Context, c *Check) {
	if ctx.Err() != nil {
		return
	}
	x := r.exam(ctx, c)
	began := r.now()
	switch {
	case !c.gate && !r.open.Load() && c.Refuses:
		x.unsure("not meaningful: valid events are not accepted, so that a refusal proves nothing")
	case !c.gate && !r.open.Load() && !runsShut(c):
		x.unsure("valid events are not accepted; mend that first")
	default:
		c.Run(x)
	}
	if ctx.Err() != nil && !x.judged {
		return
	}
	result := x.finish()
	result.Took = r.now().Sub(began)
	r.override(&result)
	r.mu.Lock()
	r.report.Results = append(r.report.Results, result)
	r.report.Requests += result.Requests
	r.mu.Unlock()
	r.tell(result)
}

// runsShut names the checks that can say why no valid event is accepted.
func runsShut(c *Check) bool {
	switch c.ID {
	case "accept.b64-key-forms", "http.no-redirect", "fail.csrf", "fail.5xx-body", "fail.disable-threshold":
		return true
	}
	return strings.HasPrefix(c.ID, "tls.")
}
