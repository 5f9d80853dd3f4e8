package verify

import (
	"strings"
	"testing"
)

// spelling writes a dictionary back.
func spelling(members []fieldMember) string {
	var parts []string
	for _, m := range members {
		switch {
		case m.listed:
			parts = append(parts, m.key+"="+string(appendList(nil, m.items, m.params)))
		case m.items[0].value == true:
			parts = append(parts, m.key+string(appendParams(nil, m.items[0].params)))
		default:
			parts = append(parts, m.key+"="+m.items[0].String())
		}
	}
	return strings.Join(parts, ", ")
}

func TestParseDictionary(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a signature's input", `sig1=("@method"  "@query-param";name="a b" );created=1618884473;keyid="k\"\\"`, `sig1=("@method" "@query-param";name="a b");created=1618884473;keyid="k\"\\"`},
		{"a signature", "sig1=:AAEC:", "sig1=:AAEC:"},
		{"several members and blanks", "a=1 ,\tb, c;x=?0;y, d=tok/en", "a=1, b, c;x=?0;y, d=tok/en"},
		{"nothing", "", ""},
		{"a blank behind a semicolon", "a=1; b=2", "a=1;b=2"},
		{"a key twice", "a=1, a=2", "error"},
		{"a parameter twice", "a=1;b=1;b=2", "error"},
		{"a comma at the end", "a=1,", "error"},
		{"an upper-case key", "A=1", "error"},
		{"a list without its end", "a=(1 2", "error"},
		{"items without a blank", `a=("x""y")`, "error"},
		{"loose bits in base64", "a=:AAF=:", "error"},
		{"base64 without padding", "a=:AAE:", "error"},
		{"a decimal", "a=1.5", "error"},
		{"a number of 16 digits", "a=1234567890123456", "error"},
		{"a leading zero", "a=007", "error"},
		{"a sign alone", "a=-", "error"},
		{"a line break in a text", "a=\"x\ny\"", "error"},
		{"an escape of nothing", `a="\x"`, "error"},
		{"a text without its end", `a="x`, "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			members, err := parseDictionary([]string{tt.text})
			got := spelling(members)
			if err != nil {
				got = "error"
			}
			if got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

// What is read can be written and read again, and is then the same.
func FuzzParseDictionary(f *testing.F) {
	f.Add(`sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"`)
	f.Add("a=?1;b, c=:AAEC:;d=-7, e=()")
	f.Add("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:")
	f.Fuzz(func(t *testing.T, text string) {
		members, err := parseDictionary([]string{text})
		if err != nil {
			return
		}
		once := spelling(members)
		again, err := parseDictionary([]string{once})
		if err != nil || spelling(again) != once {
			t.Errorf("%q is written %q and read back as %q (%v)", text, once, spelling(again), err)
		}
	})
}
