package cmd

import "github.com/spf13/pflag"

// flagSet is what the groups of flags that several commands share are added to.
type flagSet = *pflag.FlagSet
