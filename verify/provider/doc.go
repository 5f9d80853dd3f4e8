// Package provider knows who sends webhooks: how each provider names its events, how it
// authenticates them and what a delivery of it looks like.
//
// Its laws: a provider is data. One folder holds its definition, provider.yaml, and
// samples/*.json; the built-in ones and a user's own are read by the same code and held
// to the same contract (Lint), and no provider has a line of Go of its own. Whatever a
// definition states carries a certainty: documented by the vendor, seen in consumer
// code, or guessed.
//
// Nothing here decides whether a delivery is genuine; package verify does that, on raw
// bytes, before anything of this package looks into a body. A body is read only after
// encoding/json has accepted it, by position, without recursion and without decoding
// the whole: numbers stay as they were written and edits leave every other byte alone.
// A delivery that cannot be read is an event without a name and with a note, never an
// error that loses it. Two bodies are compared the same way (Diff), and personal data is
// taken out of one before it becomes a sample (Mask, Provider.Save).
//
// A definition can also be inferred (Learn) or begun (Begin). Both write files that were
// read back and linted; Learn also tries them on the deliveries it was given, and says
// what does not fit.
//
//	set, err := provider.Builtin()
//	p, err := set.Lookup("rentman")
//	entity, action, note := p.EventOf(&delivery)      // "Contact", "create", ""
//	sample, err := p.Sample("Contact.create", "null-user")
//	rendered, err := sample.Render(now, rnd)
package provider
