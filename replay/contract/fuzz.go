package contract

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"whk/verify"
)

// fuzzCheck sends bent bodies, every one validly signed. What fails is made as small as
// it can be while it still fails in the same way.
func fuzzCheck(n int) Check {
	return Check{ID: "fuzz.body", Scope: jsonBodies(), Severity: Warning, Risk: Medium, Mode: Quick, Topic: AboutShape, phase: alone,
		Title: plural(n, "bent body"), Expect: "no failure, and no refusal as if they were forged",
		Why: "sooner or later a provider sends each of them; what fails comes again and again", Run: func(x *Exam) { x.fuzz(n) }}
}

// mostFailures is how many kinds of failure are looked into.
const mostFailures = 5

// bent is a body with what was done to it.
type bent struct {
	tree *node
	what []string
	kind string // failures of one kind are told once
}

func (x *Exam) fuzz(n int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	next, kinds := 0, map[string]bool{}
	for range InFlight {
		wg.Go(func() {
			for {
				mu.Lock()
				if next == n || len(kinds) >= mostFailures || x.Context.Err() != nil || x.run.gone.Load() != nil {
					mu.Unlock()
					return
				}
				b := x.bend(uint64(next))
				next++
				s := x.bentShot(b.tree)
				mu.Unlock()
				if s == nil {
					continue
				}
				r := x.run.send(x.Context, s.Delivery)
				mu.Lock()
				s.Says("a body with %s", strings.Join(b.what, " and "))
				x.seen(s, r)
				if x.failure(r) != "" && !kinds[b.kind+x.failure(r)] {
					kinds[b.kind+x.failure(r)] = true
					x.shrunk(s, b, r)
				} else if OutcomeOf(r) == Refused {
					x.settled(s, r, Refused)
				}
				x.judged = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(x.result.Findings) == 0 && x.judged {
		x.result.Says = plural(next, "bent body") + " survived"
	}
}

// failure names the way in which a bent body failed, "" when it did not.
func (x *Exam) failure(r verify.Result) string {
	switch o := OutcomeOf(r); o {
	case Crashed, Hung, Reset, Broken:
		return fmt.Sprint(o, r.Status)
	case Rejected:
		if r.Status == 401 || r.Status == 403 {
			return fmt.Sprint(o, r.Status)
		}
	}
	return ""
}

// bentShot signs a body; nil when it cannot be.
func (x *Exam) bentShot(tree *node) *Shot {
	s := x.Event()
	s.Body(tree.bytes())
	if !x.Sign(s) {
		return nil
	}
	return s
}

// bend makes the body that a number stands for: one to three changes, at places that do
// not decide which event it is.
func (x *Exam) bend(number uint64) bent {
	rnd := rand.New(rand.NewPCG(x.run.o.Seed, number))
	s := x.Event()
	b := bent{tree: x.treeOf(s)}
	for range 1 + rnd.IntN(3) {
		var leaves []leaf
		for _, l := range b.tree.walk() {
			if !x.deciding(s.spec, l) {
				leaves = append(leaves, l)
			}
		}
		if len(leaves) == 0 {
			break
		}
		l := leaves[rnd.IntN(len(leaves))]
		what := change(rnd, l)
		b.what = append(b.what, what+" at "+l.path)
		b.kind += what + l.path
	}
	return b
}

// change bends one value and says how.
func change(rnd *rand.Rand, l leaf) string {
	put := func(n *node) { *l.node = *n }
	switch rnd.IntN(10) {
	case 0:
		put(rawNode("null"))
		return "null"
	case 1:
		l.parent.remove(l.index)
		return "nothing"
	case 2:
		if l.node.kind == '{' {
			l.node.set("whk_test", rawNode(`{"a":[1]}`))
		} else {
			put(rawNode(`{"whk_test":1}`))
		}
		return "an unknown field"
	case 3:
		put(textNode(strings.Repeat("whk ", 1<<(8+rnd.IntN(7)))))
		return "a long text"
	case 4:
		texts := hostileTexts()
		put(textNode(texts[1+rnd.IntN(len(texts)-1)].text))
		return "a hostile text"
	case 5:
		numbers := []string{"9007199254740993", "-9223372036854775809", "1e400", "-0", "1.0000000000000000001", "123456789012345678901234567890"}
		put(&node{kind: '0', raw: numbers[rnd.IntN(len(numbers))]})
		return "a big number"
	case 6:
		depth := 50 + rnd.IntN(200)
		put(rawNode(strings.Repeat("[", depth) + strings.Repeat("]", depth)))
		return "deep nesting"
	case 7:
		put(rawNode([]string{"[]", "{}", `""`, "0", "false"}[rnd.IntN(5)]))
		return "an empty value"
	case 8:
		if l.node.kind == '[' && len(l.node.kids) > 0 {
			for range 20 {
				l.node.kids = append(l.node.kids, l.node.kids[0].clone())
			}
			return "many elements"
		}
		put(&node{kind: '[', kids: []*node{l.node.clone()}})
		return "a list around the value"
	}
	put(flipped(l.node))
	return "another type"
}

// flipped is a value of another type that looks alike.
func flipped(n *node) *node {
	switch n.kind {
	case '"':
		return rawNode("7")
	case '0':
		return textNode(n.raw)
	case 't':
		return textNode(n.raw)
	case '{':
		return rawNode("[]")
	case '[':
		return rawNode("{}")
	}
	return rawNode("true")
}

// shrunk reports the smallest body that still fails in the same way.
func (x *Exam) shrunk(s *Shot, b bent, r verify.Result) {
	way := x.failure(r)
	smallest, result, kept := s, r, b.tree
	tries := 0
	kept = shrink(kept, func(candidate *node) bool {
		if tries++; tries > mostTries || x.Context.Err() != nil {
			return false
		}
		shot := x.bentShot(candidate)
		if shot == nil {
			return false
		}
		got := x.run.free(x.Context, shot.Delivery)
		x.seen(shot, got)
		if x.failure(got) != way {
			return false
		}
		smallest, result = shot, got
		return true
	})
	smallest.Says("%d bytes, the smallest of a body with %s", len(kept.bytes()), strings.Join(b.what, " and "))
	text := "a bent body made the endpoint fail"
	if OutcomeOf(result) == Rejected {
		text = "a validly signed body was refused as forged ones are"
	}
	x.fail(x.check.Severity, smallest, result, "%s", text)
}

// mostTries bounds the requests that one failure is made smaller with.
const mostTries = 150

// shrink takes away and simplifies whatever can be, as long as the body still fails. It
// takes parts away in halves first, then one by one, as delta debugging does.
func shrink(tree *node, fails func(*node) bool) *node {
	for changed := true; changed; {
		changed = false
		for _, step := range []func(*node, func(*node) bool) (*node, bool){dropHalves, dropEach, simplify} {
			smaller, ok := step(tree, fails)
			tree, changed = smaller, changed || ok
		}
	}
	return tree
}

// dropHalves takes away half of the children of every list and object.
func dropHalves(tree *node, fails func(*node) bool) (*node, bool) {
	any := false
	for i := 0; ; i++ {
		all := containers(tree)
		if i >= len(all) {
			return tree, any
		}
		for n := len(all[i].kids) / 2; n >= 2; n /= 2 {
			for from := 0; from+n <= len(containers(tree)[i].kids); {
				candidate := tree.clone()
				c := containers(candidate)[i]
				c.kids = append(c.kids[:from:from], c.kids[from+n:]...)
				if c.kind == '{' {
					c.keys = append(c.keys[:from:from], c.keys[from+n:]...)
				}
				if fails(candidate) {
					tree, any = candidate, true
				} else {
					from += n
				}
			}
			if i >= len(containers(tree)) {
				return tree, any
			}
		}
	}
}

// containers are the lists and objects, the outermost first.
func containers(tree *node) []*node {
	all := []*node{tree}
	for _, l := range tree.walk() {
		all = append(all, l.node)
	}
	out := all[:0]
	for _, n := range all {
		if n.kind == '{' || n.kind == '[' {
			out = append(out, n)
		}
	}
	return out
}

// dropEach takes away one value after the other.
func dropEach(tree *node, fails func(*node) bool) (*node, bool) {
	any := false
	for i := 0; i < len(tree.walk()); {
		candidate := tree.clone()
		l := candidate.walk()[i]
		l.parent.remove(l.index)
		if fails(candidate) {
			tree, any = candidate, true
		} else {
			i++
		}
	}
	return tree, any
}

// simplify makes values shorter.
func simplify(tree *node, fails func(*node) bool) (*node, bool) {
	any := false
	for i := 0; i < len(tree.walk()); i++ {
		for _, simpler := range simplerThan(tree.walk()[i].node) {
			candidate := tree.clone()
			*candidate.walk()[i].node = *simpler
			if fails(candidate) {
				tree, any = candidate, true
				break
			}
		}
	}
	return tree, any
}

// simplerThan are values of the same type that are shorter.
func simplerThan(n *node) []*node {
	var all []*node
	add := func(raw string) {
		if len(raw) < len(n.bytes()) {
			all = append(all, rawNode(raw))
		}
	}
	switch n.kind {
	case '"':
		add(`""`)
		if text := n.text(); len(text) > 8 {
			cut := text[:len(text)/2]
			add(quoted(strings.ToValidUTF8(cut, "")))
		}
	case '0':
		add("0")
	case '[':
		add("[]")
		if len(n.kids) == 1 && n.kids[0].kind == '[' {
			all = append(all, n.kids[0].clone())
		}
	case '{':
		add("{}")
	}
	return all
}
