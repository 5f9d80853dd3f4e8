// Command whk receives, verifies, keeps, forges and replays webhooks.
package main

import (
	"os"

	"whk/cmd"
)

func main() { os.Exit(cmd.Main(cmd.System(), os.Args[1:])) }
