package tui

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A compressed body is inflated to be read, and for nothing else: signatures and replays
// are about the bytes that came. A few of them can ask for gigabytes, so there are two
// limits; below the last size the ratio does not matter.
const (
	maxInflated = 10 << 20
	maxRatio    = 100
	smallEnough = 64 << 10
)

// inflate undoes a content encoding. What is returned is data itself where nothing was
// undone; the notes say why.
func inflate(data []byte, contentEncoding string) (read []byte, undone string, notes []section) {
	name := encodingName(contentEncoding)
	if name == "" {
		return data, "", nil
	}
	note := func(r role, format string, args ...any) []section {
		return []section{remark(r, fmt.Sprintf(format, args...))}
	}
	r, err := decompressor(name, data)
	if err != nil {
		return data, "", note(warn, "%s, not inflated: %v", name, err)
	}
	limit := min(maxInflated, max(maxRatio*len(data), smallEnough))
	read, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case len(read) > limit && limit == maxInflated:
		return data, "", note(warn, "%s, not inflated: it is more than %d MiB", name, maxInflated>>20)
	case len(read) > limit:
		return data, "", note(warn, "%s, not inflated: it is more than %d times the size", name, maxRatio)
	case err != nil && len(read) == 0:
		return data, "", note(warn, "%s, not inflated: %v", name, err)
	case err != nil:
		return read, name, note(warn, "%s, %s inflated to %d until this: %v", name, counted(len(data), "byte"), len(read), err)
	}
	return read, name, note(faint, "%s, %s inflated to %d", name, counted(len(data), "byte"), len(read))
}

// encodingName is the encoding without what means nothing.
func encodingName(contentEncoding string) string {
	var names []string
	for name := range strings.SplitSeq(strings.ToLower(contentEncoding), ",") {
		if name = strings.TrimSpace(name); name != "" && name != "identity" {
			names = append(names, strings.TrimPrefix(name, "x-"))
		}
	}
	return strings.Join(names, ", ")
}

func decompressor(name string, data []byte) (io.Reader, error) {
	switch name {
	case "gzip":
		if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			return nil, errors.New("the bytes are not gzip, somebody may have undone it on the way")
		}
		return gzip.NewReader(bytes.NewReader(data))
	case "deflate":
		// Meant is zlib; some senders leave out its header.
		if r, err := zlib.NewReader(bytes.NewReader(data)); err == nil {
			return r, nil
		}
		return flate.NewReader(bytes.NewReader(data)), nil
	}
	return nil, errors.New("only gzip and deflate are known here")
}
