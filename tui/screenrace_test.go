//go:build race

package tui

// sizeStep is how far apart the sizes and classes are that are tried: the race detector makes it slow
// to measure frames, and finds nothing in them that it would not find in some.
const sizeStep = 9
