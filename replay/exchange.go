package replay

import (
	"time"

	"whk/verify"
)

// Exchange is one delivery with all that came of it: what exports write. The results
// are in the order in which they were made.
type Exchange struct {
	// At is when the delivery was received, or made.
	At       time.Time
	Delivery *verify.Delivery
	Verdict  verify.Verdict
	Results  []verify.Result
}

// Last returns the newest result, and false when the delivery was never sent on.
func (x *Exchange) Last() (verify.Result, bool) {
	if len(x.Results) == 0 {
		return verify.Result{}, false
	}
	return x.Results[len(x.Results)-1], true
}
