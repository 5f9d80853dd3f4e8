// Package replay makes deliveries and sends them. The forge turns a sample, edits and
// a secret into one Delivery; the Sender turns one Delivery into one Result; the
// exports write what was exchanged, an Exchange, into files, and the imports read it.
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
// The law of exports and imports:
//
//   - Both take one exchange at a time; no number of them makes memory grow.
//   - Bytes in are bytes out, in every format that has a place for them. Formats says
//     which has one for what.
//   - With a Redactor no known secret leaves, and what is not what was received any more
//     says so (Exchange.Altered).
//   - A file is hostile. Everything in it is bounded, nothing in it names a path or is
//     sent anywhere, and what it says about itself, its verdicts too, is only a claim.
//
// A bundle is whk's own format for other machines. It is a line, frames, and a line:
//
//	whk-bundle 1
//	event HEAD PAYLOAD SHA256        one for each exchange, followed by
//	{...}                            HEAD bytes of JSON: the event as in JSON lines, without bodies,
//	                                 and "sizes", a list of the lengths of the bodies
//	...                              PAYLOAD bytes: the body of the request and of each answer, as
//	                                 they are, and a line feed
//	end COUNT SHA256
//
// The SHA-256 of a frame, in small hexadecimal digits, is of its HEAD and PAYLOAD bytes;
// that of the end is of the digits of all frames together. So damage costs the frame it
// is in, and a bundle that was cut off or of which frames were taken out is noticed. A
// reader passes over keys that it does not know; a change that it must not pass over
// takes a new number in the first line.
//
// A first use:
//
//	var s replay.Sender
//	defer s.Close()
//	result := s.Send(ctx, "http://127.0.0.1:3000/rentman", delivery)
//	fmt.Println(result.Outcome, result.Status, result.Took)
package replay
