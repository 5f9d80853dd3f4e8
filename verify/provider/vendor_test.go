package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"whk/verify"
)

// The payloads of the vendors' pages, compact, in the pages' order of fields.
const (
	rentmanCreate = `{"account":"youraccountname","user":{"itemType":"Crew","id":33,"ref":"/crew/33"},"eventType":"create","itemType":"Contact","items":[{"id":12014,"ref":"/contacts/12014","parent":null}],"eventDate":"2023-02-02T12:07:01+01:00"}`
	rentmanUpdate = `{"account":"youraccountname","user":{"itemType":"Crew","id":33,"ref":"/crew/33"},"eventType":"update","itemType":"SerialNumber","items":[{"id":8367,"ref":"/serialnumbers/8367","parent":{"id":12792,"itemType":"Equipment","ref":"/equipment/12792"}}],"eventDate":"2023-02-02T12:03:25+01:00"}`
	rentmanDelete = `{"account":"youraccountname","user":{"itemType":"Crew","id":33,"ref":"/crew/33"},"eventType":"delete","itemType":"ContactPerson","items":[10,31],"eventDate":"2023-02-02T12:08:00+01:00"}`

	cmmshereCreated = `{
  "created": "2022-07-26T16:01:03.000000Z",
  "object": "event",
  "type": "sol.created",
  "data": {
    "object": {
      "id": "sol_1y9pAe09o",
      "object": "solicitud_trabajo",
      "codigo": "RQ000470",
      "titulo": "Solicitud de trabajo de CMMShere",
      "descripcion": "descripcion de prueba con webhook site",
      "created": "2022-07-26T16:01:03.000000Z"
    },
    "client": {
      "id": "cli_Rp19emy92",
      "object": "cliente",
      "codigo": "C0000004",
      "nombre_comercial": "BANCO NACIONAL S.A.",
      "nombre_legal": "BANCO NACIONAL S.A.",
      "caracteristicas": "BANCA Y FINANZAS",
      "nro_id": "1016253021",
      "direccion": "AV. CMMS No. 1296 ESQUINA COLON ZONA CENTRAL",
      "pais": "USA",
      "ciudad": "Miami",
      "email": null,
      "telefono": null
    },
    "user": {
      "id": "cliusu_A1R9mp292",
      "object": "usuario_cliente",
      "nombre": "admin",
      "ap_paterno": " ",
      "ap_materno": " ",
      "email": "admin@cmmshere.com",
      "username": "admin",
      "descripcion": "admin"
    },
    "asset": {
      "id": null,
      "object": "activo"
    }
  }
}`

	// As on the page, without its comment and its two trailing commas.
	ploomesUpdate = `{
"Action": "Update",
"Entity": "Contacts",
"AccountId": 57,
"ActionUserId": 116,
"Old":
{
"OtherProperties": {
"contact_check": false
},
"Phones": [
{
"PhoneNumber": "(11) 3842-6673",
"TypeId": 1,
"CountryId": 76
}
],
"Tags": [
{
"TagId": 290
}
],
"Id": 2630362,
"LegalName": "Ploomes"
},
"New":
{
"OtherProperties": {
"contact_check": true
},
"Phones": [
{
"PhoneNumber": "(11) 4380-7749",
"TypeId": 1,
"CountryId": 76
}
],
"Tags": [
{
"TagId": 287
}
],
"Id": 2630362,
"LegalName": "Ploomes Sistemas Empresariais"
}
}`
)

func TestDocumentedVariants(t *testing.T) {
	for _, c := range []struct{ provider, event, want string }{
		{"rentman", "Contact.create", rentmanCreate},
		{"rentman", "SerialNumber.update", rentmanUpdate},
		{"rentman", "ContactPerson.delete", rentmanDelete},
		{"cmmshere", "sol.created", cmmshereCreated},
		{"ploomes", "Contacts.Update", ploomesUpdate},
	} {
		t.Run(c.provider+"/"+c.event, func(t *testing.T) {
			p := builtinNamed(t, c.provider)
			if diff := cmp.Diff(compact(t, c.want), string(render(t, p, c.event, "documented").Body)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			s, err := p.Sample(c.event, "documented")
			if err != nil || s.Certainty != Documented {
				t.Errorf("certainty %s (%v), want documented", s.Certainty, err)
			}
		})
	}
	if _, err := builtinNamed(t, "rentman").Sample("Project.create", "documented"); err == nil {
		t.Error("a documented variant of an event that the page does not print")
	}
}

// The digests of the vendor's payloads under the token of its sample.
func TestRentmanVectors(t *testing.T) {
	p := builtinNamed(t, "rentman")
	keyring, err := p.Scheme.Bind("", verify.NewSecret("sample", "some_secret_key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		event, prefix, suffix string
		length                int
	}{
		{"Contact.create", "sha512=93546938d239addee5c96256767a6098", "84a512", 224},
		{"ContactPerson.delete", "sha512=35ce1b47ef481fc45fa7c98f1bde6665", "0e363b", 185},
	} {
		r := render(t, p, c.event, "documented")
		d := r.delivery("rentman")
		if err := keyring.Sign(d, lintTime(), ""); err != nil {
			t.Fatal(err)
		}
		digest := d.Header.Get("Digest")
		if len(r.Body) != c.length || !strings.HasPrefix(digest, c.prefix) || !strings.HasSuffix(digest, c.suffix) {
			t.Errorf("%s: %d bytes, %s; want %d bytes, %s...%s", c.event, len(r.Body), digest, c.length, c.prefix, c.suffix)
		}
	}
}

// The 44 item types of the vendor's page, as it spells them.
const rentmanTypes = "Appointment, AppointmentCrew, Accessory, StockLocation, CrewAvailability, InvoiceLine, Contact, Contract, ProjectCost, SerialNumber, Factuur, File, Folder, ProjectFunction, ProjectFunctionGroup, TimeRegistrationActivity, Ledger, Subrental, SubrentalEquipmentGroup, SubrentalEquipment, Equipment, ProjectEquipmentGroup, Crew, Quotation, ContactPerson, ProjectCrew, ProjectVehicle, ProjectEquipment, Project, ProjectRequest, ProjectRequestEquipment, CrewRate, CrewRateFactor, Reapair, WarehouseScan, WarehouseScanner, EquipmentSetContent, Status, Subproject, TaxClass, ProjectType, TimeRegistartion, Vehicle, StockMovement"

func TestRentmanTypes(t *testing.T) {
	p := builtinNamed(t, "rentman")
	types := strings.Split(rentmanTypes, ", ")
	if len(types) != 44 || len(p.Entities) != 44 || len(p.Events()) != 132 {
		t.Fatalf("%d types, %d entities, %d events, want 44, 44, 132", len(types), len(p.Entities), len(p.Events()))
	}
	for _, entity := range types {
		for _, action := range []string{"create", "update", "delete"} {
			r := render(t, p, entity+"."+action, "")
			if r.Entity != entity || r.Action != action {
				t.Errorf("%s.%s is sent as %s.%s", entity, action, r.Entity, r.Action)
			}
			item, ok := Lookup(r.Body, "items.0.id")
			if ok == (action == "delete") {
				t.Errorf("%s.%s has items of the wrong form: %s", entity, action, r.Body)
			}
			if action == "delete" {
				continue
			}
			ref, _ := Lookup(r.Body, "items.0.ref")
			e, _, _ := p.Entity(entity)
			if ref != e.Path+"/"+item {
				t.Errorf("%s.%s refers to %s, want %s/%s", entity, action, ref, e.Path, item)
			}
			if parent, _ := Lookup(r.Body, "items.0.parent.itemType"); parent != e.Parent {
				t.Errorf("%s.%s has the parent %q, want %q", entity, action, parent, e.Parent)
			}
		}
	}
}

func TestSpellings(t *testing.T) {
	for _, c := range []struct{ provider, typed, want string }{
		{"rentman", "contact.CREATE", "Contact.create"},
		{"rentman", "Reapair.create", "Reapair.create"},
		{"rentman", "reapair.create", "Reapair.create"},
		{"rentman", "Repair.create", "Repair.create"},
		{"rentman", "TimeRegistartion.delete", "TimeRegistartion.delete"},
		{"rentman", "TimeRegistration.delete", "TimeRegistration.delete"},
		{"rentman", "Invoice.update", "Factuur.update"},
		{"rentman", "Factuur.update", "Factuur.update"},
		{"ploomes", "deals.win", "Deals.Win"},
		{"cassaincloud", "receipt.create", "RECEIPT.CREATE"},
		{"ubiqo", "GPS.Coordinate", "gps.coordinate"},
		{"cmmshere", "Sol.Created", "sol.created"},
	} {
		p := builtinNamed(t, c.provider)
		r := render(t, p, c.typed, "")
		if got := Name(r.Entity, r.Action); got != c.want {
			t.Errorf("%s/%s is sent as %s, want %s", c.provider, c.typed, got, c.want)
		}
		if entity, action, _ := p.EventOf(r.delivery(c.provider)); Name(entity, action) != c.want {
			t.Errorf("%s/%s reads as %s.%s, want %s", c.provider, c.typed, entity, action, c.want)
		}
	}
}

// What is documented, seen and guessed is said of each event.
func TestCertainties(t *testing.T) {
	want := map[string]Certainty{
		"cmmshere/sol.created": Documented, "cmmshere/ot.created": Guessed, "cmmshere/act.updated": Guessed,
		"rentman/Contact.create": Documented, "rentman/SerialNumber.update": Documented, "rentman/ContactPerson.delete": Documented,
		"rentman/Project.create": Seen, "rentman/ProjectEquipment.create": Seen, "rentman/Repair.delete": Seen,
		"rentman/WarehouseScan.create": Guessed, "rentman/WarehouseScanner.update": Guessed,
		"ploomes/Contacts.Update": Documented, "ploomes/Contacts.Create": Guessed, "ploomes/Deals.Win": Guessed,
		"ubiqo/gps.coordinate": Guessed, "cassaincloud/RECEIPT.CREATE": Seen, "cassaincloud/BILL.CREATE": Guessed,
	}
	got := map[string]Certainty{}
	for _, p := range builtinSet(t).All() {
		for _, e := range p.Events() {
			if name := p.Name + "/" + e.Name; want[name] != "" {
				got[name] = e.Certainty
			}
			if !e.Known && (len(e.Variants) == 0 || e.Variants[0].Name != DefaultVariant || e.Variants[0].Certainty != e.Certainty) {
				t.Errorf("%s: variants %v do not start with the default one", e.Name, e.Variants)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPloomesNumbers(t *testing.T) {
	p := builtinNamed(t, "ploomes")
	got := map[string]int{}
	for _, e := range p.Entities {
		got[e.Name] = e.ID
	}
	for _, a := range p.Actions {
		got[a.Name] = a.ID
	}
	want := map[string]int{"Contacts": 1, "Deals": 2, "Orders": 4, "Products": 10, "Create": 1, "Update": 2, "Delete": 3, "Win": 4, "Lose": 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCassaInCloudKeepsNumbers(t *testing.T) {
	r := render(t, builtinNamed(t, "cassaincloud"), "RECEIPT.CREATE", "")
	if price, _ := Lookup(r.Body, "document.rows.0.price"); price != "1.10" {
		t.Errorf("price %s, want 1.10", price)
	}
	id, _ := Lookup(r.Body, "document.idSalesPoint")
	if len(id) != 17 || strings.Trim(id, "0123456789") != "" {
		t.Errorf("sales point %s, want a whole number of 17 digits", id)
	}
	if got := r.Header["X-Cn-Operation"]; len(got) != 1 || got[0] != "RECEIPT/CREATE" {
		t.Errorf("x-cn-operation %q, want RECEIPT/CREATE", got)
	}
}

func TestUbiqoByGet(t *testing.T) {
	p := builtinNamed(t, "ubiqo")
	r := render(t, p, "gps.coordinate", "get")
	if r.Method != "GET" || len(r.Body) != 0 || r.Header.Get("Content-Type") != "" || !p.Accepts("GET") || p.Accepts("PUT") {
		t.Errorf("method %s, body %q, headers %v", r.Method, r.Body, r.Header)
	}
	d := r.delivery("ubiqo")
	if at, _ := d.Query("timestamp"); at != "2024-02-29T23:59:58+01:00" {
		t.Errorf("timestamp %q in the query %s", at, r.Query)
	}
	id, _ := d.Query("id")
	if facts, err := p.Facts(d); err != nil || len(facts.IDs) != 1 || facts.IDs[0] != id {
		t.Errorf("facts %v, %v, want the id %s", facts, err, id)
	}
}
