package tui

import (
	"fmt"
	"net/http"
	"time"

	"whk/listener"
	"whk/verify"
)

// bodies as the vendors print them, shortened.
const (
	rentmanBody = `{"account":"youraccountname","user":{"itemType":"Crew","id":33,"ref":"/crew/33"},"eventType":"create","itemType":"Contact","items":[{"id":12014,"ref":"/contacts/12014","parent":null}],"eventDate":"2023-02-02T12:07:01+01:00"}`
	ploomesBody = `{"Action":"Update","Entity":"Contacts","AccountId":57,"ActionUserId":116,"Old":{"OtherProperties":{"contact_check":false},"Phones":[{"PhoneNumber":"(11) 3842-6673","TypeId":1,"CountryId":76}],"Tags":[{"TagId":290}],"Id":2630362,"LegalName":"Ploomes"},"New":{"OtherProperties":{"contact_check":true},"Phones":[{"PhoneNumber":"(11) 4380-7749","TypeId":1,"CountryId":76}],"Tags":[{"TagId":287}],"Id":2630362,"LegalName":"Ploomes Sistemas Empresariais","Email":"contact@example.com"}}`
	ubiqoBody   = `{"latitude":19.4326,"longitude":-99.1332,"date":"2026-02-03T14:03:02"}`
	digest      = "sha512=2d09afd67e6f002d09afd67e6f002d09afd67e6f002d09afd67e6f002d09afd67e6f002d09afd67e6f002d09afd67e6f002d09afd67e6f002d09afd67e6f0012"
)

// someEvent is an event of a provider with a body, received seconds before the clock.
func someEvent(n int64, name, entity, action, body string, verdict verify.Verdict) Entry {
	at := clock().Add(-time.Duration(100-n) * time.Second)
	return Entry{Event: &listener.Event{
		N: n, ID: fmt.Sprintf("01948e2c-7c00-7000-8000-%012d", n), At: at, Remote: "127.0.0.1:53122",
		Delivery: &verify.Delivery{
			Method: "POST", URL: "/" + name, Host: "127.0.0.1:4400",
			Header: http.Header{"Content-Length": {fmt.Sprint(len(body))}, "Content-Type": {"application/json"}, "User-Agent": {name + "/1.0"}},
			Body:   []byte(body),
		},
		Verdict: verdict, Provider: name, Entity: entity, Action: action,
	}}
}

// answered is an attempt that an app answered.
func answered(status int, took time.Duration) verify.Result {
	return verify.Result{
		Target: "http://localhost:3000", At: clock().Add(-time.Minute), Took: took, Outcome: verify.Answered, Status: status,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: fmt.Appendf(nil, `{"ok":%t}`, status < 300),
	}
}

// failed is an attempt without an answer.
func failed(outcome verify.Outcome, why string) verify.Result {
	return verify.Result{Target: "http://localhost:3000", At: clock().Add(-time.Minute), Took: 3 * time.Second, Outcome: outcome, Error: why}
}

var (
	isValid     = verify.Verdict{Status: verify.Valid, Secret: "env RENTMAN_TOKEN", Detail: "HMAC-SHA512 in Digest"}
	isInvalid   = verify.Verdict{Status: verify.Invalid, Reason: verify.WrongValue, Detail: "Digest does not belong to this body and these secrets"}
	isMissing   = verify.Verdict{Status: verify.Missing, Detail: "the header Digest is missing"}
	isUnsigned  = verify.Verdict{Status: verify.Unsigned}
	isUnchecked = verify.Verdict{Status: verify.Unchecked, Reason: verify.NoProvider}
	noSecretSet = verify.Verdict{Status: verify.Unchecked, Reason: verify.NoSecret}
)

// The numbers of the events of someLog that tests ask for by what they are.
const (
	evValid, evDuplicate, evInvalid, evMissing, evPloomes, evUnsigned = 1, 2, 3, 4, 5, 6
	evUnchecked, evNoSecret, evReplayed, evCut, evLong, evLast        = 7, 8, 9, 10, 11, 12
)

// someLog holds an event of every kind.
func someLog() *fakeLog {
	valid := someEvent(evValid, "rentman", "Contact", "create", rentmanBody, isValid)
	valid.Delivery.Header.Set("Digest", digest)
	valid.Delivery.URL = "/rentman?shop=3&name=J%C3%BCrgen"
	valid.Results = []verify.Result{answered(200, 12*time.Millisecond)}

	duplicate := someEvent(evDuplicate, "rentman", "Contact", "create", rentmanBody, isValid)
	duplicate.Delivery.Header.Set("Digest", digest)
	duplicate.SameAs, duplicate.Gap, duplicate.OvertakenBy = 1, time.Second, 1
	duplicate.Results = []verify.Result{answered(200, 9*time.Millisecond)}

	invalid := someEvent(evInvalid, "rentman", "SerialNumber", "update", rentmanBody+"\n", isInvalid)
	invalid.Delivery.Header.Set("Digest", digest)
	invalid.Notes = []string{"the body ends with a newline, which this provider does not send"}
	invalid.Status = 401

	missing := someEvent(evMissing, "rentman", "Project", "delete", rentmanBody, isMissing)
	missing.Results = []verify.Result{answered(302, 5*time.Millisecond)}

	ploomes := someEvent(evPloomes, "ploomes", "Contacts", "Update", ploomesBody, isUnsigned)
	ploomes.Results = []verify.Result{answered(500, 41*time.Millisecond)}

	unsigned := someEvent(evUnsigned, "ubiqo", "gps", "coordinate", ubiqoBody, isUnsigned)
	unsigned.Results = []verify.Result{failed(verify.Refused, "connect to localhost:3000: connection refused")}

	unchecked := someEvent(evUnchecked, listener.UnknownName, "", "", "hello, who is there?", isUnchecked)
	unchecked.Delivery.Header.Set("Content-Type", "text/plain")
	unchecked.Status = 200

	noSecret := someEvent(evNoSecret, "rentman", "Contact", "update", rentmanBody, noSecretSet)
	noSecret.Results = []verify.Result{failed(verify.TimedOut, "no complete answer within 30s")}

	replayed := someEvent(evReplayed, "rentman", "Invoice", "create", rentmanBody, isValid)
	first, second, third, shadow := answered(500, 7*time.Millisecond), answered(500, 8*time.Millisecond), answered(200, 6*time.Millisecond), answered(404, time.Millisecond)
	second.Replay, third.Replay = true, true
	third.Edited, third.Resigned = true, true
	shadow.Shadow, shadow.Target = true, "http://localhost:3001"
	replayed.Results = []verify.Result{first, shadow, second, third}

	cut := someEvent(evCut, "ploomes", "Deals", "Create", `{"Action":"Create","Entity":"Deals","New":{"Id":1,"Tit`, isUnsigned)
	cut.Cut = "the sender closed the connection after 54 of 900 bytes"
	cut.Results = []verify.Result{failed(verify.Interrupted, "whk stopped")}

	long := someEvent(evLong, "ploomes", "ContactsWithAVeryLongNameThatDoesNotFit", "UpdateOfEverything", ploomesBody, isUnsigned)
	long.Results = []verify.Result{answered(200, 12345*time.Millisecond)}

	last := someEvent(evLast, "rentman", "Contact", "create", rentmanBody, isValid)
	last.Delivery.Header.Set("Digest", digest)
	last.Results = []verify.Result{answered(200, 11*time.Millisecond)}

	return &fakeLog{entries: []Entry{valid, duplicate, invalid, missing, ploomes, unsigned, unchecked, noSecret, replayed, cut, long, last}}
}

// manyEvents is a log of so many small events, one a second.
func manyEvents(count int) *fakeLog {
	l := &fakeLog{entries: make([]Entry, 0, count)}
	for n := range int64(count) {
		l.entries = append(l.entries, smallEvent(n+1))
	}
	return l
}

// smallEvent is one of many events.
func smallEvent(n int64) Entry {
	return Entry{
		Event: &listener.Event{
			N: n, ID: fmt.Sprint(n), At: clock().Add(time.Duration(n) * time.Second), Verdict: isValid,
			Delivery: &verify.Delivery{Method: "POST", URL: "/rentman", Body: []byte(rentmanBody), Header: http.Header{"Content-Type": {"application/json"}}},
			Provider: "rentman", Entity: "Contact", Action: "create",
		},
		Results: []verify.Result{{Outcome: verify.Answered, Status: 200, Took: time.Duration(n%50) * time.Millisecond}},
	}
}
