package provider

import "slices"

// Hunk is a run of lines that differ, with some equal ones around them.
type Hunk struct {
	// OldStart and NewStart are the numbers of its first lines, from 1; OldLines and
	// NewLines how many it has of each side.
	OldStart, OldLines int
	NewStart, NewLines int
	Lines              []HunkLine
}

// HunkLine is one line of a hunk. Sign is ' ' for a line of both sides, '-' for one of
// the old and '+' for one of the new.
type HunkLine struct {
	Sign byte
	Text string
}

// maxLineTable bounds the work on lines between two that are certainly the same.
const maxLineTable = 250_000

// DiffLines compares two texts line by line, in time in proportion to their length.
// Lines that each text holds once are matched first, and the others around them.
func DiffLines(old, new []string, context int) []Hunk {
	var hunks []Hunk
	i, j := 0, 0 // the first lines that are not dealt with yet
	for _, pair := range append(pairLines(old, new), [2]int{len(old), len(new)}) {
		if pair[0] > i || pair[1] > j {
			hunks = addHunk(hunks, old, new, [4]int{i, pair[0], j, pair[1]}, context)
		}
		i, j = pair[0]+1, pair[1]+1
	}
	for n := range hunks {
		h := &hunks[n]
		last := h.OldStart - 1 + h.OldLines
		for _, text := range old[last:min(last+context, len(old))] {
			if n+1 < len(hunks) && h.OldStart-1+h.OldLines >= hunks[n+1].OldStart-1 {
				break
			}
			h.add(' ', text)
		}
		if h.OldLines == 0 {
			h.OldStart-- // as diff -u numbers the place behind which lines come
		}
		if h.NewLines == 0 {
			h.NewStart--
		}
	}
	return hunks
}

func (h *Hunk) add(sign byte, text string) {
	h.Lines = append(h.Lines, HunkLine{sign, text})
	if sign != '+' {
		h.OldLines++
	}
	if sign != '-' {
		h.NewLines++
	}
}

// addHunk adds the lines that differ, old[span[0]:span[1]] and new[span[2]:span[3]], to
// the last hunk if they are near it.
func addHunk(hunks []Hunk, old, new []string, span [4]int, context int) []Hunk {
	lead := min(context, span[0])
	if n := len(hunks); n > 0 {
		last := &hunks[n-1]
		if end := last.OldStart - 1 + last.OldLines; span[0]-end <= 2*context {
			lead = span[0] - end
		} else {
			hunks = append(hunks, Hunk{OldStart: span[0] - lead + 1, NewStart: span[2] - lead + 1})
		}
	} else {
		hunks = append(hunks, Hunk{OldStart: span[0] - lead + 1, NewStart: span[2] - lead + 1})
	}
	h := &hunks[len(hunks)-1]
	for _, text := range old[span[0]-lead : span[0]] {
		h.add(' ', text)
	}
	for _, text := range old[span[0]:span[1]] {
		h.add('-', text)
	}
	for _, text := range new[span[2]:span[3]] {
		h.add('+', text)
	}
	return hunks
}

// pairLines returns which lines are the same, in order.
func pairLines(old, new []string) [][2]int {
	head, tail := 0, 0
	for head < min(len(old), len(new)) && old[head] == new[head] {
		head++
	}
	for tail < min(len(old), len(new))-head && old[len(old)-1-tail] == new[len(new)-1-tail] {
		tail++
	}
	var pairs [][2]int
	for i := range head {
		pairs = append(pairs, [2]int{i, i})
	}
	oldEnd, newEnd := len(old)-tail, len(new)-tail
	i, j := head, head
	for _, anchor := range append(anchors(old[head:oldEnd], new[head:newEnd], head), [2]int{oldEnd, newEnd}) {
		pairs = append(pairs, between(old, new, i, anchor[0], j, anchor[1])...)
		if anchor[0] < oldEnd {
			pairs = append(pairs, anchor)
		}
		i, j = anchor[0]+1, anchor[1]+1
	}
	for k := range tail {
		pairs = append(pairs, [2]int{oldEnd + k, newEnd + k})
	}
	return pairs
}

// anchors pairs the lines that both sides hold exactly once, in an order that they
// share. Offset is where both begin.
func anchors(old, new []string, offset int) [][2]int {
	type place struct{ old, new, inOld, inNew int }
	places := map[string]*place{}
	at := func(line string) *place {
		if places[line] == nil {
			places[line] = &place{}
		}
		return places[line]
	}
	for i, line := range old {
		p := at(line)
		p.old, p.inOld = i, p.inOld+1
	}
	for j, line := range new {
		p := at(line)
		p.new, p.inNew = j, p.inNew+1
	}
	var pairs [][2]int
	for i, line := range old {
		if p := places[line]; p.inOld == 1 && p.inNew == 1 {
			pairs = append(pairs, [2]int{i + offset, p.new + offset})
		}
	}
	return longestInOrder(pairs)
}

// between pairs the lines of old[i:oldEnd] and new[j:newEnd]: equal ones at both ends,
// then the longest common sequence, unless that is too much work.
func between(old, new []string, i, oldEnd, j, newEnd int) [][2]int {
	var pairs, tail [][2]int
	for i < oldEnd && j < newEnd && old[i] == new[j] {
		pairs = append(pairs, [2]int{i, j})
		i, j = i+1, j+1
	}
	for i < oldEnd && j < newEnd && old[oldEnd-1] == new[newEnd-1] {
		oldEnd, newEnd = oldEnd-1, newEnd-1
		tail = append(tail, [2]int{oldEnd, newEnd})
	}
	if (oldEnd-i)*(newEnd-j) <= maxLineTable {
		pairs = append(pairs, commonLines(old[i:oldEnd], new[j:newEnd], i, j)...)
	}
	slices.Reverse(tail)
	return append(pairs, tail...)
}

// commonLines is the longest common sequence of two short texts.
func commonLines(old, new []string, i0, j0 int) [][2]int {
	if len(old) == 0 || len(new) == 0 {
		return nil
	}
	width := len(new) + 1
	longest := make([]int32, (len(old)+1)*width)
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(new) - 1; j >= 0; j-- {
			if old[i] == new[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	var pairs [][2]int
	for i, j := 0, 0; i < len(old) && j < len(new); {
		switch {
		case old[i] == new[j]:
			pairs = append(pairs, [2]int{i0 + i, j0 + j})
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}
