//go:build unix

package replay

import (
	"crypto/tls"
	"errors"
	"syscall"
	"time"
)

// alive looks, without waiting, whether the target has closed a connection that was
// kept, or sent something that nobody asked for.
func (w *wire) alive() bool {
	raw, ok := w.plain.(syscall.Conn)
	if !ok {
		return true // a connection made by Sender.Dial, of which nothing is known
	}
	control, err := raw.SyscallConn()
	if err != nil || w.plain.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	alive := false
	err = control.Read(func(fd uintptr) bool {
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		_, secured := w.Conn.(*tls.Conn) // may have tickets for later handshakes waiting
		alive = errors.Is(err, syscall.EAGAIN) || err == nil && n > 0 && secured
		return true
	})
	return err == nil && alive
}
