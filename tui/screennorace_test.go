//go:build !race

package tui

// sizeStep is how far apart the sizes and classes are that are tried.
const sizeStep = 1
