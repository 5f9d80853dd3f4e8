// Package replay makes deliveries and sends them. The forge turns a sample, edits and
// a secret into one Delivery; the Sender turns one Delivery into one Result; the
// exports write what was exchanged as a curl command or a raw HTTP message.
//
// The law of sending:
//
//   - What leaves is the delivery: its method, its headers with every value in order,
//     its exact body bytes, whatever Content-Encoding claims. Only what belongs to one
//     connection is renewed: Host, Content-Length and the hop-by-hop headers. Nothing
//     is added, no User-Agent and no Accept-Encoding.
//   - Whatever happens is a Result with a named outcome, never an error beside it. A
//     redirect is an answer. An answer is read up to a limit, then the connection ends.
//   - A request that reached the target is never sent a second time on its own.
//   - The target comes from the user. Link-local and metadata addresses are refused
//     when the connection is made, after the name has been resolved, so that no name
//     and no spelling of a number leads there. No proxy is taken from the environment.
//   - A value that could smuggle a second header or request is refused before a
//     connection is opened.
//
// A first use:
//
//	var s replay.Sender
//	defer s.Close()
//	result := s.Send(ctx, "http://127.0.0.1:3000/rentman", delivery)
//	fmt.Println(result.Outcome, result.Status, result.Took)
package replay
