package replay_test

import (
	"io"
	"log"
)

// quiet is a log for servers that are expected to complain.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
