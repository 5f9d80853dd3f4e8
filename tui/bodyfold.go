package tui

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"whk/verify/provider"
)

// fold is an object or array that is shown on the line that opens it.
type fold struct {
	line, end uint32 // the lines of its brackets
	members   uint32
	comma     bool // behind its end
}

func (f *fold) count() string { return strconv.Itoa(int(f.members)) }

// shutFold is a fold that can be seen.
type shutFold struct {
	fold   uint32 // its index
	hidden uint32 // how many lines are hidden up to its end, by it and those before
}

// height is how many lines can be seen.
func (t *jsonTree) height() int {
	if len(t.shut) == 0 {
		return t.lines
	}
	return t.lines - int(t.shut[len(t.shut)-1].hidden)
}

// real is the number that a line has when nothing is folded.
func (t *jsonTree) real(seen int) int {
	// A fold moves all lines behind the one it is seen on.
	i := sort.Search(len(t.shut), func(i int) bool {
		before := 0
		if i > 0 {
			before = int(t.shut[i-1].hidden)
		}
		return int(t.folds[t.shut[i].fold].line)-before >= seen
	})
	if i == 0 {
		return seen
	}
	return seen + int(t.shut[i-1].hidden)
}

// seen is the number that a line has now; that of the fold which hides it, when one does.
func (t *jsonTree) seen(line int) int {
	i := sort.Search(len(t.shut), func(i int) bool { return int(t.folds[t.shut[i].fold].line) >= line })
	if i == 0 {
		return line
	}
	f := t.folds[t.shut[i-1].fold]
	if line > int(f.end) {
		return line - int(t.shut[i-1].hidden)
	}
	return int(f.line) - int(t.shut[i-1].hidden) + int(f.end-f.line)
}

// shutAt is the fold that is seen on a line; nil when there is none.
func (t *jsonTree) shutAt(line int) *fold {
	i := sort.Search(len(t.shut), func(i int) bool { return int(t.folds[t.shut[i].fold].line) >= line })
	if i == len(t.shut) || int(t.folds[t.shut[i].fold].line) != line {
		return nil
	}
	return &t.folds[t.shut[i].fold]
}

// recount works out what can be seen of the folds.
func (t *jsonTree) recount() {
	t.shut = t.shut[:0]
	hidden, end := uint32(0), -1
	for i, f := range t.folds {
		if int(f.line) <= end {
			continue
		}
		end = int(f.end)
		hidden += f.end - f.line
		t.shut = append(t.shut, shutFold{uint32(i), hidden})
	}
}

func (t *jsonTree) opens(seen int) bool {
	c := t.seek(t.real(seen))
	l := c.step()
	return l.kind == openLine
}

// fold folds or unfolds what a seen line opens, or folds what it is in. It returns the
// line that this is seen on.
func (t *jsonTree) fold(seen int) int {
	line := t.real(seen)
	if f := t.shutAt(line); f != nil {
		t.keep(func(f fold) bool { return int(f.line) != line })
		return seen
	}
	if !t.opens(seen) {
		way := t.trail(line)
		last := len(way) - 1
		if way[last].line == line { // it is no end of what is to be folded
			if last--; last < 0 {
				return seen
			}
		}
		line = way[last].line
	}
	f := t.measure(line)
	i, _ := slices.BinarySearchFunc(t.folds, f, func(a, b fold) int { return cmp.Compare(a.line, b.line) })
	t.folds = slices.Insert(t.folds, i, f)
	t.recount()
	return t.seen(line)
}

// measure reads the object or array that a line opens.
func (t *jsonTree) measure(line int) fold {
	c := t.seek(line)
	open := c.step()
	f := fold{line: uint32(line)}
	for {
		l := c.step()
		switch {
		case l.depth == open.depth:
			f.end, f.comma = uint32(l.number), l.comma
			return f
		case l.depth == open.depth+1 && l.kind != closeLine:
			f.members++
		}
	}
}

func (t *jsonTree) unfoldAll() { t.folds, t.shut = nil, nil }

// keep drops the other folds.
func (t *jsonTree) keep(wanted func(fold) bool) {
	t.folds = slices.DeleteFunc(t.folds, func(f fold) bool { return !wanted(f) })
	t.recount()
}

// reveal opens the folds that hide a line, and returns where it is seen then.
func (t *jsonTree) reveal(line int) int {
	if i := t.seen(line); t.real(i) == line {
		return i
	}
	t.keep(func(f fold) bool { return line <= int(f.line) || line > int(f.end) })
	return t.seen(line)
}

// foldAll folds everything at one depth and opens what is around it, in one pass.
func (t *jsonTree) foldAll(depth int) {
	depth = max(depth, 0)
	var folds []fold
	kept, open := t.folds, 0
	for c := t.seek(0); c.line < t.lines; {
		l := c.step()
		switch {
		case l.depth == depth && l.kind == openLine:
			open = len(folds)
			folds = append(folds, fold{line: uint32(l.number)})
		case l.depth == depth && l.kind == closeLine:
			folds[open].end, folds[open].comma = uint32(l.number), l.comma
		case l.depth == depth+1 && l.kind != closeLine:
			folds[open].members++
		}
		if len(kept) > 0 && int(kept[0].line) == l.number {
			if l.depth > depth {
				folds = append(folds, kept[0])
			}
			kept = kept[1:]
		}
	}
	t.folds = slices.Clip(folds)
	t.recount()
}

// crumb is one value on the way from the outermost one to a line.
type crumb struct {
	line  int
	key   []byte
	index int // among its siblings
	size  int // how many values were met in it
}

// trail is the way to the value that a line holds, opens or closes.
func (t *jsonTree) trail(line int) []crumb {
	var way []crumb
	for c := t.seek(0); ; {
		l := c.step()
		if l.kind == closeLine {
			if l.number == line {
				return way
			}
			way = way[:len(way)-1]
			continue
		}
		here := crumb{line: l.number, key: l.key}
		if n := len(way) - 1; n >= 0 {
			here.index = way[n].size
			way[n].size++
		}
		if l.number == line {
			return append(way, here)
		}
		if l.kind == openLine {
			way = append(way, here)
		}
	}
}

// path is the way to a seen line in the notation of filters and templates.
func (t *jsonTree) path(seen int) string {
	var steps []string
	for _, s := range t.trail(t.real(seen))[1:] {
		if s.key == nil {
			steps = append(steps, strconv.Itoa(s.index))
			continue
		}
		var name string
		if err := json.Unmarshal(s.key, &name); err != nil {
			return ""
		}
		steps = append(steps, provider.EscapeKey(name))
	}
	return strings.Join(steps, ".")
}
