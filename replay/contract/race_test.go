//go:build race

package contract_test

// raced is set when the race detector slows everything down; then samples are enough.
const raced = true
