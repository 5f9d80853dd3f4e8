package explain

import (
	"context"

	"whk/verify"
)

// ask looks for a single change where signatures cannot be computed, only checked: it
// changes the delivery and asks the scheme itself. So it is with public keys, with
// signatures in the body, and with HTTP message signatures.
func (s *search) ask(ctx context.Context) *match {
	d, secrets := s.in.Delivery, s.in.Secrets
	if m := s.answer(d, s.in.Base, secrets); m != nil {
		m.meaning = s.meaning(m)
		return m
	}
	for _, step := range []func(context.Context) *match{s.askSecrets, s.askHeaders, s.askURLs, s.askBodies} {
		if ctx.Err() != nil {
			s.cutShort.Store(true)
			return nil
		}
		if m := step(ctx); m != nil {
			m.meaning = s.meaning(m)
			return m
		}
	}
	return nil
}

// answer is what the scheme thinks of a delivery: a match without changes, with one in
// the time, or none.
func (s *search) answer(d *verify.Delivery, base string, secrets []verify.Secret) *match {
	keyring, err := s.in.Scheme.Bind(base, secrets...)
	if err != nil {
		return nil
	}
	s.tried.Add(1)
	switch v := keyring.Check(d, s.in.Received); {
	case v.Status == verify.Valid:
		return &match{}
	case v.Reason == verify.Stale:
		return &match{changes: []Change{withDetail(changeOf(TimeStale, "an older time stamp is allowed"), v.Detail)}}
	case v.Reason == verify.Future:
		return &match{changes: []Change{withDetail(changeOf(TimeFuture, "a time stamp further ahead is allowed"), v.Detail)}}
	}
	return nil
}

// verdict is that of the scheme itself.
func (s *search) verdict() verify.Verdict {
	keyring, err := s.in.Scheme.Bind(s.in.Base, s.in.Secrets...)
	if err != nil {
		return verify.Verdict{}
	}
	return keyring.Check(s.in.Delivery, s.in.Received)
}

func withDetail(c Change, detail string) Change {
	c.Detail = detail
	return c
}

// with puts changes before those of an answer.
func (m *match) with(changes ...Change) *match {
	if m != nil {
		m.changes = append(changes, m.changes...)
	}
	return m
}

func (s *search) askSecrets(context.Context) *match {
	for _, source := range secretSources(s.in) {
		if len(source.changes) == 0 || source.changes[0].Cause == SecretMissing {
			continue
		}
		s.counts[FamilySecret]++
		// A development secret alone never makes a delivery invalid; here it is one of many.
		secret := source.secret
		secret.Development = false
		if m := s.answer(s.in.Delivery, s.in.Base, []verify.Secret{secret}); m != nil {
			return m.with(source.changes...)
		}
	}
	return nil
}

func (s *search) askHeaders(context.Context) *match {
	if s.header == "" {
		return nil
	}
	for _, name := range sortedNames(s.in.Delivery.Header) {
		if name == s.header {
			continue
		}
		s.counts[FamilyHeader]++
		moved := *s.in.Delivery
		moved.Header = moved.Header.Clone()
		moved.Header[s.header] = moved.Header[name]
		if m := s.answer(&moved, s.in.Base, s.in.Secrets); m != nil {
			return m.with(changeOf(OtherHeader, "the signature is taken from the header "+name))
		}
	}
	if values := s.in.Delivery.Header[s.header]; len(values) > 1 {
		for _, value := range values {
			s.counts[FamilyHeader]++
			single := *s.in.Delivery
			single.Header = single.Header.Clone()
			single.Header[s.header] = []string{value}
			if m := s.answer(&single, s.in.Base, s.in.Secrets); m != nil {
				return m.with(changeOf(HeaderTwice, "only one of the values of the header is taken, which came more than once"))
			}
		}
	}
	return nil
}

func (s *search) askURLs(context.Context) *match {
	for _, u := range urls(s.in.Delivery, s.in.Base) {
		s.counts[FamilyContent]++
		moved := *s.in.Delivery
		moved.URL = u.text
		if m := s.answer(&moved, "", s.in.Secrets); m != nil {
			return m.with(changeOf(SignedURL, u.what))
		}
	}
	return nil
}

func (s *search) askBodies(ctx context.Context) *match {
	ev := newEvaluator(s.in.Delivery.Header)
	for i, e := range s.bodies.edits {
		if ctx.Err() != nil {
			s.cutShort.Store(true)
			return nil
		}
		c, _ := s.edited(ev, attempt{edit: i + 1, cost: 1}, int64(i)-pairPlace)
		if c == nil {
			continue
		}
		s.counts[FamilyBody]++
		changed := *s.in.Delivery
		changed.Body = c.bytes
		if m := s.answer(&changed, s.in.Base, s.in.Secrets); m != nil {
			return m.with(withDetail(e.change(), lengths(len(s.in.Delivery.Body), len(c.bytes))))
		}
	}
	return nil
}
