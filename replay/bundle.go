package replay

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

// bundleMagic is the first line of a bundle; its number is the version of the form.
const bundleMagic = "whk-bundle "

const bundleVersion = 1

// Bounds of what is read: a head is a few kilobytes, and a payload one body and its
// answers.
const (
	maxBundleHead    = 8 << 20
	maxBundlePayload = MaxMessage + 32<<20
	maxBundleLine    = 256
)

// bundleHead is what a frame says about an exchange. The bodies follow it as they are,
// that of the request and that of each answer; Sizes tells how long each is.
type bundleHead struct {
	EventJSON
	Sizes []int `json:"sizes"`
}

// bundleWriter writes a bundle, whose form is described with the package.
type bundleWriter struct {
	w     io.Writer
	o     ExportOptions
	begun bool
	count int
	sums  hash.Hash
	buf   bytes.Buffer
}

func (b *bundleWriter) begin() error {
	if b.begun {
		return nil
	}
	b.begun, b.sums = true, sha256.New()
	_, err := fmt.Fprintf(b.w, "%s%d\n", bundleMagic, bundleVersion)
	return err
}

func (b *bundleWriter) Write(x *Exchange) error {
	if err := b.begin(); err != nil {
		return err
	}
	x = b.o.Redactor.Exchange(x)
	bare := *x
	delivery := *x.Delivery
	bodies, sizes := [][]byte{delivery.Body}, []int{len(delivery.Body)}
	delivery.Body = nil
	bare.Delivery, bare.Results = &delivery, nil
	for _, result := range x.Results {
		bodies, sizes = append(bodies, result.Body), append(sizes, len(result.Body))
		result.Body = nil
		bare.Results = append(bare.Results, result)
	}
	head := bundleHead{EventJSON: NewEventJSON(&bare, nil, nil), Sizes: sizes}
	head.Body = nil
	for i := range head.Attempts {
		if m := head.Attempts[i].MessageJSON; m != nil {
			m.Body = nil
		} else if sizes[i+1] > 0 {
			m := NewMessageJSON(nil, nil)
			m.Body = nil
			head.Attempts[i].MessageJSON = &m
		}
	}
	text, err := marshal(&b.buf, &head)
	if err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write(text)
	payload := 0
	for _, body := range bodies {
		sum.Write(body)
		payload += len(body)
	}
	digest := hex.EncodeToString(sum.Sum(nil))
	if _, err := fmt.Fprintf(b.w, "event %d %d %s\n%s", len(text), payload, digest, text); err != nil {
		return err
	}
	for _, body := range bodies {
		if _, err := b.w.Write(body); err != nil {
			return err
		}
	}
	b.count++
	b.sums.Write([]byte(digest))
	_, err = io.WriteString(b.w, "\n")
	return err
}

func (b *bundleWriter) Close() error {
	if err := b.begin(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(b.w, "end %d %x\n", b.count, b.sums.Sum(nil))
	return err
}

// errBundle is what is wrong with the form of a bundle.
var errBundle = errors.New("this is not as whk writes a bundle")

// readBundle reads a bundle. A frame whose bytes do not match their checksum is passed
// over; where the next one begins is known all the same.
func (p *parser) readBundle() error {
	r := bufio.NewReaderSize(p.r, 64<<10)
	line, err := bundleLine(r)
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(strings.TrimPrefix(line, bundleMagic))
	switch {
	case err != nil || version < 1:
		return errBundle
	case version > bundleVersion:
		return fmt.Errorf("a bundle of version %d, this whk knows %d: use a newer one", version, bundleVersion)
	}
	sums := sha256.New()
	for n := 1; ; n++ {
		line, err := bundleLine(r)
		if err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		fields := strings.Split(line, " ")
		if fields[0] == "end" && len(fields) == 3 {
			if fields[1] != strconv.Itoa(n-1) || fields[2] != hex.EncodeToString(sums.Sum(nil)) {
				return fmt.Errorf("%w: events were added, taken out or moved", errBundle)
			}
			return p.nothingFollows(r)
		}
		if fields[0] != "event" || len(fields) != 4 {
			return fmt.Errorf("event %d: %w: expected a line that begins one", n, errBundle)
		}
		sums.Write([]byte(fields[3]))
		x, err := readFrame(r, fields)
		var faulty *frameError
		switch {
		case errors.As(err, &faulty):
			if !p.skip(n, faulty.cause) {
				return nil
			}
		case err != nil:
			return fmt.Errorf("event %d: %w", n, err)
		case !p.give(n, x):
			return nil
		}
	}
}

// nothingFollows refuses bytes behind the end, which nobody would have looked at.
func (p *parser) nothingFollows(r io.Reader) error {
	if n, err := io.CopyN(io.Discard, r, 1); n > 0 {
		return fmt.Errorf("%w: bytes follow the end", errBundle)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// bundleLine reads a line of the form, which is short.
func bundleLine(r *bufio.Reader) (string, error) {
	var line []byte
	for len(line) <= maxBundleLine {
		c, err := r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return "", errors.New("the bundle ends here, before its end was written: it was cut off")
		case err != nil:
			return "", err
		case c == '\n':
			return string(line), nil
		}
		line = append(line, c)
	}
	return "", errBundle
}

// frameError is a frame that is whole and cannot be used.
type frameError struct{ cause error }

func (e *frameError) Error() string { return e.cause.Error() }

func readFrame(r *bufio.Reader, fields []string) (*Exchange, error) {
	headSize, err1 := strconv.ParseUint(fields[1], 10, 31)
	payloadSize, err2 := strconv.ParseUint(fields[2], 10, 31)
	if err1 != nil || err2 != nil {
		return nil, errBundle
	}
	if headSize > maxBundleHead || payloadSize > maxBundlePayload {
		return nil, errors.New("it is larger than whk would take")
	}
	// Room is made for what comes, not for what was announced.
	var frame bytes.Buffer
	total := int64(headSize + payloadSize)
	if n, err := io.CopyN(&frame, r, total); n < total {
		if errors.Is(err, io.EOF) {
			err = errors.New("the bundle ends in the middle of it: it was cut off")
		}
		return nil, err
	}
	if c, err := r.ReadByte(); err != nil || c != '\n' {
		return nil, errBundle
	}
	sum := sha256.Sum256(frame.Bytes())
	if hex.EncodeToString(sum[:]) != fields[3] {
		return nil, &frameError{errors.New("its bytes do not match their checksum")}
	}
	var head bundleHead
	payload := frame.Bytes()[headSize:]
	if err := json.Unmarshal(frame.Bytes()[:headSize], &head); err != nil {
		return nil, &frameError{jsonFault(err)}
	}
	x := head.Exchange()
	bodies, err := split(payload, head.Sizes)
	if err != nil || len(bodies) != len(x.Results)+1 {
		return nil, &frameError{errors.New("its bodies are not as long as it says")}
	}
	x.Delivery.Body = bodies[0]
	for i := range x.Results {
		x.Results[i].Body = bodies[i+1]
	}
	return x, nil
}

// split cuts a payload into bodies, each on its own so that none keeps the others.
func split(payload []byte, sizes []int) ([][]byte, error) {
	var bodies [][]byte
	for _, size := range sizes {
		if size < 0 || size > len(payload) {
			return nil, errBundle
		}
		bodies = append(bodies, bytes.Clone(payload[:size:size]))
		payload = payload[size:]
	}
	if len(payload) > 0 {
		return nil, errBundle
	}
	return bodies, nil
}
