package store

// headerNames are the header names that a record spells with one byte: the place in
// this list, from 1. It is part of version 1 of the record. Names may be added at the
// end, up to 127; none may ever move or go.
var headerNames = [...]string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization",
	"Cache-Control", "Cf-Connecting-Ip", "Cf-Ipcountry", "Cf-Ray", "Cf-Visitor",
	"Cdn-Loop", "Connection", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Type", "Cookie", "Date", "Digest", "Expect", "Forwarded", "From", "Host",
	"Idempotency-Key", "Keep-Alive", "Origin", "Pragma", "Referer", "Request-Id", "Te",
	"Traceparent", "Tracestate", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
	"Via", "Webhook-Id", "Webhook-Signature", "Webhook-Timestamp", "X-Amzn-Trace-Id",
	"X-Cn-Operation", "X-Cn-Signature", "X-Correlation-Id", "X-Forwarded-For",
	"X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server",
	"X-Github-Delivery", "X-Github-Event", "X-Hub-Signature", "X-Hub-Signature-256",
	"X-Ploomes-Validation-Key", "X-Real-Ip", "X-Request-Id", "X-Signature",
	"X-Webhook-Signature", "Stripe-Signature", "Server", "Location", "Set-Cookie",
	"Retry-After", "Allow", "Etag", "Last-Modified", "Vary", "X-Powered-By",
	"X-Content-Type-Options", "X-Frame-Options", "Strict-Transport-Security",
	"Content-Security-Policy", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-Dest",
	"X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Gitlab-Event", "X-Gitlab-Token",
	"Signature", "Content-Digest", "Signature-Input", "X-Timestamp", "X-Event-Id",
	"Www-Authenticate", "Content-Disposition", "Expires", "Age",
}

// headerCodes finds the place of a name. It is never changed after it is made.
var headerCodes = func() map[string]byte {
	codes := make(map[string]byte, len(headerNames))
	for i, name := range headerNames {
		codes[name] = byte(i + 1)
	}
	return codes
}()
