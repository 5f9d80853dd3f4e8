package main

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// drawn is the text that a terminal shows, without its colours. It follows what Bubble
// Tea's renderer makes use of.
type drawn struct {
	parser      *ansi.Parser
	cells       [rows][]rune
	x, y        int
	top, bottom int // the lines that scroll, the last one included
	before      rune
}

func newDrawn() *drawn {
	d := &drawn{parser: ansi.NewParser(), bottom: rows - 1}
	for y := range d.cells {
		d.cells[y] = blanks()
	}
	d.parser.SetHandler(ansi.Handler{
		Print: d.print, Execute: d.control, HandleCsi: d.csi,
		HandleEsc: func(c ansi.Cmd) {
			if c.Final() == 'M' {
				d.back()
			}
		},
	})
	return d
}

func blanks() []rune { return []rune(strings.Repeat(" ", columns)) }

func (d *drawn) write(p []byte) { d.parser.Parse(p) }

func (d *drawn) text() string {
	var b strings.Builder
	for _, l := range d.cells {
		b.WriteString(strings.TrimRight(string(l), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

func (d *drawn) print(r rune) {
	if d.x >= columns {
		d.x = 0
		d.feed()
	}
	d.cells[d.y][d.x] = r
	d.before = r
	d.x++
}

func (d *drawn) control(c byte) {
	switch c {
	case '\n':
		d.feed()
	case '\r':
		d.x = 0
	case '\b':
		d.x = max(d.x-1, 0)
	case '\t':
		d.x = min(d.x/8*8+8, columns-1)
	}
}

// feed goes to the next line, back to the one before; both scroll at the edge.
func (d *drawn) feed() {
	if d.y == d.bottom {
		d.scroll(d.top, 1)
		return
	}
	d.y = min(d.y+1, rows-1)
}

func (d *drawn) back() {
	if d.y == d.top {
		d.scroll(d.top, -1)
		return
	}
	d.y = max(d.y-1, 0)
}

// scroll moves the lines from one on up by so many, or down by as many below 0.
func (d *drawn) scroll(from, by int) {
	if from < d.top || from > d.bottom {
		return
	}
	lines := d.cells[from : d.bottom+1]
	for range min(max(by, -by), len(lines)) {
		if by > 0 {
			copy(lines, lines[1:])
			lines[len(lines)-1] = blanks()
		} else {
			copy(lines[1:], lines[:len(lines)-1])
			lines[0] = blanks()
		}
	}
}

func (d *drawn) csi(c ansi.Cmd, params ansi.Params) {
	if c.Prefix() != 0 || c.Intermediate() != 0 {
		return // modes, which move nothing
	}
	n := func(i, standard int) int {
		v, _, ok := params.Param(i, standard)
		if !ok || v == 0 && standard > 0 {
			return standard
		}
		return v
	}
	switch c.Final() {
	case 'A':
		d.y -= n(0, 1)
	case 'B', 'e':
		d.y += n(0, 1)
	case 'C', 'a':
		d.x += n(0, 1)
	case 'D':
		d.x -= n(0, 1)
	case 'E':
		d.x, d.y = 0, d.y+n(0, 1)
	case 'F':
		d.x, d.y = 0, d.y-n(0, 1)
	case 'G', '`':
		d.x = n(0, 1) - 1
	case 'd':
		d.y = n(0, 1) - 1
	case 'H', 'f':
		d.x, d.y = n(1, 1)-1, n(0, 1)-1
	case 'I':
		d.x = (d.x/8 + n(0, 1)) * 8
	case 'Z':
		d.x = ((d.x+7)/8 - n(0, 1)) * 8
	case 'r':
		d.top, d.bottom = min(n(0, 1), rows)-1, min(n(1, rows), rows)-1
		d.x, d.y = 0, 0
	case 'S':
		d.scroll(d.top, n(0, 1))
	case 'T':
		d.scroll(d.top, -n(0, 1))
	case 'L':
		d.scroll(d.y, -n(0, 1))
	case 'M':
		d.scroll(d.y, n(0, 1))
	case 'b':
		for range n(0, 1) {
			d.print(d.before)
		}
	default:
		d.erase(c.Final(), n(0, 0))
		return
	}
	d.x, d.y = min(max(d.x, 0), columns), min(max(d.y, 0), rows-1)
}

// erase takes letters away, or makes room for some.
func (d *drawn) erase(final byte, n int) {
	line, at := d.cells[d.y], min(d.x, columns-1)
	some := min(max(n, 1), columns-at)
	switch final {
	case 'X':
		copy(line[at:at+some], blanks())
	case 'P':
		copy(line[at:], line[at+some:])
		copy(line[columns-some:], blanks())
	case '@':
		d.cells[d.y] = slices.Insert(line, at, blanks()[:some]...)[:columns]
	case 'K':
		from, to := at, columns
		if n > 0 {
			from = 0
		}
		if n == 1 {
			to = at + 1
		}
		copy(line[from:to], blanks())
	case 'J':
		from := d.y + 1
		switch n {
		case 0:
			copy(line[at:], blanks())
		default:
			from = 0
		}
		for y := from; y < rows; y++ {
			d.cells[y] = blanks()
		}
	}
}
