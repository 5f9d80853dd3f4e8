package verify

// Recipes returns what the scheme was made of, in order, with the defaults of Value and
// Signed in place. Changing them does not change the scheme.
func (s *Scheme) Recipes() []Recipe {
	all := make([]Recipe, len(s.recipes))
	for i, r := range s.recipes {
		all[i] = r.Recipe
	}
	return all
}

// Picks is the index of the recipe that judges a delivery.
func (s *Scheme) Picks(d *Delivery) int { return s.pick(d) }

// Key is what recipe i makes of the text of a secret: without its prefix, and decoded.
// An empty secret is an error, as it is in Bind.
func (s *Scheme) Key(i int, secret Secret) ([]byte, error) { return s.recipes[i].key(secret) }
