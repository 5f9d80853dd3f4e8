package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"whk/verify/provider"
)

// action is something a key does. Its text is its id in the configuration.
type action string

// place is where keys are pressed.
type place string

const (
	everywhere place = "everywhere"
	inList     place = "list"
	inDetail   place = "detail"
	inBody     place = "body"
	inVerify   place = "verify"
	inDiff     place = "diff"
)

// binding says which keys do what, and where. A place of its own goes before everywhere.
type binding struct {
	action action
	in     place
	keys   []string
	// does says it in a help, short in the hints at the foot of the screen.
	does, short string
}

// The actions, in the order of the help.
const (
	actUp        action = "up"
	actDown      action = "down"
	actPageUp    action = "page-up"
	actPageDown  action = "page-down"
	actTop       action = "top"
	actBottom    action = "bottom"
	actLeft      action = "left"
	actRight     action = "right"
	actOpen      action = "open"
	actBack      action = "back"
	actPane      action = "pane"
	actNextTab   action = "next-tab"
	actPrevTab   action = "previous-tab"
	actBody      action = "body"
	actHead      action = "head"
	actVerify    action = "verify"
	actDiff      action = "diff"
	actAttempts  action = "attempts"
	actSearch    action = "search"
	actNext      action = "next-match"
	actPrevious  action = "previous-match"
	actFilter    action = "filter"
	actFollow    action = "follow"
	actReplay    action = "replay"
	actResign    action = "replay-signed"
	actEdit      action = "edit"
	actSend      action = "send"
	actMark      action = "mark"
	actCompare   action = "compare"
	actCopy      action = "copy"
	actCopyCurl  action = "copy-curl"
	actCopyHead  action = "copy-headers"
	actCopyBody  action = "copy-body"
	actCopyWhy   action = "copy-report"
	actExport    action = "export"
	actSave      action = "save"
	actOrder     action = "order"
	actReverse   action = "reverse"
	actPause     action = "pause"
	actMask      action = "mask"
	actStats     action = "statistics"
	actTree      action = "tree"
	actLess      action = "less-context"
	actMore      action = "more-context"
	actZoom      action = "zoom"
	actNormal    action = "unzoom"
	actHeader    action = "header"
	actFold      action = "fold"
	actFoldAll   action = "fold-all"
	actRaw       action = "raw"
	actDelete    action = "delete"
	actClear     action = "clear"
	actCommand   action = "command"
	actHelp      action = "help"
	actLog       action = "command-log"
	actRefresh   action = "refresh"
	actQuit      action = "quit"
	actSuspend   action = "suspend"
	actInterrupt action = "interrupt"
)

// standard are the keys as they are when nobody has bound others.
func standard() []binding {
	return []binding{
		{actUp, everywhere, []string{"up", "k"}, "one up", ""},
		{actDown, everywhere, []string{"down", "j"}, "one down", ""},
		{actPageUp, everywhere, []string{"pgup", "ctrl+u"}, "a page up", ""},
		{actPageDown, everywhere, []string{"pgdown", "ctrl+d"}, "a page down", ""},
		{actTop, everywhere, []string{"g", "home"}, "to the first", ""},
		{actBottom, everywhere, []string{"G", "end"}, "to the last", ""},
		{actOpen, inList, []string{"enter", "l", "right"}, "open the event", "open"},
		{actLeft, inDetail, []string{"left", "h"}, "scroll to the left, then back to the list", ""},
		{actRight, inDetail, []string{"right", "l"}, "scroll to the right", ""},
		{actBack, everywhere, []string{"esc"}, "back; clears a search, then the filter", "back"},
		{actPane, everywhere, []string{"tab", "shift+tab"}, "to the other pane", ""},
		{actNextTab, everywhere, []string{"]"}, "next tab", ""},
		{actPrevTab, everywhere, []string{"["}, "previous tab", ""},
		{actBody, everywhere, []string{"1"}, "tab Body", ""},
		{actHead, everywhere, []string{"2"}, "tab Head", ""},
		{actVerify, everywhere, []string{"v", "3"}, "tab Verify: what was thought of the signature, and why", "verify"},
		{actDiff, everywhere, []string{"d", "4"}, "tab Diff: old and new, or what was compared", "diff"},
		{actAttempts, everywhere, []string{"5", "a"}, "tab Attempts: every answer of the app", ""},
		{actSearch, everywhere, []string{"/"}, "search a text in names, bodies and headers", "search"},
		{actNext, everywhere, []string{"n"}, "next match", ""},
		{actPrevious, everywhere, []string{"N"}, "previous match", ""},
		{actFilter, everywhere, []string{"f"}, "show only events that fit a filter", "filter"},
		{actFollow, everywhere, []string{"F"}, "follow the newest event", ""},
		{actReplay, everywhere, []string{"r"}, "replay the event as it came", "replay"},
		{actResign, everywhere, []string{"R"}, "replay it with a fresh signature", ""},
		{actEdit, everywhere, []string{"e"}, "edit a copy of its body, and send that", "edit+send"},
		{actSend, everywhere, []string{"s"}, "pick a sample, and send it", "send"},
		{actMark, everywhere, []string{"space"}, "mark the event", "mark"},
		{actCompare, everywhere, []string{"W"}, "compare the marked event with this one", ""},
		{actCopy, everywhere, []string{"y"}, "copy: curl, body, headers, id, report", "copy"},
		{actCopyCurl, everywhere, []string{"C"}, "copy as a curl command", ""},
		{actCopyHead, everywhere, []string{"H"}, "copy the headers", ""},
		{actCopyBody, everywhere, []string{"B"}, "copy the body", ""},
		{actCopyWhy, inVerify, []string{"c"}, "copy the report on the signature", "copy report"},
		{actExport, everywhere, []string{"x"}, "export the event", ""},
		{actSave, everywhere, []string{"w"}, "save it as a sample of its provider", ""},
		{actOrder, everywhere, []string{"o"}, "order the list by another column", ""},
		{actReverse, everywhere, []string{"O"}, "turn the order around", ""},
		{actPause, everywhere, []string{"p"}, "pause the list; receiving goes on", ""},
		{actMask, everywhere, []string{"m"}, "mask personal data on the screen", ""},
		{actStats, everywhere, []string{"S"}, "statistics", "stats"},
		{actTree, inDiff, []string{"t"}, "as a tree, or line by line", "tree/lines"},
		{actLess, inDiff, []string{"{"}, "fewer lines around a change", ""},
		{actMore, inDiff, []string{"}"}, "more lines around a change", ""},
		{actFold, inBody, []string{"enter", "z"}, "fold or unfold what the line opens", "fold"},
		{actFoldAll, inBody, []string{"Z"}, "fold everything, or unfold it", ""},
		{actRaw, inBody, []string{"b"}, "the exact bytes, or for reading", "bytes"},
		{actZoom, everywhere, []string{"+"}, "give the pane the whole width", ""},
		{actNormal, everywhere, []string{"_"}, "both panes side by side", ""},
		{actHeader, everywhere, []string{"i"}, "hide or show the lines above and below", ""},
		{actDelete, everywhere, []string{"X"}, "delete the event, after a question", ""},
		{actClear, everywhere, []string{"ctrl+x"}, "delete all that fit the filter, after a question", ""},
		{actCommand, everywhere, []string{":"}, "run any command of whk", "command"},
		{actLog, everywhere, []string{"@"}, "what was done, as commands to paste", ""},
		{actRefresh, everywhere, []string{"ctrl+l"}, "draw everything anew", ""},
		{actHelp, everywhere, []string{"?"}, "keys", "keys"},
		{actQuit, everywhere, []string{"q"}, "back; at the top, leave", "quit"},
		{actSuspend, everywhere, []string{"ctrl+z"}, "to the shell; whk stands still until fg", ""},
		{actInterrupt, everywhere, []string{"ctrl+c"}, "leave at once", ""},
	}
}

// Actions are the ids of everything that keys can be bound to, in the order of the help.
func Actions() []string {
	var ids []string
	for _, b := range standard() {
		ids = append(ids, string(b.action))
	}
	return ids
}

// CheckKeys says what is wrong with binding keys to an action.
func CheckKeys(action string, keys []string) error {
	_, err := newKeymap(map[string][]string{action: keys})
	return err
}

// keymap finds the action of a key.
type keymap []binding

// newKeymap binds other keys where that is wanted. A key that is bound anew does in the
// same place what it was given last.
func newKeymap(own map[string][]string) (keymap, error) {
	all := keymap(standard())
	for _, id := range slices.Sorted(maps.Keys(own)) {
		i := slices.IndexFunc(all, func(b binding) bool { return string(b.action) == id })
		if i < 0 {
			return nil, fmt.Errorf("keys: there is no action %q%s", id, nearest(id, all))
		}
		for _, key := range own[id] {
			if key == "ctrl+c" && all[i].action != actInterrupt {
				return nil, fmt.Errorf("keys: %s: ctrl+c leaves whatever is shown, and cannot be bound to anything else", id)
			}
			if !known(key) {
				return nil, fmt.Errorf("keys: %s: %q is no key: expected a sign such as x, or a name such as ctrl+x, enter, esc, tab, space, up, pgdown, home or f1", id, key)
			}
			for j := range all {
				if all[j].in == all[i].in {
					all[j].keys = slices.DeleteFunc(slices.Clone(all[j].keys), func(k string) bool { return k == key })
				}
			}
		}
		all[i].keys = own[id]
	}
	return all, nil
}

func nearest(id string, all keymap) string {
	var ids []string
	for _, b := range all {
		ids = append(ids, string(b.action))
	}
	if close := provider.Nearest(id, ids); len(close) > 0 {
		return ": did you mean " + provider.Either(close) + "?"
	}
	return "; ? lists the actions"
}

// known reports whether a terminal can send a key of this name.
func known(key string) bool {
	for _, modifier := range []string{"ctrl+", "alt+", "shift+"} {
		key = strings.TrimPrefix(key, modifier)
	}
	if len([]rune(key)) == 1 {
		return true
	}
	names := strings.Fields("up down left right enter esc tab space backspace delete insert home end pgup pgdown f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12")
	return slices.Contains(names, key)
}

// find is what a key does in a place, which may be part of a wider one.
func (k keymap) find(key string, places ...place) (action, bool) {
	for _, in := range places {
		for _, b := range k {
			if b.in == in && slices.Contains(b.keys, key) {
				return b.action, true
			}
		}
	}
	return "", false
}

// key is the first key of an action, as it is shown.
func (k keymap) key(a action) string {
	for _, b := range k {
		if b.action == a && len(b.keys) > 0 {
			return b.keys[0]
		}
	}
	return ""
}
