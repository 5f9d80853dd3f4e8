// Package contract asks of an endpoint what a provider will ask of it: it sends events
// that must be taken, events that must be refused and requests that must be survived,
// and says of each whether it was. A Check is one question, as data: for which schemes it
// makes sense, how bad a failure is, how easily it raises a false alarm, why it matters
// and how to mend it, with one function that makes the exchanges and judges them.
//
// Its laws:
//
//   - The catalogue knows schemes, samples and manners, never a provider's name. What a
//     definition does not have, its checks do not ask for; so a user's own definition is
//     tested like a built-in one.
//   - Nothing is demanded that whk would not do itself: a request that must be refused is
//     one that the provider's own scheme does not find valid, and one that must be taken
//     is one that it does. Each is held against the scheme before it is sent.
//   - An endpoint that takes no valid event cannot be said to refuse bad ones. While the
//     gate is shut, checks that demand refusal are not meaningful, and say so.
//   - Accepted, rejected, crashed, hung, redirected, refused and reset are kept apart. A
//     refusal is a 4xx, never a 5xx and never a 2xx.
//   - What cannot be seen from outside is not claimed: without a Probe nobody knows
//     whether an event had its effect once or twice.
//   - At most InFlight requests are under way, but for the checks that are about many at
//     once. A check that reads a probe has the endpoint for itself.
//   - Real events are sent. Their ids come from a range that can be told from others;
//     see Reserved.
//   - Secrets never stand in a result. Signatures that were sent do.
//
// A suite of a user's own is a list of Checks, too: a case is a Check whose Run sends
// what the case says. Reports are made of a Report and need nothing else.
package contract
