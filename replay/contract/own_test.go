package contract_test

import (
	"io/fs"
	"testing/fstest"
)

// ownDefinition is a provider that a user has written.
func ownDefinition() fs.FS {
	return fstest.MapFS{
		"shop/provider.yaml": {Data: []byte(`version: 1
name: shop
title: Shop
certainty: documented
detect: {present: ["{header.X-Shop-Time}"]}
verify:
  - kind: hmac
    algorithm: sha256
    encoding: hex
    header: X-Shop-Signature
    value: "sha256={sig}"
    signed: "{ts}.{body}"
    timestamp: {header: X-Shop-Time, tolerance: 5m}
event: {name: "{body.type}", ids: "{body.id}"}
headers: {Content-Type: application/json}
actions: [{name: paid}, {name: shipped}]
entities: {order: {}}
`)},
		"shop/samples/order.json": {Data: []byte(`{"events": ["order.*"], "body": {"type": "{{entity}}.{{action}}", "id": "{{id:int}}", "note": "thanks", "lines": [{"sku": "a", "n": 1}]}}`)},
	}
}
