package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readHAR walks to the entries of a HAR and reads them one at a time.
func (p *parser) readHAR() error {
	decoder := json.NewDecoder(p.limited())
	found := false
	err := p.object(decoder, func(key string) error {
		if key != "log" {
			return p.passOver(decoder)
		}
		return p.object(decoder, func(key string) error {
			if key != "entries" {
				return p.passOver(decoder)
			}
			found = true
			return p.entries(decoder)
		})
	})
	switch {
	case errors.Is(err, errStopped):
		return nil
	case err != nil:
		return fmt.Errorf("read HAR: %w", jsonFault(err))
	case !found:
		return errors.New("read HAR: it has no log.entries")
	}
	if _, err := decoder.Token(); err == nil {
		return errors.New("read HAR: something follows its end")
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("read HAR: %w", jsonFault(err))
	}
	return nil
}

// errStopped ends the walk when nobody wants more.
var errStopped = errors.New("stopped")

// object reads the keys of an object and has each value read by value.
func (p *parser) object(decoder *json.Decoder, value func(key string) error) error {
	p.nextValue()
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return errors.New("an object was expected, as in {\"log\": {\"entries\": []}}")
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if err := value(name); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

func (p *parser) passOver(decoder *json.Decoder) error {
	p.nextValue()
	var ignored json.RawMessage
	return decoder.Decode(&ignored)
}

func (p *parser) entries(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('[') {
		return errors.New("log.entries: a list was expected")
	}
	for n := 1; decoder.More(); n++ {
		p.nextValue()
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return err
		}
		if !p.entry(n, raw) {
			return errStopped
		}
	}
	_, err = decoder.Token()
	return err
}

func (p *parser) entry(n int, raw []byte) bool {
	var e foreignEntry
	var wrong *json.UnmarshalTypeError
	err := json.Unmarshal(raw, &e)
	if err != nil && !errors.As(err, &wrong) {
		return p.skip(n, jsonFault(err))
	}
	x, err := e.exchange()
	if err != nil {
		return p.skip(n, err)
	}
	if wrong != nil {
		x.Notes = append(x.Notes, "the HAR is not well formed: "+jsonFault(wrong).Error())
	}
	return p.give(n, x)
}
