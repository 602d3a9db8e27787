// Command tenter holds a network fabric to its intent: see `tenter --help`.
package main

import (
	"os"

	"github.com/tenter-net/tenter/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], cli.Terminal(os.Stdin, os.Stdout, os.Stderr)))
}
