package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

func delivery(body string, headers ...string) *verify.Delivery {
	d := &verify.Delivery{Method: "POST", URL: "/hook", Host: "localhost", Header: http.Header{}, Body: []byte(body)}
	for i := 0; i < len(headers); i += 2 {
		d.Header.Add(headers[i], headers[i+1])
	}
	return d
}

func TestEventOf(t *testing.T) {
	long := strings.Repeat("x", 128)
	for _, c := range []struct {
		name, provider string
		d              *verify.Delivery
		want, note     string
	}{
		{"two fields of the body", "rentman", delivery(rentmanCreate), "Contact.create", ""},
		{"a type that nobody has listed", "rentman", delivery(`{"itemType":"Spaceship","eventType":"launch","items":[]}`), "Spaceship.launch", ""},
		{"one field, split at the last dot", "cmmshere", delivery(`{"type":"a.b.created"}`), "a.b.created", ""},
		{"a header", "cassaincloud", delivery("not JSON", "x-cn-operation", "RECEIPT/DELETE"), "RECEIPT.DELETE", ""},
		{"a constant", "ubiqo", delivery(""), "gps.coordinate", ""},
		{"an entity alone", "rentman", delivery(`{"itemType":"Contact","eventType":null}`), "Contact", ""},
		{"an action alone", "rentman", delivery(`{"eventType":"create"}`), "", "does not name its event: no {body.itemType}"},
		{"no header", "cassaincloud", delivery("{}"), "", "no {header.x-cn-operation}"},
		{"an empty header", "cassaincloud", delivery("{}", "x-cn-operation", ""), "", "no {header.x-cn-operation}"},
		{"two slashes", "cassaincloud", delivery("{}", "x-cn-operation", "A/B/C"), "", "holds a sign other than"},
		{"an empty body", "rentman", delivery(""), "", "the body is empty, so the event has no name"},
		{"a body that is cut", "ploomes", delivery(`{"Entity":"Deals","Action":"Win"`), "", "the body is not valid JSON"},
		{"an array", "rentman", delivery(`[{"itemType":"Contact"}]`), "", "does not name its event"},
		{"an escape sequence", "rentman", delivery(`{"itemType":"\u001b[2J","eventType":"create"}`), "", "holds a sign other than"},
		{"a slash", "rentman", delivery(`{"itemType":"a/b","eventType":"create"}`), "", "holds a sign other than"},
		{"another script", "rentman", delivery(`{"itemType":"Contаct","eventType":"create"}`), "", "holds a sign other than"},
		{"128 bytes", "rentman", delivery(`{"itemType":"` + long[:121] + `","eventType":"create"}`), long[:121] + ".create", ""},
		{"129 bytes", "rentman", delivery(`{"itemType":"` + long[:122] + `","eventType":"create"}`), "", "longer than 128 bytes"},
		{"a name that is an object", "rentman", delivery(`{"itemType":{"a":1},"eventType":"create"}`), "", "holds a sign other than"},
		{"beyond the members that are indexed", "rentman", delivery(`{` + strings.Repeat(`"a":1,`, 40) + `"itemType":"Crew","eventType":"update"}`), "Crew.update", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			entity, action, note := builtinNamed(t, c.provider).EventOf(c.d)
			if got := Name(entity, action); got != c.want || !strings.Contains(note, c.note) || (note == "") != (c.note == "") {
				t.Errorf("event %q with the note %q, want %q with %q", got, note, c.want, c.note)
			}
		})
	}
}

func TestFacts(t *testing.T) {
	zone := time.FixedZone("", 3600)
	for _, c := range []struct {
		name, provider, body string
		want                 Facts
	}{
		{"a creation", "rentman", rentmanCreate, Facts{
			Entity: "Contact", Action: "create", IDs: []string{"12014"}, Account: "youraccountname", Actor: "33",
			Time: time.Date(2023, 2, 2, 12, 7, 1, 0, zone), Refs: []string{"/contacts/12014", "/crew/33"},
		}},
		{"an item with a parent", "rentman", rentmanUpdate, Facts{
			Entity: "SerialNumber", Action: "update", IDs: []string{"8367"}, Account: "youraccountname", Actor: "33",
			Time: time.Date(2023, 2, 2, 12, 3, 25, 0, zone), Refs: []string{"/serialnumbers/8367", "/equipment/12792", "/crew/33"},
		}},
		{"a deletion of bare numbers", "rentman", rentmanDelete, Facts{
			Entity: "ContactPerson", Action: "delete", IDs: []string{"10", "31"}, Account: "youraccountname", Actor: "33",
			Time: time.Date(2023, 2, 2, 12, 8, 0, 0, zone), Refs: []string{"/crew/33"},
		}},
		{"a change with old and new", "ploomes", `{"Action":"Update","Entity":"Contacts","AccountId":57,"ActionUserId":116,"Old":{"Id":1},"New":{"Id":12345678901234567, "Amount":1.10}}`, Facts{
			Entity: "Contacts", Action: "Update", IDs: []string{"12345678901234567"}, Account: "57", Actor: "116",
			Old: json.RawMessage(`{"Id":1}`), New: json.RawMessage(`{"Id":12345678901234567, "Amount":1.10}`),
		}},
		{"a deletion without new", "ploomes", `{"Action":"Delete","Entity":"Deals","AccountId":57,"Old":{"Id":1},"New":null}`, Facts{
			Entity: "Deals", Action: "Delete", IDs: []string{"1"}, Account: "57", Old: json.RawMessage(`{"Id":1}`),
		}},
		{"a time in millionths", "cmmshere", cmmshereCreated, Facts{
			Entity: "sol", Action: "created", IDs: []string{"sol_1y9pAe09o"}, Actor: "cliusu_A1R9mp292",
			Time: time.Date(2022, 7, 26, 16, 1, 3, 0, time.UTC),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := builtinNamed(t, c.provider).Facts(delivery(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("a time that cannot be read leaves the rest", func(t *testing.T) {
		got, err := builtinNamed(t, "rentman").Facts(delivery(strings.Replace(rentmanDelete, "2023-02-02T12:08:00+01:00", "yesterday", 1)))
		if err == nil || !strings.Contains(err.Error(), `time "yesterday"`) || got.Account != "youraccountname" || !got.Time.IsZero() {
			t.Errorf("facts %+v, %v", got, err)
		}
	})
	t.Run("a body that is cut is an error, and the header still counts", func(t *testing.T) {
		got, err := builtinNamed(t, "cassaincloud").Facts(delivery(`{"id":`, "x-cn-operation", "RECEIPT/CREATE"))
		if err == nil || got.Entity != "RECEIPT" || got.IDs != nil {
			t.Errorf("facts %+v, %v", got, err)
		}
	})
}

func TestTimeFormats(t *testing.T) {
	for _, c := range []struct {
		format, text string
		want         time.Time
	}{
		{"unix", "1700000000", time.Unix(1700000000, 0)},
		{"unix_ms", "1700000000123", time.UnixMilli(1700000000123)},
		{"rfc3339", "2023-11-14T22:13:20.5Z", time.Unix(1700000000, 500_000_000)},
	} {
		if got, err := parseTime(c.format, c.text); err != nil || !got.Equal(c.want) {
			t.Errorf("%s %s: %v, %v", c.format, c.text, got, err)
		}
		if _, err := parseTime(c.format, "soon"); err == nil {
			t.Errorf("%s accepts soon", c.format)
		}
	}
}

func TestDetect(t *testing.T) {
	set := builtinSet(t)
	for _, c := range []struct {
		name string
		d    *verify.Delivery
		want string
	}{
		{"rentman", delivery(rentmanDelete), "rentman"},
		{"ploomes", delivery(compact(t, ploomesUpdate)), "ploomes"},
		{"cmmshere", delivery(cmmshereCreated), "cmmshere"},
		{"cassaincloud by its header, whatever the body", delivery("", "x-cn-operation", "TAX/EDIT"), "cassaincloud"},
		{"an event of Stripe", delivery(cmmshereCreated, "Stripe-Signature", "t=1,v1=00"), "stripe"},
		{"no items", delivery(`{"eventType":"delete","itemType":"Crew","items":[]}`), ""},
		{"a cut body", delivery(rentmanDelete[:100]), ""},
		{"nothing", delivery(""), ""},
		{"a coordinate, which only its path tells", delivery(`{"id":1,"lat":1,"lon":1}`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, rivals := set.Detect(c.d)
			got := ""
			if p != nil {
				got = p.Name
			}
			if got != c.want || rivals != nil {
				t.Errorf("detected %q with the rivals %q, want %q", got, rivals, c.want)
			}
		})
	}
	t.Run("two that match are none", func(t *testing.T) {
		set := builtinSet(t)
		twin := strings.Replace(sound, `["{body.kind}"]`, `["{body.itemType}"]`, 1)
		if err := set.Add(fstest.MapFS{"p.yaml": {Data: []byte(twin)}}, "p.yaml", "p.yaml"); err != nil {
			t.Fatal(err)
		}
		p, rivals := set.Detect(delivery(rentmanDelete))
		if diff := cmp.Diff([]string{"acme", "rentman"}, rivals); p != nil || diff != "" {
			t.Errorf("detected %v (-want +got)\n%s", p, diff)
		}
	})
}
