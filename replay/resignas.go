package replay

// As is the same, signed in another way of signing: what was received is then a forgery
// that a receiver has to refuse. SignMissing takes the signature off.
func (r *Resigner) As(mode SignMode) (*Resigner, error) {
	signer, err := newSigner(r.o.Provider, r.o.Secrets, mode)
	if err != nil {
		return nil, err
	}
	with := *r
	with.o.Signature, with.signer = SignatureNew, signer
	return &with, nil
}
