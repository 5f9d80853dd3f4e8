package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// serve is the receiver that whk is compared with. Bare, it reads the body and answers
// 204; with -verify it also checks the signature. It keeps nothing.
func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	ready := flags.String("ready-file", "", "`file` to write the URL to")
	countFile := flags.String("count-file", "", "`file` to write the number of requests to, at the end")
	verify := flags.Bool("verify", false, "check the signature")
	if err := flags.Parse(args); err != nil {
		return err
	}
	handler := http.HandlerFunc(bare)
	if *verify {
		handler = verifying()
	}
	var served atomic.Int64
	if *countFile != "" {
		inner := handler
		handler = func(w http.ResponseWriter, r *http.Request) {
			served.Add(1)
			inner(w, r)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// The file appears whole, so that its reader never sees half a URL.
	part := *ready + ".part"
	if err := os.WriteFile(part, fmt.Appendf(nil, "http://%s\n", l.Addr()), 0o600); err != nil {
		return err
	}
	if err := os.Rename(part, *ready); err != nil {
		return err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if *countFile != "" {
		return os.WriteFile(*countFile, strconv.AppendInt(nil, served.Load(), 10), 0o600)
	}
	return nil
}

func bare(w http.ResponseWriter, r *http.Request) {
	if _, err := readAll(r); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// verifying pools the hash states, which is the fastest way known of doing this.
func verifying() http.HandlerFunc {
	pool := sync.Pool{New: func() any { return hmac.New(sha512.New, []byte(secret)) }}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readAll(r)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		given, err := hex.DecodeString(strings.TrimPrefix(r.Header.Get("Digest"), "sha512="))
		mac, _ := pool.Get().(hash.Hash)
		mac.Reset()
		mac.Write(body)
		ok := err == nil && hmac.Equal(given, mac.Sum(nil))
		pool.Put(mac)
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// readAll reads the body into one buffer of the announced size.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}
