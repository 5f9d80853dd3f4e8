package cmd

// maxConns is the cap where the system sets none that matters.
func maxConns() int { return 8192 }
