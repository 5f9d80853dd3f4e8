package verify

// Status is the outcome of checking one delivery.
type Status string

// The outcomes. Only Valid says that the sender knows the secret.
const (
	// Valid means that a signature matched; Verdict.Secret names the secret.
	Valid Status = "valid"
	// Invalid means that a signature came and must not be believed.
	Invalid Status = "invalid"
	// Missing means that a signature is due and none came.
	Missing Status = "missing"
	// Unsigned means that the provider documents no authentication, or sends an
	// unkeyed digest, which proves integrity only.
	Unsigned Status = "unsigned"
	// Unchecked means that nothing could be judged; Verdict.Reason says why.
	Unchecked Status = "unchecked"
)

// Reason says why a delivery is invalid or unchecked.
type Reason string

// The reasons of Invalid, then those of Unchecked.
const (
	WrongValue           Reason = "wrong value"
	Malformed            Reason = "malformed header"
	Downgrade            Reason = "downgrade"
	UnsupportedAlgorithm Reason = "unsupported algorithm"
	Stale                Reason = "stale"
	Future               Reason = "in the future"

	NoSecret   Reason = "no secret configured"
	NoProvider Reason = "no provider recognised"
	Incomplete Reason = "incomplete body"
)

// Verdict is what came of checking one delivery. It never holds an expected signature.
type Verdict struct {
	Status Status `json:"status"`
	Reason Reason `json:"reason,omitempty"`
	// Secret is the name of the secret that matched.
	Secret string `json:"secret,omitempty"`
	// Development is set when the secret that matched is the well-known one.
	Development bool `json:"development,omitempty"`
	// Detail says in one line what was seen, for people: which header, which
	// algorithm, how old.
	Detail string `json:"detail,omitempty"`
}

// String gives the verdict and its reason, as in "invalid: downgrade".
func (v Verdict) String() string {
	if v.Reason == "" {
		return string(v.Status)
	}
	return string(v.Status) + ": " + string(v.Reason)
}
