package cmd

import "github.com/spf13/cobra"

// commands lists every verb, in the order of the help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.listenCommand(),
		a.sendCommand(),
		a.testCommand(),
		a.replayCommand(),
		a.verifyCommand(),
		a.signCommand(),
		a.eventsCommand(),
		a.providersCommand(),
		a.demoCommand(),
		a.doctorCommand(),
		a.configCommand(),
		a.trustCommand(),
		a.secretsCommand(),
		a.schemaCommand(),
		a.manCommand(),
		a.versionCommand(),
	}
}
