package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strconv"
)

// secret is shared by load and receivers.
const secret = "benchmark"

// event makes the n-th Rentman event as it crosses the wire: size bytes of body,
// signed with HMAC-SHA512, each different from all others.
func event(host, path string, n, size int) []byte {
	return request(host, path, body(n, size))
}

// body is an update of a contact, or for one in a hundred its deletion, whose account
// name fills it up to size.
func body(n, size int) []byte {
	what := fmt.Sprintf(`"eventType":"update","itemType":"Contact","items":[{"id":%d,"ref":"/contacts/%[1]d","parent":null}]`, n)
	if n%100 == 99 {
		what = fmt.Sprintf(`"eventType":"delete","itemType":"Contact","items":[%d]`, n)
	}
	const form = `{"account":"%s","user":{"id":33,"itemType":"Crew","ref":"/crew/33"},%s,"eventDate":"2026-01-15T10:00:00+01:00"}`
	short := len(fmt.Sprintf(form, "", what))
	return fmt.Appendf(nil, form, bytes.Repeat([]byte("a"), max(1, size-short)), what)
}

func request(host, path string, body []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(body) + 512)
	b.WriteString("POST " + path + " HTTP/1.1\r\nHost: " + host +
		"\r\nUser-Agent: benchmark\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) +
		"\r\nDigest: " + digest(body) + "\r\n\r\n")
	b.Write(body)
	return b.Bytes()
}

// digest is the value of the signature header.
func digest(body []byte) string {
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write(body)
	return "sha512=" + hex.EncodeToString(mac.Sum(nil))
}
