package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/itchyny/gojq"
)

// schemaVersion is the version of the JSON output; whk schema output describes it.
const schemaVersion = 1

// jsonOutput writes one JSON object a line, filtered by --jq. The first object says
// which schema all of them follow. It may be used from several goroutines.
type jsonOutput struct {
	mu     sync.Mutex
	w      io.Writer
	filter *gojq.Code
	begun  bool
}

func (a *app) newJSON() (*jsonOutput, error) {
	o := &jsonOutput{w: a.Out}
	if a.common.jq == "" {
		return o, nil
	}
	query, err := gojq.Parse(a.common.jq)
	if err != nil {
		return nil, usagef("--jq %s: %w", a.common.jq, err)
	}
	if o.filter, err = gojq.Compile(query); err != nil {
		return nil, usagef("--jq %s: %w", a.common.jq, err)
	}
	return o, nil
}

// isJSON reports whether the output is JSON.
func (a *app) isJSON() bool { return a.common.output == "json" }

// emit writes one object, whose "type" is kind.
func (o *jsonOutput) emit(kind string, fields any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	line, err := tagged(kind, fields, !o.begun)
	if err != nil {
		return err
	}
	o.begun = true
	if o.filter != nil {
		return o.filtered(line)
	}
	_, err = o.w.Write(append(line, '\n'))
	return err
}

// tagged puts the type, and the schema before the first object, in front of the fields.
func tagged(kind string, fields any, first bool) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(fields); err != nil {
		return nil, err
	}
	body := bytes.TrimSpace(b.Bytes())
	if len(body) < 2 || body[0] != '{' {
		return nil, fmt.Errorf("%s: not an object", kind)
	}
	head := fmt.Sprintf(`{"type":%q`, kind)
	if first {
		head += fmt.Sprintf(`,"schema":%d`, schemaVersion)
	}
	if len(body) > 2 {
		head += ","
	}
	return append([]byte(head), body[1:]...), nil
}

func (o *jsonOutput) filtered(line []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	results := o.filter.Run(value)
	for {
		result, ok := results.Next()
		if !ok {
			return nil
		}
		if err, ok := result.(error); ok {
			if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
				return nil
			}
			return usagef("--jq: %w", err)
		}
		out, err := gojq.Marshal(result)
		if text, ok := result.(string); ok { // as jq -r does, and gh
			out = []byte(text)
		}
		if err != nil {
			return err
		}
		if _, err := o.w.Write(append(out, '\n')); err != nil {
			return err
		}
	}
}
