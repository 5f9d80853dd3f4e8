package cmd

import (
	"fmt"

	"whk/verify/display"
)

// leftUndone says on standard error what an interrupted run did and did not send. Total is
// 0 when only time would have ended it.
func (a *app) leftUndone(sent, unsendable, total int) {
	left := total - sent - unsendable
	switch {
	case total == 0:
		a.notice("interrupted: %s sent", display.Thousands(int64(sent)))
	case total > 1 || left > 0:
		could := ""
		if unsendable > 0 {
			could = fmt.Sprintf("%s could not be, ", display.Thousands(int64(unsendable)))
		}
		a.notice("interrupted: %s of %s sent, %s%s left", display.Thousands(int64(sent)), display.Thousands(int64(total)), could, display.Thousands(int64(left)))
	}
}
