// Package listener receives webhooks.
//
// Its laws: a request becomes an Event whatever it holds; its signature is judged
// before anything reads the body; nothing is answered with a 2xx status before the
// event is in the log; and the socket waits for the log and, where asked, for the
// forward target, but never for whoever is watching. A watcher that falls behind reads
// from the log what it missed.
//
//	l := listener.New(listener.Options{Log: log, Recognise: recogniser.Recognise})
//	err := l.Serve(ctx, socket)
package listener
