package explain

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"net/url"
	"strconv"
)

// inflated bounds what a compressed body may become.
const inflated = 32 << 20

// wireEdits undo, or do, what a body goes through on its way.
func wireEdits() []edit {
	return []edit{
		{cause: Compressed, weight: 19, what: "the body is decompressed (gzip)", make: func(dst []byte, c *content) ([]byte, bool) {
			if !bytes.HasPrefix(c.bytes, []byte{0x1f, 0x8b}) {
				return dst, false
			}
			r, err := gzip.NewReader(bytes.NewReader(c.bytes))
			return inflate(dst, r, err)
		}},
		{cause: Compressed, weight: 73, what: "the body is decompressed (deflate)", make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) < 6 || c.bytes[0] != 0x78 {
				return dst, false
			}
			r, err := zlib.NewReader(bytes.NewReader(c.bytes))
			return inflate(dst, r, err)
		}},
		{cause: BodyEncoded, weight: 75, what: "the body is decoded from base64", make: func(dst []byte, c *content) ([]byte, bool) {
			text := bytes.TrimSpace(c.bytes)
			if len(text) < 8 || len(text) > 2*largeBody {
				return dst, false
			}
			out, err := base64.StdEncoding.AppendDecode(dst, text)
			return out, err == nil
		}},
		{cause: BodyEncoded, weight: 95, what: "the body is encoded as base64", make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) == 0 || len(c.bytes) > largeBody {
				return dst, false
			}
			return base64.StdEncoding.AppendEncode(dst, c.bytes), true
		}},
		{cause: BodyEncoded, weight: 76, what: "the percent signs of the body are decoded", make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) > largeBody || !bytes.ContainsAny(c.bytes, "%+") {
				return dst, false
			}
			text, err := url.QueryUnescape(string(c.bytes))
			return append(dst, text...), err == nil
		}},
		{cause: BodyEncoded, weight: 96, what: "the body is encoded with percent signs", make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) > largeBody {
				return dst, false
			}
			return append(dst, c.percent(false)...), true
		}},
		{cause: BodyEncoded, weight: 97, what: "the body is encoded with percent signs, as encodeURIComponent does", make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) > largeBody {
				return dst, false
			}
			return append(dst, c.percent(true)...), true
		}},
		{cause: Chunked, weight: 39, what: "the sizes of its chunks are removed from the body", make: dechunk},
	}
}

func inflate(dst []byte, r io.Reader, err error) ([]byte, bool) {
	if err != nil {
		return dst, false
	}
	out := bytes.NewBuffer(dst)
	n, err := io.Copy(out, io.LimitReader(r, inflated+1))
	return out.Bytes(), err == nil && n <= inflated
}

// dechunk takes the framing of a chunked body away.
func dechunk(dst []byte, c *content) ([]byte, bool) {
	rest := c.bytes
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok || len(line) > 16 {
			return dst, false
		}
		text, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 16, 32)
		if err != nil || int(n) > len(after) {
			return dst, false
		}
		if n == 0 {
			return dst, true
		}
		dst, rest = append(dst, after[:n]...), bytes.TrimPrefix(after[n:], []byte("\r\n"))
	}
}

// zipEdits compress a body whose head says that it is compressed and which is not. Only
// what Go writes can be made again.
func zipEdits(zipped bool) []edit {
	if !zipped {
		return nil
	}
	return []edit{
		{cause: Compressed, weight: 98, what: "the body is compressed (gzip) as Go does it", rare: true, make: func(dst []byte, c *content) ([]byte, bool) {
			if len(c.bytes) == 0 || bytes.HasPrefix(c.bytes, []byte{0x1f, 0x8b}) {
				return dst, false
			}
			out := bytes.NewBuffer(dst)
			w := gzip.NewWriter(out)
			_, err := w.Write(c.bytes)
			if err == nil {
				err = w.Close()
			}
			return out.Bytes(), err == nil
		}},
	}
}
