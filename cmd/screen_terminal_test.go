//go:build linux || darwin

package cmd_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"whk/verify/display/displaytest"
)

// glass is a terminal that keeps what is written to it. It is strict: it knows what a
// program needs to draw, and notes everything else, so that a sequence which should not
// be there cannot pass as one that was merely not understood.
type glass struct {
	width, height int
	main, other   [][]string // cells by row; a wide sign has "" behind it
	alternate     bool
	x, y          int
	wrap          bool // the next sign begins a new line
	savedX        int
	savedY        int
	top, bottom   int // the rows that scroll
	modes         map[string]bool
	keyboards     int             // pushed and not popped
	style         map[string]bool // attributes that are on
	title         string
	copied        []string
	last          string

	rest    []byte         // of a sequence that is not complete yet
	kinds   map[string]int // how often each kind of sequence came
	queries []string
	unknown []string
	faults  []string      // text that acts on a terminal or deceives
	colours []string      // and other attributes
	signs   map[rune]bool // outside of ASCII
	silent  bool          // answers no query
	answers []byte
}

func newGlass(width, height int) *glass {
	g := &glass{modes: map[string]bool{"?25": true, "?7": true}, kinds: map[string]int{}, signs: map[rune]bool{}, style: map[string]bool{}}
	g.resize(width, height)
	return g
}

func (g *glass) resize(width, height int) {
	for _, grid := range []*[][]string{&g.main, &g.other} {
		fresh := blankRows(width, height)
		for y := range min(len(*grid), height) {
			copy(fresh[y], (*grid)[y])
		}
		*grid = fresh
	}
	g.width, g.height, g.top, g.bottom = width, height, 0, height-1
	g.x, g.y, g.wrap = min(g.x, width-1), min(g.y, height-1), false
}

func blankRows(width, height int) [][]string {
	rows := make([][]string, height)
	for y := range rows {
		rows[y] = slices.Repeat([]string{" "}, width)
	}
	return rows
}

func (g *glass) grid() [][]string {
	if g.alternate {
		return g.other
	}
	return g.main
}

// text is what is to be seen, without the blanks at the ends of lines.
func (g *glass) text() string {
	var rows []string
	for _, row := range g.grid() {
		rows = append(rows, strings.TrimRight(strings.Join(row, ""), " "))
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n")
}

// set are the modes that are set, in order.
func (g *glass) set() []string {
	var on []string
	for mode, is := range g.modes {
		if is {
			on = append(on, mode)
		}
	}
	if g.keyboards != 0 {
		on = append(on, fmt.Sprintf("%d keyboards pushed", g.keyboards))
	}
	if g.top != 0 || g.bottom != g.height-1 {
		on = append(on, fmt.Sprintf("rows %d to %d scroll", g.top, g.bottom))
	}
	for attribute, is := range g.style {
		if is {
			on = append(on, attribute)
		}
	}
	slices.Sort(on)
	return on
}

func (g *glass) Write(p []byte) (int, error) {
	g.rest = append(g.rest, p...)
	for {
		n := g.step(g.rest)
		if n == 0 {
			return len(p), nil
		}
		g.rest = g.rest[n:]
	}
}

// step takes one text or sequence and returns its length, 0 when it is not complete.
func (g *glass) step(b []byte) int {
	switch {
	case len(b) == 0:
		return 0
	case b[0] == 0x1b:
		return g.escape(b)
	case b[0] < ' ' || b[0] == 0x7f:
		g.control(b[0])
		return 1
	}
	n := 0
	for n < len(b) && b[n] >= ' ' && b[n] != 0x7f {
		if !utf8.FullRune(b[n:]) {
			break
		}
		_, size := utf8.DecodeRune(b[n:])
		n += size
	}
	if n > 0 {
		g.print(string(b[:n]))
	}
	return n
}

// print draws a text, and notes what in it is no plain text.
func (g *glass) print(text string) {
	if fault := displaytest.Fault(text, false); fault != "" {
		g.faults = append(g.faults, fmt.Sprintf("%s in %q", fault, text))
	}
	for _, r := range text {
		if r >= utf8.RuneSelf {
			g.signs[r] = true
		}
	}
	method := ansi.WcWidth
	if g.modes["?2027"] {
		method = ansi.GraphemeWidth
	}
	for text != "" {
		sign, width := ansi.FirstGraphemeCluster(text, method)
		text = text[len(sign):]
		g.put(sign, width)
	}
}

func (g *glass) put(sign string, width int) {
	if width == 0 {
		return
	}
	if g.wrap && g.modes["?7"] || g.x+width > g.width {
		g.x, g.wrap = 0, false
		g.feed()
	}
	row := g.grid()[g.y]
	if g.modes["4"] {
		copy(row[min(g.x+width, g.width):], row[g.x:])
	}
	row[g.x], g.last = sign, sign
	if width == 2 {
		row[g.x+1] = ""
	}
	if g.x += width; g.x >= g.width {
		g.x, g.wrap = g.width-1, true
	}
}

// feed goes a line down, and scrolls at the last one.
func (g *glass) feed() {
	if g.y == g.bottom {
		g.shift(g.top, 1)
		return
	}
	g.y = min(g.y+1, g.height-1)
}

// shift moves the rows from one on up to the end of what scrolls: up, or down when by is
// negative.
func (g *glass) shift(from, by int) {
	part := g.grid()[from : g.bottom+1]
	for range min(max(by, -by), len(part)) {
		fresh := blankRows(g.width, 1)[0]
		if by > 0 {
			copy(part, part[1:])
			part[len(part)-1] = fresh
		} else {
			copy(part[1:], part)
			part[0] = fresh
		}
	}
}

func (g *glass) control(c byte) {
	g.kinds[fmt.Sprintf("%#02x", c)]++
	switch c {
	case '\b':
		g.x, g.wrap = max(g.x-1, 0), false
	case '\t':
		g.x, g.wrap = min((g.x/8+1)*8, g.width-1), false
	case '\n':
		g.feed()
		g.wrap = false
	case '\r':
		g.x, g.wrap = 0, false
	default:
		g.unknown = append(g.unknown, fmt.Sprintf("control character %#02x", c))
	}
}

// escape takes a sequence that begins with ESC.
func (g *glass) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '[':
		return g.csi(b)
	case ']', 'P', '_', '^', 'X':
		return g.stringSequence(b)
	}
	kind := "ESC " + string(rune(b[1]))
	n := 2
	if b[1] >= ' ' && b[1] < '0' {
		if len(b) < 3 {
			return 0
		}
		kind, n = kind+string(rune(b[2])), 3
	}
	g.kinds[kind]++
	switch kind {
	case "ESC 7":
		g.savedX, g.savedY = g.x, g.y
	case "ESC 8":
		g.x, g.y, g.wrap = g.savedX, g.savedY, false
	case "ESC M":
		if g.y == g.top {
			g.shift(g.top, -1)
		} else {
			g.y = max(g.y-1, 0)
		}
	default:
		g.unknown = append(g.unknown, kind)
	}
	return n
}

// stringSequence takes an OSC, DCS, APC, PM or SOS.
func (g *glass) stringSequence(b []byte) int {
	for i := 2; i < len(b); i++ {
		switch {
		case b[i] == 0x07 && b[1] == ']':
			g.osc(b[1], string(b[2:i]))
			return i + 1
		case b[i] == 0x1b && i+1 < len(b):
			g.osc(b[1], string(b[2:i]))
			return i + 2
		}
	}
	return 0
}

func (g *glass) osc(opener byte, content string) {
	number, text, _ := strings.Cut(content, ";")
	kind := map[byte]string{']': "OSC " + number, 'P': "DCS", '_': "APC", '^': "PM", 'X': "SOS"}[opener]
	g.kinds[kind]++
	switch {
	case kind == "OSC 0" || kind == "OSC 2":
		g.title = text
	case kind == "OSC 52":
		_, coded, _ := strings.Cut(text, ";")
		plain, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			g.unknown = append(g.unknown, "OSC 52 "+text)
			return
		}
		g.copied = append(g.copied, string(plain))
	case strings.Contains(content, "?"):
		g.queries = append(g.queries, kind)
	default:
		g.unknown = append(g.unknown, kind+" "+text)
	}
}

// csi takes a control sequence.
func (g *glass) csi(b []byte) int {
	i := 2
	for i < len(b) && (b[i] < 0x40 || b[i] > 0x7e) {
		i++
	}
	if i == len(b) {
		return 0
	}
	body, final := string(b[2:i]), b[i]
	mark := strings.TrimRight(body, " !\"#$%&'*+,-./")
	between := body[len(mark):]
	params := strings.TrimLeft(mark, "?<=>")
	mark = mark[:len(mark)-len(params)]
	kind := "CSI " + mark + between + string(final)
	if final == 'h' || final == 'l' {
		kind = "CSI " + mark + params + string(final)
	}
	g.kinds[kind]++
	if !g.move(kind, numbers(params)) && !g.change(kind, numbers(params)) && !g.arrange(mark, params, kind) {
		g.unknown = append(g.unknown, fmt.Sprintf("%q", b[:i+1]))
	}
	return i + 1
}

// numbers are the parameters of a sequence; what is left out is 0.
func numbers(params string) []int {
	var all []int
	for part := range strings.SplitSeq(params, ";") {
		n, _ := strconv.Atoi(part)
		all = append(all, n)
	}
	return append(all, 0, 0)
}

// move does what only moves the cursor.
func (g *glass) move(kind string, p []int) bool {
	n := max(p[0], 1)
	x, y := g.x, g.y
	switch kind {
	case "CSI A":
		y -= n
	case "CSI B", "CSI e":
		y += n
	case "CSI C", "CSI a":
		x += n
	case "CSI D":
		x -= n
	case "CSI G", "CSI `":
		x = n - 1
	case "CSI d":
		y = n - 1
	case "CSI H", "CSI f":
		x, y = max(p[1], 1)-1, n-1
	case "CSI I":
		x = (x/8 + n) * 8
	case "CSI Z":
		x = ((x+7)/8 - n) * 8
	default:
		return false
	}
	if x < 0 || x >= g.width || y < 0 || y >= g.height {
		g.kinds["outside"]++
	}
	g.x, g.y, g.wrap = min(max(x, 0), g.width-1), min(max(y, 0), g.height-1), false
	return true
}

// change does what changes cells.
func (g *glass) change(kind string, p []int) bool {
	grid, n := g.grid(), max(p[0], 1)
	row := grid[g.y]
	blank := func(cells []string) {
		for i := range cells {
			cells[i] = " "
		}
	}
	switch kind {
	case "CSI J":
		switch p[0] {
		case 0:
			blank(row[g.x:])
			for _, r := range grid[g.y+1:] {
				blank(r)
			}
		case 2:
			for _, r := range grid {
				blank(r)
			}
		default:
			return false
		}
	case "CSI K":
		from, to := g.x, g.width
		if p[0] > 0 {
			from = 0
		}
		if p[0] == 1 {
			to = g.x + 1
		}
		blank(row[from:to])
	case "CSI X":
		blank(row[g.x:min(g.x+n, g.width)])
	case "CSI P":
		n = min(n, g.width-g.x)
		copy(row[g.x:], row[g.x+n:])
		blank(row[g.width-n:])
	case "CSI @":
		n = min(n, g.width-g.x)
		copy(row[g.x+n:], row[g.x:])
		blank(row[g.x : g.x+n])
	case "CSI L":
		g.shift(g.y, -n)
	case "CSI M":
		g.shift(g.y, n)
	case "CSI S":
		g.shift(g.top, n)
	case "CSI T":
		g.shift(g.top, -n)
	case "CSI b":
		for range n {
			g.put(g.last, ansi.StringWidth(g.last))
		}
	default:
		return false
	}
	return true
}

// arrange does what changes how the terminal works, and answers questions.
func (g *glass) arrange(mark, params, kind string) bool {
	p := numbers(params)
	switch kind {
	case "CSI m":
		g.attributes(params)
	case "CSI r":
		g.top, g.bottom = max(p[0], 1)-1, g.height-1
		if p[1] > 0 {
			g.bottom = p[1] - 1
		}
		g.x, g.y, g.wrap = 0, 0, false
	case "CSI >m": // which keys are told apart
		g.modes[">"+strconv.Itoa(p[0])+"m"] = p[1] > 0
	case "CSI >u":
		g.keyboards++
	case "CSI <u":
		g.keyboards -= max(p[0], 1)
	case "CSI =u": // how keys are told apart
	case "CSI ?W": // tab stops, where they are anyway
	case "CSI  q":
		g.modes["cursor shape"] = p[0] > 1
	case "CSI c", "CSI >c", "CSI n", "CSI ?n", "CSI ?$p", "CSI $p", "CSI ?u", "CSI >q":
		g.asked(kind, params)
	case "CSI " + mark + params + "h", "CSI " + mark + params + "l":
		for mode := range strings.SplitSeq(params, ";") {
			g.mode(mark+mode, strings.HasSuffix(kind, "h"))
		}
	default:
		return false
	}
	return true
}

// attributes turns colours and the like on and off.
func (g *glass) attributes(params string) {
	for i, p := range numbers(params)[:strings.Count(params, ";")+1] {
		switch {
		case p == 0:
			g.style = map[string]bool{}
			continue
		case p == 22 || p >= 23 && p <= 29 || p == 39 || p == 49:
			for _, was := range map[int][]int{22: {1, 2}, 39: {3}, 49: {4}}[p] {
				delete(g.style, fmt.Sprint("attribute ", was))
			}
			delete(g.style, fmt.Sprint("attribute ", p-20))
		case p >= 30 && p <= 37 || p >= 90 && p <= 97:
			g.style["attribute 3"] = true // any colour
		case p >= 40 && p <= 47 || p >= 100 && p <= 107:
			g.style["attribute 4"] = true // any background
		case p <= 9:
			g.style[fmt.Sprint("attribute ", p)] = true
		default:
			g.unknown = append(g.unknown, fmt.Sprintf("attribute %d, the %dth of %s", p, i, params))
		}
		g.colours = append(g.colours, params)
	}
}

func (g *glass) mode(name string, on bool) {
	g.modes[name] = on
	if name != "?1049" || g.alternate == on {
		return
	}
	g.alternate = on
	if on {
		g.savedX, g.savedY = g.x, g.y
		g.other = blankRows(g.width, g.height)
		return
	}
	g.x, g.y, g.wrap = g.savedX, g.savedY, false
}

// asked answers as a terminal of today would.
func (g *glass) asked(kind, params string) {
	g.queries = append(g.queries, kind+" "+params)
	if g.silent {
		return
	}
	switch kind {
	case "CSI c":
		g.answers = append(g.answers, "\x1b[?62;22c"...)
	case "CSI n":
		g.answers = fmt.Appendf(g.answers, "\x1b[%d;%dR", g.y+1, g.x+1)
	case "CSI ?$p":
		state := 0
		if params == "2026" || params == "2027" {
			state = 2
		}
		g.answers = fmt.Appendf(g.answers, "\x1b[?%s;%d$y", params, state)
	}
}

// sent are the kinds of sequences that came, in order.
func (g *glass) sent() []string { return slices.Sorted(maps.Keys(g.kinds)) }
