package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"whk/replay"
	"whk/verify"
)

// demoStep is one event of the demo.
type demoStep struct {
	event   string // provider/Entity.action
	variant string
	sign    replay.SignMode
	// oddity is what is wrong with the request itself.
	oddity oddity
	// want is the verdict that the step demonstrates, and why the reason for it.
	want verify.Status
	why  verify.Reason
}

type oddity int

const (
	sound    oddity = iota
	notJSON         // a body that is no JSON, signed as it should be
	cutShort        // the sender leaves in the middle of the body
	stranger        // nobody that is known sends this
	late            // signed as it should be, an hour ago
	early           // signed by a clock that is an hour ahead
	nameless        // the signature stands without the algorithm in front of it
	misnamed        // the signature names an algorithm that nobody knows
)

// demoScript is what the demo shows, over and over. In every round but the first the
// sound and well-signed steps take other events of the same provider.
func demoScript() []demoStep {
	normal := func(event string) demoStep { return demoStep{event: event, want: verify.Valid} }
	open := func(event, variant string) demoStep {
		return demoStep{event: event, variant: variant, want: verify.Unsigned}
	}
	bad := func(event string, mode replay.SignMode) demoStep {
		return demoStep{event: event, sign: mode, want: verify.Invalid, why: verify.WrongValue}
	}
	odd := func(event string, o oddity, why verify.Reason) demoStep {
		return demoStep{event: event, oddity: o, want: verify.Invalid, why: why}
	}
	unsigned := func(event string) demoStep {
		return demoStep{event: event, sign: replay.SignMissing, want: verify.Missing}
	}
	return []demoStep{
		normal("rentman/Contact.create"),
		normal("github/push"),
		normal("stripe/payment_intent.succeeded"),
		normal("ploomes/Contacts.Update"),
		bad("rentman/Project.update", replay.SignWrong),
		normal("cassaincloud/RECEIPT.CREATE"),
		normal("shopify/orders.create"),
		open("cmmshere/sol.created", ""),
		normal("slack/message"),
		unsigned("rentman/SerialNumber.update"),
		normal("discord/interaction.2"),
		open("ubiqo/gps.coordinate", "get"),
		normal("standardwebhooks/contact.created"),
		bad("cassaincloud/ORDER.EDIT", replay.SignTampered),
		normal("rentman/Repair.create"),
		odd("stripe/invoice.paid", late, verify.Stale),
		normal("ploomes/Deals.Win"),
		{oddity: stranger, want: verify.Unchecked, why: verify.NoProvider},
		normal("github/pull_request.opened"),
		{event: "rentman/Quotation.update", sign: replay.SignDowngrade, want: verify.Invalid, why: verify.Downgrade},
		normal("cassaincloud/BILL.CREATE"),
		bad("shopify/orders.paid", replay.SignTampered),
		normal("slack/slash_command"),
		open("ubiqo/gps.coordinate", ""),
		normal("rentman/Factuur.create"),
		odd("github/issues.opened", nameless, verify.Malformed),
		{event: "rentman/File.create", oddity: notJSON, want: verify.Valid},
		bad("ploomes/Orders.Update", replay.SignWrong),
		normal("stripe/customer.created"),
		open("cmmshere/ot.created", ""),
		bad("discord/interaction.3", replay.SignWrong),
		normal("cassaincloud/PRODUCT.EDIT"),
		unsigned("ploomes/Products.Create"),
		odd("standardwebhooks/contact.updated", early, verify.Future),
		normal("rentman/Equipment.delete"),
		{event: "rentman/StockMovement.create", oddity: cutShort, want: verify.Unchecked, why: verify.Incomplete},
		normal("github/release.published"),
		odd("rentman/Crew.update", misnamed, verify.UnsupportedAlgorithm),
		normal("shopify/products.update"),
		normal("ploomes/Contacts.Delete"),
	}
}

// demoProviders counts the providers that the script shows.
func demoProviders() int {
	names := map[string]bool{}
	for _, step := range demoScript() {
		if name, _, ok := strings.Cut(step.event, "/"); ok {
			names[name] = true
		}
	}
	return len(names)
}

// demonstrator sends the script to a receiver.
type demonstrator struct {
	r      *receiver
	rnd    *rand.Rand
	sender *replay.Sender
	forges map[demoStep]*replay.Forge
}

func newDemonstrator(r *receiver, rnd *rand.Rand) *demonstrator {
	return &demonstrator{r: r, rnd: rnd, sender: &replay.Sender{}, forges: map[demoStep]*replay.Forge{}}
}

// run sends count events, or goes on for ever when that is 0, one after the other.
func (d *demonstrator) run(ctx context.Context, count int, pause time.Duration) error {
	defer d.sender.Close()
	script := demoScript()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; count == 0 || i < count; i++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		timer.Reset(pause)
		step := script[i%len(script)]
		if i >= len(script) {
			step = d.vary(step)
		}
		if err := d.send(ctx, step); err != nil {
			return fmt.Errorf("demo: send %s: %w", step.event, err)
		}
	}
	return nil
}

// vary replaces the event of a plain step by another one of its provider.
func (d *demonstrator) vary(step demoStep) demoStep {
	name, _, _ := strings.Cut(step.event, "/")
	p, err := d.r.set.Lookup(name)
	if err != nil || step.sign != "" || step.variant != "" || step.oddity != sound {
		return step
	}
	for {
		if e := p.Events()[d.rnd.IntN(len(p.Events()))]; !e.Known {
			step.event = p.Name + "/" + e.Name
			return step
		}
	}
}

func (d *demonstrator) send(ctx context.Context, step demoStep) error {
	if step.oddity == stranger {
		return d.deliver(ctx, &verify.Delivery{Method: http.MethodPost, URL: d.r.url + "/from/a/stranger",
			Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"hello":"world"}`)})
	}
	forge, err := d.forge(step)
	if err != nil {
		return err
	}
	delivery, err := forge.Make(time.Now().Add(step.oddity.shift()), d.rnd)
	if err != nil {
		return err
	}
	d.respell(step, delivery)
	if step.oddity == cutShort {
		return d.cut(ctx, delivery)
	}
	return d.deliver(ctx, delivery)
}

// shift is how far the sender's clock is from this one.
func (o oddity) shift() time.Duration {
	switch o {
	case late:
		return -time.Hour
	case early:
		return time.Hour
	}
	return 0
}

// respell writes the signature as a mistaken sender does, where that is the oddity: the
// schemes that are taken for it have the form "algorithm=signature".
func (d *demonstrator) respell(step demoStep, delivery *verify.Delivery) {
	if step.oddity != nameless && step.oddity != misnamed {
		return
	}
	name, _, _ := strings.Cut(step.event, "/")
	header := d.r.providerOf(name).Scheme.Header()
	_, signature, _ := strings.Cut(delivery.Header.Get(header), "=")
	if step.oddity == misnamed {
		signature = "blake3=" + signature
	}
	delivery.Header.Set(header, signature)
}

func (d *demonstrator) forge(step demoStep) (*replay.Forge, error) {
	if f, ok := d.forges[step]; ok {
		return f, nil
	}
	name, event, _ := strings.Cut(step.event, "/")
	p, err := d.r.set.Lookup(name)
	if err != nil {
		return nil, err
	}
	sample, err := p.Sample(event, step.variant)
	if err != nil {
		return nil, err
	}
	o := replay.ForgeOptions{Provider: p, Sample: sample, Target: d.r.url + "/" + p.Name, Sign: step.sign, Secrets: d.r.secrets[p.Name]}
	if step.oddity == notJSON {
		o.Body = []byte("this is text, not JSON; the signature is right all the same")
	}
	f, err := replay.NewForge(o, time.Now(), d.rnd)
	if err != nil {
		return nil, err
	}
	d.forges[step] = f
	return f, nil
}

// deliver sends a delivery; whatever the listener answers is for the screen to show.
func (d *demonstrator) deliver(ctx context.Context, delivery *verify.Delivery) error {
	result := d.sender.Send(ctx, delivery.URL, delivery)
	if result.Outcome != verify.Answered {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %s", result.Outcome, result.Error)
	}
	return nil
}

// cut sends the head of a delivery and half of its body, and no more.
func (d *demonstrator) cut(ctx context.Context, delivery *verify.Delivery) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", strings.TrimPrefix(d.r.url, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	half := *delivery
	half.URL = strings.TrimPrefix(delivery.URL, d.r.url)
	var message bytes.Buffer
	if err := replay.WriteHTTP(&message, &half); err != nil {
		return err
	}
	if _, err := conn.Write(message.Bytes()[:message.Len()-len(delivery.Body)/2]); err != nil {
		return err
	}
	if half, ok := conn.(*net.TCPConn); ok {
		if err := half.CloseWrite(); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, conn) // the answer means that the event is kept
	return err
}
