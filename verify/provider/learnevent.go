package provider

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"whk/verify"
)

// Where a delivery says what happened is inferred from what is recorded: the field or
// header whose few values tell the shapes of the bodies apart best, and whose name says
// that it might.

// source is a place in deliveries that has one text: a path of the body or a header.
type source struct {
	template string
	key      string // the last part of its name, in small letters and digits only
	parent   string // the same of what it stands in
	depth    int
	header   string // the name, for a header
	values   []string
	distinct []string
}

// The words by which senders call what an event is, what it is about and what happened
// to it, the most telling first.
var (
	learnedNameWords   = [...]string{"event", "eventtype", "eventname", "topic", "eventkey", "webhookevent", "hookevent", "notificationtype", "messagetype", "type", "trigger", "operation", "action", "kind", "subject", "name"}
	learnedEntityWords = [...]string{"entity", "entitytype", "itemtype", "resourcetype", "objecttype", "recordtype", "resource", "object", "model", "record", "collection", "table", "subjecttype", "type"}
	learnedActionWords = [...]string{"action", "eventtype", "operation", "verb", "change", "changetype", "method", "activity", "event", "trigger", "op"}
	learnedTimeWords   = [...]string{"timestamp", "eventtime", "eventdate", "occurredat", "occurred", "createdat", "created", "time", "date", "sentat", "emittedat", "updatedat", "ts", "at", "when"}
	learnedTenantWords = [...]string{"account", "accountid", "tenant", "tenantid", "organization", "organizationid", "orgid", "workspace", "workspaceid", "shop", "shopid", "company", "companyid"}
)

// at is the template of a path of the body.
func (d *Draft) at(path string) string {
	if steps, err := parsePath(path); err == nil && d.form {
		return d.template(steps)
	}
	return "{body." + path + "}"
}

// template is the template of a field; those of a form have names and no paths.
func (d *Draft) template(path jsonPath) string {
	if d.form {
		return "{form." + path[0].key + "}"
	}
	return "{body." + path.String() + "}"
}

// plainKey is a name without the signs that senders write differently.
func plainKey(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := lower(name[i]); 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// maxSourceDepth is how deep in a body a sender may name the event.
const maxSourceDepth = 3

// sources lists the places that have a text in every delivery.
func (d *Draft) sources(recorded []*Recorded, signed []string) []*source {
	by := map[string]*source{}
	var all []*source
	note := func(s source, value string) {
		known := by[s.template]
		if known == nil {
			known = &s
			by[s.template], all = known, append(all, known)
		}
		known.values = append(known.values, value)
		if !slices.Contains(known.distinct, value) {
			known.distinct = append(known.distinct, value)
		}
	}
	for _, r := range recorded {
		for _, name := range ownHeaders(r.Delivery.Header) {
			if !slices.Contains(signed, name) {
				note(source{template: "{header." + name + "}", header: name, key: headerKey(name)}, r.Delivery.Header[name][0])
			}
		}
		eachScalar(r.view, func(path jsonPath, text string) {
			s := source{template: d.template(path), key: plainKey(path[len(path)-1].key), depth: len(path)}
			if len(path) > 1 {
				s.parent = plainKey(path[len(path)-2].key)
			}
			note(s, text)
		})
	}
	return slices.DeleteFunc(all, func(s *source) bool { return len(s.values) != len(recorded) })
}

// headerKey is what a header is about: X-Acme-Event is an event.
func headerKey(name string) string {
	parts := strings.Split(name, "-")
	for i := range parts {
		if key := plainKey(strings.Join(parts[i:], "")); slices.Contains(learnedNameWords[:], key) {
			return key
		}
	}
	return plainKey(parts[len(parts)-1])
}

// eachScalar visits the texts and numbers of a body that stand in no array.
func eachScalar(body []byte, visit func(jsonPath, string)) {
	var walk func(at int, path jsonPath)
	walk = func(at int, path jsonPath) {
		for m := range members(body, at) {
			below := append(slices.Clip(path), step{key: unquote(body[m.key:m.keyEnd]), index: -1})
			if strings.ContainsAny(below[len(below)-1].key, "{}") {
				continue // a template has no way to write it
			}
			switch body[m.value] {
			case '{':
				if len(below) < maxSourceDepth {
					walk(m.value, below)
				}
			case '[':
			default:
				if text, ok := scalar(body[m.value:m.end]); ok {
					visit(below, text)
				}
			}
		}
	}
	if at := skipSpace(body, 0); at < len(body) && body[at] == '{' {
		walk(at, nil)
	}
}

// wordRank is how telling the name of a source is: 0 when it says nothing.
func (s *source) wordRank(words []string) int {
	if i := slices.Index(words, s.key); i >= 0 {
		return 2 * (len(words) - i)
	}
	return 0
}

// placed reports whether a source stands where senders name events. Deeper in a body a
// type or a name is that of a thing, unless what it stands in is about the event.
func (s *source) placed() bool {
	if s.depth < 2 || strings.Contains(s.key, "event") || strings.Contains(s.key, "topic") {
		return true
	}
	return slices.Contains([]string{"event", "meta", "metadata", "header", "headers", "webhook", "data", "notification", "message"}, s.parent)
}

// isName reports whether every value can be an event's name, and is no number.
func (s *source) isName() bool {
	for _, v := range s.values {
		if v == "" || refuseName(strings.NewReplacer("/", ".", " ", "!").Replace(v), "") != "" || strings.Trim(v, "0123456789.:-") == "" {
			return false
		}
	}
	return len(s.values) == 1 || len(s.distinct) < len(s.values) || len(s.distinct) <= 2 || s.telling()
}

// telling reports whether the name or the values say that it is an event though no value
// comes twice.
func (s *source) telling() bool {
	return slices.Contains(learnedNameWords[:6], s.key) || s.split() != ""
}

// split is the sign that divides the values into entities and actions, most of them at
// least; an event of one word has no action.
func (s *source) split() string {
	for _, sign := range []string{"/", ".", ":"} {
		divided, bare := map[string]bool{}, map[string]bool{}
		sound := true
		for _, v := range s.distinct {
			i := strings.LastIndex(v, sign)
			if i < 0 {
				bare[v] = true
				continue
			}
			divided[v[:i]] = true
			sound = sound && i > 0 && i+len(sign) < len(v)
		}
		for v := range bare {
			sound = sound && !divided[v] // an entity has actions or it has none
		}
		if sound && len(s.distinct) > 0 && 2*len(bare) <= len(s.distinct) && len(bare) < len(s.distinct) {
			return sign
		}
	}
	return ""
}

// purity is how well the values tell the shapes of bodies apart, in percent: the share of
// deliveries whose shape is the usual one of their value.
func (s *source) purity(shapes []string) int {
	count := map[[2]string]int{}
	most := map[string]int{}
	for i, v := range s.values {
		count[[2]string{v, shapes[i]}]++
		most[v] = max(most[v], count[[2]string{v, shapes[i]}])
	}
	total := 0
	for _, n := range most {
		total += n
	}
	return total * 100 / max(1, len(s.values))
}

// shapeOf names the fields of a body.
func shapeOf(body []byte) string {
	var paths []string
	eachScalar(body, func(p jsonPath, _ string) { paths = append(paths, p.String()) })
	slices.Sort(paths)
	return strings.Join(paths, "\n")
}

// best is the source with the most telling name and values, nil when none says anything.
func best(all []*source, words []string, shapes []string) *source {
	score := func(s *source) int {
		rank := s.wordRank(words)
		if rank == 0 || !s.placed() || !s.isName() {
			return 0
		}
		points := 10*rank + s.purity(shapes) - 15*s.depth
		if s.split() != "" {
			points += 120
		}
		if len(s.distinct) == 1 && len(shapes) > 1 {
			points -= 60
		}
		return max(1, points)
	}
	var found *source
	for _, s := range all {
		if score(s) > 0 && (found == nil || score(s) > score(found)) {
			found = s
		}
	}
	return found
}

// learnEvent fills in where a draft's event is named. It returns false when nothing tells.
func (d *Draft) learnEvent(recorded []*Recorded, signed []string) bool {
	all := d.sources(recorded, signed)
	shapes := make([]string, len(recorded))
	for i, r := range recorded {
		shapes[i] = shapeOf(r.view)
	}
	name := best(all, learnedNameWords[:], shapes)
	if name != nil && (name.split() != "" || name.header != "") {
		d.nameFrom(name)
		return true
	}
	action := best(all, learnedActionWords[:], shapes)
	entity := best(slices.DeleteFunc(slices.Clone(all), func(s *source) bool { return s == action }), learnedEntityWords[:], shapes)
	switch {
	case entity != nil && action != nil:
		d.Entity, d.Action = entity.template, action.template
	case name != nil:
		d.nameFrom(name)
	default:
		d.EventName = "delivery.received"
		return false
	}
	return true
}

func (d *Draft) nameFrom(s *source) {
	if d.EventName, d.Split = s.template, s.split(); d.Split == "" {
		d.Split = "/" // the name is one word, whatever it holds
	}
}

// learnFacts fills in time, account and ids.
func (d *Draft) learnFacts(recorded []*Recorded, signed []string) {
	all := d.sources(recorded, signed)
	pick := func(words []string, fits func(*source) bool) *source {
		inBody := slices.DeleteFunc(slices.Clone(all), func(s *source) bool {
			return s.header != "" || s.wordRank(words) == 0 || !fits(s)
		})
		if len(inBody) == 0 {
			return nil
		}
		return slices.MinFunc(inBody, func(a, b *source) int {
			return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(b.wordRank(words), a.wordRank(words)))
		})
	}
	if at := pick(learnedTimeWords[:], func(s *source) bool { return s.timeFormat() != "" }); at != nil {
		d.Time, d.TimeFormat = at.template, at.timeFormat()
	}
	if tenant := pick(learnedTenantWords[:], func(s *source) bool { return s.depth <= 2 }); tenant != nil {
		d.Account = tenant.template
	}
	d.IDs = d.idPaths(recorded)
}

// timeFormat is the format that all values share.
func (s *source) timeFormat() string {
	format := stampFormat(s.values[0])
	for _, v := range s.values {
		if stampFormat(v) != format {
			return ""
		}
	}
	return format
}

// idPaths are where the ids of what events are about stand: the deepest that most bodies
// have, then others for those that lack it.
func (d *Draft) idPaths(recorded []*Recorded) []string {
	count := map[string]int{}
	has := make([]map[string]bool, len(recorded))
	for i, r := range recorded {
		has[i] = map[string]bool{}
		eachScalar(r.view, func(p jsonPath, _ string) {
			if key := plainKey(p[len(p)-1].key); key == "id" || key == "uuid" {
				has[i][p.String()] = true
			}
		})
		for _, m := range listIDs(r.view) {
			has[i][m] = true
		}
		for p := range has[i] {
			count[p]++
		}
	}
	paths := make([]string, 0, len(count))
	for p := range count {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(strings.Count(b, "."), strings.Count(a, ".")), cmp.Compare(a, b))
	})
	var chosen []string
	covered := make([]bool, len(recorded))
	for _, p := range paths {
		news := false
		for i := range recorded {
			if has[i][p] && !covered[i] {
				covered[i], news = true, true
			}
		}
		if news && len(chosen) < 3 {
			chosen = append(chosen, d.at(p))
		}
	}
	return chosen
}

// listIDs are the paths of ids in the lists of a body.
func listIDs(body []byte) []string {
	var paths []string
	at := skipSpace(body, 0)
	if at == len(body) || body[at] != '{' {
		return nil
	}
	for m := range members(body, at) {
		key := unquote(body[m.key:m.keyEnd])
		if body[m.value] != '[' || strings.ContainsAny(key, "{}") {
			continue
		}
		for e := range elements(body, m.value) {
			if body[e.value] == '{' {
				if _, n := findMember(body, e.value, "id"); n > 0 {
					paths = append(paths, EscapeKey(key)+".#.id")
				}
			}
			break
		}
	}
	return paths
}

// learnDetect fills in what tells the provider: what names its events, what signs them,
// and the fields that every body has.
func (d *Draft) learnDetect(recorded []*Recorded) {
	add := func(template string) {
		if strings.HasPrefix(template, "{") && !slices.Contains(d.Present, template) {
			d.Present = append(d.Present, template)
		}
	}
	add(d.EventName)
	add(d.Entity)
	add(d.Action)
	var shared []string
	for i, r := range recorded {
		var keys []string
		at := skipSpace(r.view, 0)
		for m := range members(r.view, at) {
			value := string(r.view[m.value:m.end])
			if key := unquote(r.view[m.key:m.keyEnd]); !strings.ContainsAny(key, "{}") && !slices.Contains([]string{"null", `""`, "[]", "{}"}, value) {
				keys = append(keys, d.template(jsonPath{step{key: key, index: -1}}))
			}
		}
		if i == 0 {
			shared = keys
		}
		shared = slices.DeleteFunc(shared, func(k string) bool { return !slices.Contains(keys, k) })
	}
	for _, key := range shared[:min(4, len(shared))] {
		add(key)
	}
	if d.Recipe.Header != "" && len(d.Present) < 3 {
		add("{header." + http.CanonicalHeaderKey(d.Recipe.Header) + "}")
	}
}

// signedHeaders are the headers that signing sets anew.
func signedHeaders(r verify.Recipe) []string {
	var names []string
	for _, name := range []string{r.Header, r.ID} {
		if name != "" {
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	if r.Timestamp != nil && r.Timestamp.Header != "" {
		names = append(names, http.CanonicalHeaderKey(r.Timestamp.Header))
	}
	if r.Kind == verify.KindMessage {
		names = append(names, "Signature", "Signature-Input", "Content-Digest")
	}
	return names
}
