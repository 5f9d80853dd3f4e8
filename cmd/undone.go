package cmd

import "fmt"

// leftUndone says on standard error what an interrupted run did and did not send. Total is
// 0 when only time would have ended it.
func (a *app) leftUndone(sent, unsendable, total int) {
	left := total - sent - unsendable
	switch {
	case total == 0:
		a.notice("interrupted: %s sent", thousands(int64(sent)))
	case total > 1 || left > 0:
		could := ""
		if unsendable > 0 {
			could = fmt.Sprintf("%s could not be, ", thousands(int64(unsendable)))
		}
		a.notice("interrupted: %s of %s sent, %s%s left", thousands(int64(sent)), thousands(int64(total)), could, thousands(int64(left)))
	}
}
